"""Which documents are pages of the site, under which names, and in which order they are listed."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterpush.documents.manual.broken_links import target_of
from afterpush.documents.manual.documents import SUFFIX, Tree
from afterpush.documents.manual.links_in_text import headings_in, links_in
from afterpush.text.markdown import tokens_of

FIRST_PAGES = ("index.md", "README.md")
HOME = "index"


@dataclass(frozen=True)
class SiteLayout:
    """The pages: document -> page name (without suffix), and how they are grouped, by caption.

    `home` is the document of the first page, None when there is no candidate and one is to be made.
    """

    home: str | None
    pages: Mapping[str, str]
    chapters: Mapping[str, Sequence[str]]
    title: str

    @property
    def count(self) -> int:
        """How many pages the site has, without Sphinx's own (search, index)."""
        return len(self.pages) + (self.home is None)


def lay_out(
    tree: Tree,
    source: str,
    name: str,
    left_out: Sequence[str] = (),
    reference: Sequence[str] = (),
    title: str | None = None,
) -> SiteLayout:
    """The pages of the manual: what lies below `source`, the reference, and the documents at the root.

    `left_out` are folders whose documents are no part of it. The root's documents are beside those of
    `source`, below `repository/` where a name is taken. `name` is the title when nothing else gives one.
    """
    source, left_out = posixpath.normpath(source), [posixpath.normpath(one) for one in left_out if one]
    inside = [
        doc
        for doc in sorted(tree.documents)
        if doc in reference or (_is_below(doc, source) and not any(_is_below(doc, one) for one in left_out))
    ]
    at_root = [doc for doc in tree.documents if "/" not in doc and doc not in inside]
    home = _home(source, [*inside, *at_root])
    pages: dict[str, str] = {home: HOME} if home else {}
    taken = {HOME}
    for document in [*inside, *at_root]:
        if document in pages:
            continue
        page = posixpath.relpath(document, source) if _is_below(document, source) else document
        page = page[: -len(SUFFIX)]
        if page.lower() in taken:
            page = f"repository/{page}"
        taken.add(page.lower())
        pages[document] = page
    headings = headings_in(tree.documents[home]) if home else ()
    heading = next((one.text for one in headings if one.level == 1), name)
    return SiteLayout(home, pages, _chapters(tree, home, pages, source), title or heading)


def _is_below(document: str, folder: str) -> bool:
    return folder == "." or document.startswith(f"{folder}/")


def _home(source: str, candidates: Sequence[str]) -> str | None:
    wanted = [posixpath.normpath(posixpath.join(source, name)) for name in FIRST_PAGES] + ["README.md"]
    return next((name for name in wanted if name in candidates), None)


def _chapters(tree: Tree, home: str | None, pages: Mapping[str, str], source: str) -> dict[str, list[str]]:
    """As the first page lists them, by its sections; then the rest by folder."""
    chapters: dict[str, list[str]] = {}
    placed = {home}
    listed = _listed(tree.documents[home], home) if home and _is_below(home, source) else ()
    for caption, document in listed:
        if document in pages and document not in placed:
            placed.add(document)
            chapters.setdefault(caption, []).append(document)
    for document in pages:
        if document not in placed:
            folder = posixpath.dirname(pages[document])
            caption = folder.replace("/", " / ").capitalize() or ("More" if chapters else "Pages")
            chapters.setdefault(caption, []).append(document)
    return chapters


def _listed(text: str, home: str) -> Iterator[tuple[str, str]]:
    """The documents that the first page links to, each with the heading of its section."""
    starts = [token.map[0] for token in tokens_of(text) if token.type == "heading_open" and token.map]
    headings = headings_in(text)
    for link in links_in(text):
        above = [heading for heading, start in zip(headings, starts, strict=True) if start < link.line]
        caption = next((heading.text for heading in reversed(above) if heading.level == 2), "Start")
        yield caption, target_of(home, link.path)
