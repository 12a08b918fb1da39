"""What a Markdown document points to, and what in it can be pointed to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from afterpush.text.markdown import tokens_of

if TYPE_CHECKING:
    from markdown_it.token import Token

_IN_HTML = re.compile(r"""\b(?:href|src)\s*=\s*["']([^"']+)["']""")
_HTML_TAG = re.compile(r"<[a-z][^<>]*", re.IGNORECASE)
_HTML_ANCHOR = re.compile(r"""\s(?:id|name)\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_ELSEWHERE = re.compile(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)")
_NOT_IN_SLUGS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Link:
    """A link or image to this repository: the path as written (decoded; "" is the document itself)."""

    path: str
    anchor: str
    line: int

    @property
    def written(self) -> str:
        return f"{self.path}#{self.anchor}" if self.anchor else self.path


def is_elsewhere(target: str) -> bool:
    """Whether a link leads out to a network address, a mail address or the like."""
    return bool(_ELSEWHERE.match(target))


def links_in(text: str) -> tuple[Link, ...]:
    """Every link and image that stays in the repository, in order, also those written in HTML."""
    return _reading(text).links


def anchors_in(text: str) -> frozenset[str]:
    """What a link can name after `#`: headings as GitHub and MyST number them, and HTML ids."""
    return _reading(text).anchors


def headings_in(text: str) -> "tuple[Heading, ...]":
    """The headings of a document in order."""
    return _reading(text).headings


@dataclass(frozen=True)
class Heading:
    """A heading: its level (1 to 6) and its text without markup."""

    level: int
    text: str


@dataclass(frozen=True)
class _Reading:
    links: tuple[Link, ...]
    headings: tuple[Heading, ...]
    anchors: frozenset[str]


@lru_cache(maxsize=8192)
def _reading(text: str) -> _Reading:
    """All of it at once: parsing is what costs, and every document is asked for from many others."""
    tokens = tokens_of(text)
    headings = tuple(
        Heading(int(opening.tag[1]), _plain(inline))
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open"
    )
    return _Reading(tuple(_links(text, tokens)), headings, _anchors(headings, tokens))


def _links(text: str, tokens: "Sequence[Token]") -> Iterator[Link]:
    lines = text.split("\n")
    for token in tokens:
        place = _Place(lines, *(token.map or (0, 1)))
        for target in _targets(token):
            if target and not is_elsewhere(target):
                path, _, anchor = unquote(target).partition("#")
                yield Link(path.partition("?")[0], anchor, place.line_of(target))


def _targets(token: "Token") -> Iterator[str]:
    if token.type == "html_block":
        yield from _IN_HTML.findall(token.content)
    for child in token.children or ():
        if child.type == "html_inline":
            yield from _IN_HTML.findall(child.content)
        elif child.type in ("link_open", "image"):
            yield _attribute(child, "href" if child.type == "link_open" else "src")


def _attribute(token: "Token", name: str) -> str:
    value: Any = token.attrs.get(name, "")
    return str(value)


class _Place:
    """Finds the lines of a block's links, which come in order: each is looked for from the last one on."""

    def __init__(self, lines: Sequence[str], first: int, last: int) -> None:
        self._first, self._lines = first, lines[first:last]
        self._seen = [(0, 0), (0, 0)]

    def line_of(self, target: str) -> int:
        """Where in its block the target is written; a link by reference counts where the block begins."""
        for number, text in enumerate(self._texts):
            start, line = self._seen[number]
            at = text.find(target, start)
            if at < 0:
                at, start, line = text.find(target), 0, 0
            if at >= 0:
                line += text.count("\n", start, at)
                self._seen[number] = at, line
                return self._first + line + 1
        return self._first + 1

    @cached_property
    def _texts(self) -> tuple[str, str]:
        """The block as written, and decoded."""
        decoded = (unquote(line).replace("\n", " ") for line in self._lines)
        return "\n".join(self._lines), "\n".join(decoded)


def _anchors(headings: tuple[Heading, ...], tokens: "Sequence[Token]") -> frozenset[str]:
    slugs: dict[str, int] = {}
    found: set[str] = set()
    for heading in headings:
        slug = _slug(heading.text)
        count = slugs.get(slug, 0)
        slugs[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    for token in tokens:
        if token.type in ("html_block", "inline"):
            for tag in _HTML_TAG.findall(token.content):
                found.update(_HTML_ANCHOR.findall(tag))
    return frozenset(found)


def _plain(inline: "Token") -> str:
    return "".join(
        child.content
        for child in inline.children or ()
        if child.type in ("text", "code_inline", "text_special")
    )


def _slug(heading: str) -> str:
    return _NOT_IN_SLUGS.sub("", heading.strip().lower()).replace(" ", "-")
