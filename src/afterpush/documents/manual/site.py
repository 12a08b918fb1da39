"""From documents to a site that is replaced whole or not at all."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from afterpush.documents.manual.documents import DocumentProblem, Tree
from afterpush.documents.manual.layout import SiteLayout
from afterpush.documents.manual.sphinx import build_site
from afterpush.documents.manual.staging import HEADING_LINES, stage
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import temporary_folder

# Sphinx writes it into every site: what lacks it is not ours to replace.
SITE_MARK = ".buildinfo"
_FETCHED = re.compile(
    r"""<(?:script|img|source|iframe|video|audio|embed)\b[^>]*?\s(?:src|srcset)\s*=\s*["'](?P<src>(?:https?:)?//[^"']+)"""
    r"""|<link\b(?=[^>]*rel=["'](?:stylesheet|preload|icon|preconnect)[^>]*)[^>]*?\shref=["'](?P<href>(?:https?:)?//[^"']+)""",
    re.IGNORECASE,
)
_FETCHED_BY_CSS = re.compile(r"""(?:@import\s+|url\()\s*["']?(?P<src>(?:https?:)?//[^"')\s]+)""")


@dataclass(frozen=True)
class External:
    """Something that a page of the site would fetch from the network."""

    file: Annotated[str, "a page of the site"]
    url: Annotated[str, "what it would fetch from the network"]


def build(
    tree: Tree, layout: SiteLayout, output: Path
) -> tuple[tuple[DocumentProblem, ...], tuple[External, ...]]:
    """Builds the site, and replaces `output` by it when nothing was wrong.

    Returns what Sphinx warned of (then the old site stays), and what pages fetch from elsewhere.

    Raises AfterpushError when `output` holds something that is no site.
    """
    require_replaceable(output)
    with temporary_folder() as folder:
        sources, fresh = folder / "sources", folder / "site"
        sources.mkdir()
        titled = stage(tree, layout, sources)
        pages = {page: document for document, page in layout.pages.items()}
        warnings = [_as_written(one, titled) for one in build_site(sources, fresh, tree, layout.title, pages)]
        external = tuple(fetched_from_elsewhere(fresh))
        if not warnings:
            _replace(output, fresh)
    return tuple(warnings), external


def _as_written(problem: DocumentProblem, titled: set[str]) -> DocumentProblem:
    """The problem on the line that its author knows."""
    moved = HEADING_LINES if problem.file in titled else 0
    return replace(problem, line=max(problem.line - moved, 1)) if problem.file else problem


def require_replaceable(output: Path) -> None:
    """Raises AfterpushError unless `output` is absent, empty, or a site that Sphinx made."""
    if output.exists() and not output.is_dir():
        raise AfterpushError(f"docs.output: {output} is a file; name a folder for the site")
    if output.is_dir() and any(output.iterdir()) and not (output / SITE_MARK).is_file():
        raise AfterpushError(
            f"docs.output: {output} is no site of docs.build; name another folder, or empty it"
        )


def _replace(output: Path, fresh: Path) -> None:
    """Readers see the old site or the new one; the copy is made next to it, then two renames swap them."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(output.parent) as beside:
            # `git add --all` is what prompts tell agents to type: a site is no part of a commit.
            (beside / ".gitignore").write_text("*\n", encoding="utf-8")
            shutil.copytree(fresh, beside / "new")
            (beside / "new" / ".gitignore").write_text("*\n", encoding="utf-8")
            if output.exists():
                output.rename(beside / "old")
            (beside / "new").rename(output)
    except OSError as error:
        raise AfterpushError(
            f"writing the site {output}: {error.strerror}; the old one is in place"
        ) from error


def fetched_from_elsewhere(site: Path) -> Iterator[External]:
    """What the pages and style sheets of a site would load from the network."""
    for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        pattern = _FETCHED if path.suffix == ".html" else _FETCHED_BY_CSS
        for found in pattern.finditer(path.read_text(encoding="utf-8", errors="replace")):
            yield External(path.relative_to(site).as_posix(), next(filter(None, found.groups())))
