"""Code in Markdown, with the lines where it is: fenced blocks and inline code."""

from dataclasses import dataclass
from functools import lru_cache

SHELLS = {"sh": "sh", "shell": "sh", "bash": "bash", "console": "sh", "shell-session": "sh", "zsh": "zsh"}
_SESSIONS = ("console", "shell-session")


@dataclass(frozen=True)
class Code:
    """A piece of code; `line` is the number of its first line in the file, counted from 1."""

    text: str
    line: int
    language: str = ""
    is_block: bool = True

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


@lru_cache(maxsize=64)
def code_in(text: str) -> tuple[Code, ...]:
    """Every fenced block and inline code of a Markdown text, in order."""
    from markdown_it import MarkdownIt

    found: list[Code] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        first = (token.map or [0])[0] + 1
        if token.type == "fence":
            words = token.info.strip().split()
            found.append(Code(token.content, first + 1, words[0].strip("{}.").lower() if words else ""))
        for child in token.children or ():
            if child.type == "code_inline":
                found.append(Code(child.content, _line_of(text, child.content, first), is_block=False))
    return tuple(found)


def _line_of(text: str, code: str, first: int) -> int:
    """The line of an inline code at or after `first`: a paragraph's tokens share one position."""
    for number, line in enumerate(text.split("\n")[first - 1 : first + 60], start=first):
        if f"`{code}`" in line or f"` {code} `" in line:
            return number
    return first
