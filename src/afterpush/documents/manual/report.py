"""What docs.build and docs.check say: as a document for programs, as text for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.documents.manual.documents import DocumentProblem
from afterpush.documents.manual.site import External


@dataclass(frozen=True)
class DocumentsReport:
    """The answer of docs.check: how many documents were read, and what is wrong in them.

    `broken` are links that lead nowhere and commands that do not exist; `unknown` are those commands alone.
    """

    pages: Annotated[int, "documents that were read"]
    stale: Annotated[Sequence[str], "reference pages that do not say what the code says"] = ()
    broken: Annotated[
        Sequence[DocumentProblem], "what is to be corrected: links, commands, instructions"
    ] = ()
    unknown: Annotated[Sequence[DocumentProblem], "commands of ours that do not exist, alone"] = ()

    @property
    def is_good(self) -> bool:
        return not (self.stale or self.broken)

    def text(self) -> str:
        lines = [f"{path}: stale: it is not what the code says; run docs.build" for path in self.stale]
        lines += _located(self.broken)
        return "\n".join([*lines, _count(self.pages, len(lines))])


@dataclass(frozen=True)
class BuildAnswer:
    """The answer of docs.build: the pages, the reference rewritten, what stopped the build."""

    pages: Annotated[int, "pages of the site"]
    site: Annotated[str, "the folder of the site"]
    stale: Annotated[Sequence[str], "reference pages that were written, or would be"]
    broken: Annotated[Sequence[DocumentProblem], "links that lead nowhere"]
    warnings: Annotated[Sequence[DocumentProblem], "what Sphinx warned of"] = ()
    external: Sequence[External] = ()
    built: Annotated[bool, "whether the site was built"] = False
    dry_run: bool = False

    @property
    def is_good(self) -> bool:
        return not self.broken and not self.warnings

    def text(self) -> str:
        verb = "would be written" if self.dry_run else "written"
        lines = [f"{path}: {verb}" for path in self.stale]
        lines += _located([*self.broken, *self.warnings])
        lines += [f"{one.file}: fetches {one.url} when it is read" for one in self.external]
        return "\n".join([*lines, self._outcome()])

    def _outcome(self) -> str:
        if not self.is_good:
            return "not built: correct the lines above; an earlier site stays as it was"
        pages = "1 page" if self.pages == 1 else f"{self.pages} pages"
        if self.dry_run:
            return f"{pages} would be built into {self.site}"
        return f"{pages} in {self.site}: open {self.site}/index.html"


def _located(problems: Sequence[DocumentProblem]) -> list[str]:
    return [f"{one.file}:{one.line}: {one.message}" if one.file else one.message for one in problems]


def _count(pages: int, problems: int) -> str:
    documents = "1 document" if pages == 1 else f"{pages} documents"
    if not problems:
        return f"{documents} read, nothing to correct"
    return f"{documents} read, {problems} to correct"
