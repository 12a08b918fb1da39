"""Markdown as markdown-it reads it, and the code in it: blocks and inline code, each with what is said about
it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from afterpush.infra.time_limit import reading

if TYPE_CHECKING:
    from markdown_it.token import Token

SHELLS = {"sh": "sh", "shell": "sh", "bash": "bash", "console": "sh", "shell-session": "sh", "zsh": "zsh"}
_SESSIONS = ("console", "shell-session")
_NO_WORDS = re.compile(r"\W+")
_TERMINATOR = re.compile(r"[.!?]")
MOST_SAID = 400
"""Of a sentence, a heading or a list's first words, what is kept: more belongs to no command."""
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Code:
    """A piece of code; `line` is the number of its first line in the file, counted from 1.

    `before` and `after` are the rest of the sentence that inline code is in; of a block, the paragraph above.
    `under` are the headings above it, the words that lead into its lists, the heads of its column and row.
    """

    text: str
    line: int
    language: str = ""
    is_block: bool = True
    before: str = ""
    after: str = ""
    under: tuple[str, ...] = ()

    @property
    def shell(self) -> str | None:
        """The shell that a block of that kind is for (`sh`, `bash`, `zsh`), else None."""
        return SHELLS.get(self.language) if self.is_block else None

    @property
    def is_session(self) -> bool:
        """Whether it shows what was typed and what was answered."""
        return self.language in _SESSIONS

    def commands(self) -> str:
        """The block's shell text, line for line; of a recorded session only what was typed."""
        if not self.is_session:
            return self.text
        lines, goes_on = [], False
        for line in self.text.split("\n"):
            is_typed = line.lstrip().startswith(("$ ", "# ", "> ")) or goes_on
            typed = line.lstrip()[2:] if line.lstrip().startswith(("$ ", "> ")) else line
            lines.append(typed if is_typed else "")
            goes_on = is_typed and typed.endswith("\\")
        return "\n".join(lines)


def parted(text: str) -> tuple[str, str]:
    """The front matter of a document ("" without one), and the rest, whose lines keep their numbers."""
    found = _FRONT_MATTER.match(text)
    return (found[0], "\n" * found[0].count("\n") + text[found.end() :]) if found else ("", text)


@lru_cache(maxsize=8192)
def tokens_of(text: str) -> "tuple[Token, ...]":
    """The document as markdown-it reads it, with tables; a front matter counts as blank lines.

    A footnote's text is a paragraph: to CommonMark alone `[^1]: word` would define a link to "word".
    """
    from markdown_it import MarkdownIt

    plain = parted(text)[1].replace("[^", "\\[^")
    # Its reading of nested brackets takes time that grows with their square.
    with reading("a document", len(plain)):
        return tuple(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(plain))


@lru_cache(maxsize=512)
def code_in(text: str) -> tuple[Code, ...]:
    """Every fenced block and inline code of a Markdown text, in order."""
    return tuple(_Walk(text).codes())


class _Walk:
    """Goes through a document and keeps what has been said: headings, lists' first words, the last
    paragraph."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens_of(text)
        self.headings: dict[int, str] = {}
        self.lists: list[str] = []
        self.columns: list[str] = []
        self.column = -1
        self.row = ""
        self.last = ""

    def codes(self) -> Iterator[Code]:
        for number, token in enumerate(self.tokens):
            if token.type in ("bullet_list_open", "ordered_list_open"):
                self.lists.append(_last_sentence(self.last))
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self.last = self.lists.pop()
            elif token.type == "thead_open":
                self.columns = []
            elif token.type in ("tr_open", "table_close"):
                self.column = -1
            elif token.type == "fence":
                words = token.info.strip().split()
                language = words[0].strip("{}.").lower() if words else ""
                yield Code(
                    token.content,
                    _first(token) + 1,
                    language,
                    before=_last_sentence(self.last),
                    under=self._under(),
                )
            elif token.type == "inline":
                yield from self._inline(token, self.tokens[number - 1])

    def _under(self) -> tuple[str, ...]:
        head = [*self.columns[self.column : self.column + 1], self.row] if self.column >= 0 else []
        return (*self.headings.values(), *self.lists, *head)

    def _inline(self, token: "Token", opened: "Token") -> Iterator[Code]:
        if opened.type == "heading_open":
            level = int(opened.tag[1])
            self.headings = {at: words for at, words in self.headings.items() if at < level}
            self.headings[level] = token.content[:MOST_SAID]
        elif opened.type == "th_open":
            self.columns.append(token.content[:MOST_SAID])
        elif opened.type == "td_open":
            self.column += 1
            self.row = self.row if self.column else token.content[:MOST_SAID]
        self.last = "" if opened.type == "heading_open" else token.content
        at, counted, line = 0, 0, _first(token)
        for child in token.children or ():
            if child.type == "code_inline":
                begin = max(token.content.find(child.content, at), at)
                line += token.content.count("\n", counted, begin)
                at, counted = begin + len(child.content), begin
                before, after = _sentence(token.content, begin, at)
                yield Code(
                    child.content, line, "", is_block=False, before=before, after=after, under=self._under()
                )


def _first(token: "Token") -> int:
    return (token.map or [0])[0] + 1


def _last_sentence(text: str) -> str:
    return _sentence(text.rstrip(), len(text.rstrip()), len(text))[0]


def _sentence(text: str, begin: int, end: int) -> tuple[str, str]:
    """What the sentence around a place says before and after it."""
    stops, starts = _breaks(text)
    earlier, later = bisect_right(starts, begin), bisect_left(stops, end)
    start = max(starts[earlier - 1] if earlier else 0, begin - MOST_SAID)
    stop = min(stops[later] if later < len(stops) else len(text), end + MOST_SAID)
    return text[start:begin].strip(" `"), text[end:stop].strip(" `")


@lru_cache(maxsize=64)
def _breaks(text: str) -> tuple[list[int], list[int]]:
    """Where sentences may stop, and where the next may start: `.`, `!` or `?`, and in the same run without
    words a space behind it.

    "Stop. **Then** go"   ->   stops [4], starts [6]
    """
    stops: list[int] = []
    starts: list[int] = []
    for run in _NO_WORDS.finditer(text):
        terminators = [found.start() for found in _TERMINATOR.finditer(text, *run.span())]
        spaces = [at for at in range(*run.span()) if text[at].isspace()]
        if terminators and spaces:
            stops += [at for at in terminators if at < spaces[-1]]
            starts += [at + 1 for at in spaces if at > terminators[0]]
    return stops, starts
