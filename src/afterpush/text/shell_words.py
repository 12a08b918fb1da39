"""Shell text as the simple commands in it: enough of the grammar to read steps that documents describe.

POSIX.1-2017, XCU 2.3 and 2.10, with bash's `&>`, `<<<` and `$'...'`. Nothing is expanded: a word loses its
quotes and keeps its `$NAME` and `$(...)` as written; the commands inside of `$(...)` are read as well.
"""

import re
from dataclasses import dataclass, field

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ssh"})
_BEFORE_COMMANDS = frozenset({"then", "do", "else", "elif", "if", "while", "until", "!", "{", "}", "time"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_BLANK = re.compile(r"(?:[ \t\r]|\\\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_REDIRECTION = re.compile(r"(?:\d*(?P<one><<<|<<-?|<>|<&|<|>>|>&|>\||>)|(?P<both>&>>?))(?!\()")
_OPERATOR = re.compile(r"&&|\|\||\|&|;;&?|;&|[;&|()\n]|[<>](?=\()")
# `git switch <task-id>` is two redirections to a shell, and a placeholder to everybody who writes it.
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w-]*(?: [\w-]+)*>")
_PIECES = re.compile(
    r"(?P<plain>[^\s'\"\\$`;|&()<>]+)"
    r"|'(?P<single>[^']*)'"
    r"|\$'(?P<ansi>(?:[^'\\]|\\.)*)'"
    r"|\\(?P<escaped>.)"
    r"|(?P<kept>\$\(\(.*?\)\)|\$\{(?:[^{}]|\{[^{}]*\})*\}|<[A-Za-z][\w-]*(?: [\w-]+)*>)"
    r"|`(?P<backquoted>(?:[^`\\]|\\.)*)`",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(
    r"(?P<plain>[^\"\\$`]+)"
    r"|\\(?P<escaped>.)"
    r"|(?P<kept>\$\(\(.*?\)\)|\$\{(?:[^{}]|\{[^{}]*\})*\})"
    r"|`(?P<backquoted>(?:[^`\\]|\\.)*)`",
    re.DOTALL,
)


@dataclass(frozen=True)
class Heredoc:
    """A heredoc; `line` is the first of its body, counted from 0 like that of its command."""

    word: str
    is_quoted: bool
    body: str
    line: int
    is_closed: bool


@dataclass
class Command:
    """A simple command; `outputs` are the files it writes to, `reader` the program it is piped into."""

    line: int = 0
    words: list[str] = field(default_factory=list)
    assignments: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    heredocs: list[Heredoc] = field(default_factory=list)
    reader: str = ""

    @property
    def program(self) -> str:
        """The name of what is run, without its folder; "" for a mere assignment."""
        return self.words[0].rpartition("/")[2] if self.words else ""


def commands_in(text: str, first_line: int = 0) -> list[Command]:
    """The simple commands of a text in order, also those that a shell reads from a heredoc.

    What follows a quote or a parenthesis that never ends is left out: `sh -n` says so better.
    """
    reader = _Reader(text, first_line)
    try:
        reader.read()
    except _Unreadable:
        reader.end("")
    fed = [
        inner
        for command in reader.found
        if SHELLS & {command.program, command.reader}
        for heredoc in command.heredocs
        for inner in commands_in(heredoc.body, heredoc.line)
    ]
    return reader.found + fed


class _Unreadable(Exception):
    """Something that never ends."""


class _Reader:
    """Reads a text from its start; `found` are the commands that have ended."""

    def __init__(self, text: str, first_line: int, at: int = 0) -> None:
        self.text, self.first_line, self.at = text, first_line, at
        self.found: list[Command] = []
        self._open = Command()
        self._announced: list[tuple[Command, str, bool, bool]] = []
        self._piped: Command | None = None

    def read(self, *, inside: bool = False) -> None:
        """Reads all; `inside` of `$(` up to its parenthesis."""
        depth = 0
        while self.at < len(self.text):
            if self._skip(_BLANK) or self._skip(_COMMENT):
                continue
            is_placeholder = _PLACEHOLDER.match(self.text, self.at)
            if not is_placeholder and (found := _REDIRECTION.match(self.text, self.at)):
                self.at = found.end()
                self._redirect(found["one"] or found["both"])
            elif not is_placeholder and (found := _OPERATOR.match(self.text, self.at)):
                self.at = found.end()
                depth += (found[0] == "(") - (found[0] == ")")
                self.end(found[0])
                if inside and depth < 0:
                    return
            else:
                self._add_word()
        self.end("")
        if inside:
            raise _Unreadable

    def end(self, operator: str) -> None:
        """Ends the open command; at the end of a line the bodies of its heredocs follow."""
        ended, self._open = self._open, Command()
        if ended.words or ended.assignments or ended.outputs or ended.heredocs:
            self.found.append(ended)
            if self._piped:
                self._piped.reader = ended.program
        self._piped = ended if operator in ("|", "|&") else None
        if operator in ("\n", ""):
            for announced in self._announced:
                self._read_heredoc(*announced)
            self._announced = []

    def _add_word(self) -> None:
        line = self._line()
        start = self.at
        word = self._word()
        is_bare = self.text[start : self.at] == word
        if not self._open.words:
            if is_bare and word in _BEFORE_COMMANDS:
                return
            self._open.line = line
        is_assignment = not self._open.words and _ASSIGNMENT.match(self.text, start)
        (self._open.assignments if is_assignment else self._open.words).append(word)

    def _redirect(self, operator: str) -> None:
        self._skip(_BLANK)
        start = self.at
        target = self._word() if start < len(self.text) and self.text[start] not in "\n;|&()<>" else ""
        if operator in ("<<", "<<-"):
            is_quoted = self.text[start : self.at] != target
            self._announced.append((self._open, target, is_quoted, operator == "<<-"))
        elif operator in (">", ">>", ">|", "&>", "&>>") and target:
            self._open.outputs.append(target)

    def _read_heredoc(self, command: Command, word: str, is_quoted: bool, is_indented: bool) -> None:
        lines: list[str] = []
        first = self._line()
        is_closed = False
        while self.at < len(self.text) and not is_closed:
            end = self.text.find("\n", self.at)
            line = self.text[self.at : end if end >= 0 else len(self.text)]
            self.at = end + 1 if end >= 0 else len(self.text)
            is_closed = (line.lstrip("\t") if is_indented else line).rstrip("\r") == word
            lines += [] if is_closed else [line]
        command.heredocs.append(Heredoc(word, is_quoted, "\n".join(lines), first, is_closed))

    def _word(self) -> str:
        """The word that begins here, with what is between its quotes."""
        parts = [self._piece(_PIECES)]
        while self.at < len(self.text) and (
            self.text[self.at] not in " \t\r\n;|&()<>" or _PLACEHOLDER.match(self.text, self.at)
        ):
            if self.text.startswith("\\\n", self.at):
                break
            parts.append(self._piece(_PIECES))
        return "".join(parts)

    def _piece(self, pieces: "re.Pattern[str]") -> str:
        if self.text.startswith("$(", self.at) and not self.text.startswith("$((", self.at):
            return self._substitution()
        if pieces is _PIECES and self.text[self.at] == '"':
            return self._double_quoted()
        found = pieces.match(self.text, self.at)
        if not found:
            if self.text[self.at] != "$":
                raise _Unreadable
            self.at += 1
            return "$"
        line = self._line()
        self.at = found.end()
        if found["backquoted"] is not None:
            self.found += commands_in(found["backquoted"], line)
            return found[0]
        if found["escaped"] is not None and pieces is _IN_DOUBLE and found["escaped"] not in '$`"\\\n':
            return found[0]
        return next(text for text in found.groups() if text is not None)

    def _double_quoted(self) -> str:
        self.at += 1
        parts = []
        while self.at < len(self.text) and self.text[self.at] != '"':
            parts.append(self._piece(_IN_DOUBLE))
        if self.at >= len(self.text):
            raise _Unreadable
        self.at += 1
        return "".join(parts)

    def _substitution(self) -> str:
        """`$(...)` as written; the commands in it count as commands of their own."""
        inner = _Reader(self.text, self.first_line, self.at + 2)
        inner.read(inside=True)
        written = self.text[self.at : inner.at]
        self.at = inner.at
        self.found += inner.found
        return written

    def _skip(self, pattern: "re.Pattern[str]") -> bool:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return bool(found)

    def _line(self) -> int:
        return self.first_line + self.text.count("\n", 0, self.at)
