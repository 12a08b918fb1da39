"""What a Markdown document points to, and what in it can be pointed to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from markdown_it.token import Token

_IN_HTML = re.compile(r"""\b(?:href|src)\s*=\s*["']([^"']+)["']""")
_HTML_ANCHOR = re.compile(r"""<[a-z][^>]*\s(?:id|name)\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
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


def tokens_of(text: str) -> "list[Token]":
    """The document as markdown-it reads it, with tables; a front matter counts as blank lines.

    A footnote's text is a paragraph: to CommonMark alone `[^1]: word` would define a link to "word".
    """
    from markdown_it import MarkdownIt

    plain = _without_front_matter(text).replace("[^", "\\[^")
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(plain)


def _without_front_matter(text: str) -> str:
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 3)
    return text if end < 0 else "\n" * text.count("\n", 0, end + 5) + text[end + 5 :]


@lru_cache(maxsize=512)
def links_in(text: str) -> tuple[Link, ...]:
    """Every link and image that stays in the repository, in order, also those written in HTML."""
    lines = text.split("\n")
    found = []
    for token in tokens_of(text):
        first, last = token.map or (0, 1)
        for target in _targets(token):
            if target and not is_elsewhere(target):
                path, _, anchor = unquote(target).partition("#")
                found.append(Link(path.partition("?")[0], anchor, _line_of(lines, first, last, target)))
    return tuple(found)


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


def _line_of(lines: list[str], first: int, last: int, target: str) -> int:
    """Where in its block the target is written; a link by reference counts where it is used."""
    for number in range(first, min(last, len(lines))):
        if target in lines[number] or unquote(target) in lines[number]:
            return number + 1
    return first + 1


@lru_cache(maxsize=512)
def anchors_in(text: str) -> frozenset[str]:
    """What a link can name after `#`: headings as GitHub and MyST number them, and HTML ids."""
    slugs: dict[str, int] = {}
    found: set[str] = set()
    for heading in headings_in(text):
        slug = _slug(heading.text)
        count = slugs.get(slug, 0)
        slugs[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    for token in tokens_of(text):
        if token.type in ("html_block", "inline"):
            found.update(_HTML_ANCHOR.findall(token.content))
    return frozenset(found)


@dataclass(frozen=True)
class Heading:
    """A heading: its level (1 to 6) and its text without markup."""

    level: int
    text: str


@lru_cache(maxsize=512)
def headings_in(text: str) -> tuple[Heading, ...]:
    """The headings of a document in order."""
    tokens = tokens_of(text)
    return tuple(
        Heading(int(opening.tag[1]), _plain(inline))
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open"
    )


def _plain(inline: "Token") -> str:
    return "".join(
        child.content
        for child in inline.children or ()
        if child.type in ("text", "code_inline", "text_special")
    )


def _slug(heading: str) -> str:
    return _NOT_IN_SLUGS.sub("", heading.strip().lower()).replace(" ", "-")
