"""The tree that Sphinx reads: the pages under their names, links led to them, linked files beside them."""

import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from afterpush.manual.checking import target_of
from afterpush.manual.documents import Tree
from afterpush.manual.layout import HOME, Layout
from afterpush.manual.links import headings_in, is_elsewhere, tokens_of

LINKED = "_linked"
_LINK = re.compile(
    r"(?P<text>!?\[(?:[^\[\]]|\[[^\[\]]*\])*\])\((?P<open><?)(?P<target>[^()\s<>]+)(?P<rest>>?[^()]*)\)"
)
_DEFINITION = re.compile(r"^(?P<open> {0,3}\[[^\]]+\]:\s*<?)(?P<target>[^\s<>]+)")
_HTML = re.compile(r"""(?P<open>\b(?P<kind>href|src)\s*=\s*["'])(?P<target>[^"']+)""")


HEADING_LINES = 2


def stage(tree: Tree, layout: Layout, folder: Path) -> set[str]:
    """Writes the sources of the site to the empty `folder`.

    Returns the documents that had no heading and got one: they begin HEADING_LINES lines further down.
    """
    titled = {document for document in layout.pages if _lacks_heading(tree.documents[document])}
    for document, page in layout.pages.items():
        rewriter = _Rewriter(tree, layout, document)
        text = rewriter.rewritten(tree.documents[document])
        if document in titled:
            text = f"# {posixpath.basename(page)}\n\n{text}"
        if page == HOME:
            text += _navigation(layout)
        _write(folder / f"{page}.md", text)
        for path in rewriter.linked:
            _copy(tree.root / path, folder / LINKED / _stored_name(path))
    if layout.home is None:
        _write(folder / f"{HOME}.md", f"# {layout.title}\n" + _navigation(layout))
    return titled


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _stored_name(path: str) -> str:
    """A linked document that is no page must not be taken for one."""
    return f"{path}.txt" if path.lower().endswith(".md") else path


def _lacks_heading(text: str) -> bool:
    return not headings_in(text) and not text.startswith("---\n")


def _navigation(layout: Layout) -> str:
    parts = []
    for chapter in layout.chapters:
        pages = "\n".join(f"/{layout.pages[document]}" for document in chapter.documents)
        parts.append(f"\n\n```{{toctree}}\n:hidden:\n:caption: {chapter.caption}\n\n{pages}\n```\n")
    return "".join(parts)


class _Rewriter:
    """Leads the links of one document to their targets in the site; `linked` are files to copy."""

    def __init__(self, tree: Tree, layout: Layout, document: str) -> None:
        self.tree, self.layout, self.document = tree, layout, document
        self.here = posixpath.dirname(layout.pages[document])
        self.linked: set[str] = set()

    def rewritten(self, text: str) -> str:
        code = set(_code_lines(text))
        lines = text.split("\n")
        return "\n".join(line if number in code else self._line(line) for number, line in enumerate(lines))

    def _line(self, line: str) -> str:
        line = _LINK.sub(self._link, line)
        line = _DEFINITION.sub(lambda found: found["open"] + (self._led(found["target"]) or "#"), line)
        return _HTML.sub(self._html, line)

    def _link(self, found: re.Match[str]) -> str:
        target = self._led(found["target"])
        if target is None:
            return found["text"][1:-1]
        # The text may hold an image: `[![Badge](badge.svg)](target)`.
        text = found["text"]
        if not text.startswith("!"):
            text = f"[{_LINK.sub(self._link, text[1:-1])}]"
        return f"{text}({found['open']}{target}{found['rest']})"

    def _html(self, found: re.Match[str]) -> str:
        target = self._led(found["target"], as_output=True)
        return found["open"] + (target or "#")

    def _led(self, target: str, *, as_output: bool = False) -> str | None:
        """The target as the site has it; None for a folder, which a site has no page for."""
        if is_elsewhere(target) or target.startswith("#"):
            return target
        path, _, anchor = unquote(target).partition("#")
        meant = target_of(self.document, path.partition("?")[0])
        page = self._page_of(meant)
        if page is not None:
            return self._relative(page + (".html" if as_output else ".md"), anchor)
        if meant in self.tree.files:
            self.linked.add(meant)
            return self._relative(f"{LINKED}/{_stored_name(meant)}")
        return None if meant in self.tree.folders else target

    def _page_of(self, path: str) -> str | None:
        for name in (path, posixpath.join(path, "index.md"), posixpath.join(path, "README.md")):
            if name in self.layout.pages:
                return self.layout.pages[name]
        return None

    def _relative(self, path: str, anchor: str = "") -> str:
        return quote(posixpath.relpath(path, self.here or ".")) + (f"#{quote(anchor)}" if anchor else "")


def _code_lines(text: str) -> Iterator[int]:
    for token in tokens_of(text):
        if token.type in ("fence", "code_block") and token.map:
            yield from range(*token.map)
