"""The tree that Sphinx reads: the pages under their names, links led to them, linked files next to them."""

import posixpath
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import quote, unquote

from afterpush.documents.manual.broken_links import target_of
from afterpush.documents.manual.documents import Tree
from afterpush.documents.manual.layout import HOME, SiteLayout
from afterpush.documents.manual.links_in_text import headings_in, is_elsewhere
from afterpush.infra.safe_paths import Gate
from afterpush.infra.time_limit import reading
from afterpush.text.markdown import parted, tokens_of

LINKED = "_linked"
_TITLE = r"""\s+(?:"[^"]*"|'[^']*'|\([^()]*\))"""
# A code span is matched to be left alone. A link's text may go on in the next line and hold an image.
_LINK = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t>]*\n).)+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<text>!?\[(?:[^\[\]\n]|\n(?![ \t>]*\n)|\[[^\[\]]*\](?:\([^()]*\))?)*\])"
    rf"\((?P<target><[^<>\n]*>|(?:[^()\s<>]|\([^()\s]*\))+)(?P<rest>(?:{_TITLE})?\s*)\)"
    r"""|(?P<kind>\b(?:href|src)\s*=\s*["'])(?P<html>[^"'\n]+)"""
    r"|(?P<label>^[ ]{0,3}\[(?!\^)[^\]\n]+\]:\s*)(?P<defined><[^<>\n]*>|[^\s<>]+)",
    re.DOTALL | re.MULTILINE,
)

HEADING_LINES = 2
_TITLE_OF_PAGE = re.compile(r"^title:[ \t]*[\"']?([^\"'\n]+)", re.MULTILINE)


def stage(tree: Tree, layout: SiteLayout, folder: Path) -> set[str]:
    """Writes the sources of the site to the empty `folder`.

    Returns the documents that had no heading and got one: they begin HEADING_LINES lines further down.
    """
    gate = Gate(tree.root)
    titled = {document for document in layout.pages if not headings_in(tree.documents[document])}
    for document, page in layout.pages.items():
        rewriter = _Rewriter(tree, layout, document)
        front, text = parted(tree.documents[document])
        with reading(document, len(text)):
            text = rewriter.rewritten(text)
        if document in titled:
            title = _TITLE_OF_PAGE.search(front)
            text = f"# {title[1] if title else posixpath.basename(page)}\n\n{text}"
        if page == HOME:
            text += _navigation(layout)
        _write(folder / f"{page}.md", text)
        for path in rewriter.linked:
            _write_bytes(folder / LINKED / _stored_name(path), gate.read(path))
    if layout.home is None:
        _write(folder / f"{HOME}.md", f"# {layout.title}\n" + _navigation(layout))
    return titled


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _stored_name(path: str) -> str:
    """A linked document that is no page must not be taken for one."""
    return f"{path}.txt" if path.lower().endswith(".md") else path


def _navigation(layout: SiteLayout) -> str:
    parts = []
    for caption, documents in layout.chapters.items():
        pages = "\n".join(f"/{layout.pages[document]}" for document in documents)
        parts.append(f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n")
    return "".join(parts)


class _Rewriter:
    """Leads the links of one document to their targets in the site; `linked` are files to copy."""

    def __init__(self, tree: Tree, layout: SiteLayout, document: str) -> None:
        self.tree, self.layout, self.document = tree, layout, document
        self.here = posixpath.dirname(layout.pages[document])
        self.linked: set[str] = set()

    def rewritten(self, text: str) -> str:
        code = set(_code_lines(text))
        pieces = groupby(enumerate(text.split("\n")), lambda numbered: numbered[0] in code)
        runs = ((is_code, "\n".join(line for _, line in lines)) for is_code, lines in pieces)
        return "\n".join(run if is_code else self._without_code(run) for is_code, run in runs)

    def _without_code(self, text: str) -> str:
        return _LINK.sub(self._link, text)

    def _link(self, found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        if found["kind"]:
            return found["kind"] + (self._led(found["html"], as_output=True) or "#")
        if found["label"]:
            return found["label"] + (self._led(found["defined"].strip("<>")) or "#")
        target = self._led(found["target"].strip("<>"))
        text = found["text"]
        if target is None:
            return text[1:-1]
        if not text.startswith("!"):
            text = f"[{self._without_code(text[1:-1])}]"
        return f"{text}({target}{found['rest']})"

    def _led(self, target: str, *, as_output: bool = False) -> str | None:
        """The target as the site has it; None for a folder, which a site has no page for."""
        if target.startswith("//"):
            return f"https:{target}"
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
        return None if meant in self.tree.folders else quote(unquote(target), safe="/#?&=%")

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
