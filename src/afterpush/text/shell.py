"""Shell text as the simple commands in it, read with bash's grammar (tree-sitter-bash); nothing is expanded.

    git commit -m "a b" && x=$(git push) | tee log   ->   git commit -m 'a b' · git push · x=… · tee log

A word loses its quotes and keeps its `$NAME` and `$(...)` as written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ssh"})
# `git switch <task-id>` is two redirections to a shell, and a placeholder to everybody who writes it.
PLACEHOLDER = re.compile(r"<[A-Za-z][\w-]*(?: [\w-]+)*>")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r'\\([$`"\\\n])')
_LOOPS = ("while_statement", "until_statement", "for_statement", "c_style_for_statement")
_OUTPUTS = (">", ">>", ">|", "&>", "&>>")


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
    """A simple command; `outputs` are the files it writes to, `reader` the program it is piped into.

    `loop` is the kind of the innermost loop around it (`while`, `for`), "" without one.
    """

    line: int = 0
    words: list[str] = field(default_factory=list)
    assignments: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    heredocs: list[Heredoc] = field(default_factory=list)
    reader: str = ""
    loop: str = ""

    @property
    def program(self) -> str:
        """The name of what is run, without its folder; "" for a mere assignment."""
        return self.words[0].rpartition("/")[2] if self.words else ""


def commands_in(text: str, first_line: int = 0) -> list[Command]:
    """The simple commands of a text in order, also those that a shell reads from a heredoc.

    What the grammar cannot read, such as a quote that never ends, is left out.
    """
    masked = PLACEHOLDER.sub(lambda found: "_" * len(found[0].encode()), text)
    reader = _Reader(text.encode("utf-8", "replace"), first_line)
    reader.read(_parser().parse(masked.encode("utf-8", "replace")).root_node, "")
    found = sorted(reader.found, key=lambda entry: entry[0])
    fed = [
        inner
        for _, command in found
        if SHELLS & {command.program, command.reader}
        for heredoc in command.heredocs
        for inner in commands_in(heredoc.body, heredoc.line)
    ]
    return [command for _, command in found] + fed


@cache
def _parser() -> "Parser":
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


class _Reader:
    """Walks the tree; `found` are the commands, each with the byte where it begins."""

    def __init__(self, source: bytes, first_line: int) -> None:
        self.source, self.first_line = source, first_line
        self.found: list[tuple[int, Command]] = []

    def read(self, node: "Node", loop: str) -> list[Command]:
        """The commands below a node; those that end it are returned, for a pipe or a redirection around
        them."""
        if node.type == "ERROR":
            for child in node.children:
                if child.type != "ERROR":
                    self.read(child, loop)
            return []
        if node.type in ("command", "variable_assignment", "test_command", "declaration_command"):
            return [self._command(node, loop)]
        if node.type == "redirected_statement":
            return self._redirected(node, loop)
        if node.type in _LOOPS:
            loop = "for" if "for" in node.type else "while"
        ends = [self.read(child, loop) for child in node.named_children]
        for left, right in pairwise(ends) if node.type == "pipeline" else ():
            if left and right:
                left[-1].reader = right[0].program
        return ends[-1] if ends else []

    def _command(self, node: "Node", loop: str) -> Command:
        made = Command(line=self._line(node), loop=loop)
        self.found.append((node.start_byte, made))
        for part in [node] if node.type == "variable_assignment" else node.children:
            if part.type == "variable_assignment":
                is_word = node.type == "declaration_command"  # `export A=1`
                (made.words if is_word else made.assignments).append(self._text(part))
            elif part.type in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                self._redirect(made, part, loop)
            elif part.type != "process_substitution" and not part.is_error:
                made.words.append(self._word(part))
            for inner in _substitutions(part):
                self.read(inner, "")
        return made

    def _redirected(self, node: "Node", loop: str) -> list[Command]:
        ends: list[Command] = []
        for child in node.named_children:
            if not child.type.endswith("_redirect"):
                ends = self.read(child, loop)
                continue
            if not ends:
                ends = [Command(line=self._line(node), loop=loop)]
                self.found.append((node.start_byte, ends[0]))
            self._redirect(ends[-1], child, loop)
        return ends

    def _redirect(self, command: Command, node: "Node", loop: str) -> None:
        kinds = {child.type: child for child in node.children}
        if node.type == "file_redirect" and any(operator in kinds for operator in _OUTPUTS):
            files = (child for child in node.named_children if child.type != "file_descriptor")
            command.outputs += map(self._word, files)
        elif "heredoc_start" in kinds:
            self._heredoc(command, kinds)
            for child in node.named_children:
                if child.type == "file_redirect":
                    self._redirect(command, child, loop)
                elif not child.type.startswith("heredoc_"):
                    known = len(self.found)
                    self.read(child, loop)
                    if child.type == "pipeline" and self.found[known:]:
                        command.reader = self.found[known][1].program
        for inner in _substitutions(node) if node.type != "heredoc_redirect" else ():
            self.read(inner, "")

    def _heredoc(self, command: Command, kinds: "dict[str, Node]") -> None:
        start, body, end = kinds["heredoc_start"], kinds.get("heredoc_body"), kinds.get("heredoc_end")
        written = self._text(start)
        word = re.sub(r"[\\'\"]", "", written)
        content = self._text(body) if body else ""
        if content and not content.endswith("\n"):
            content = content.rpartition("\n")[0]
        line = self._line(body) if body else self._line(start) + 1
        is_closed = False
        if end:
            begin = self.source.rfind(b"\n", 0, end.start_byte) + 1
            before = self.source[begin : end.start_byte]
            is_closed = not (before.strip(b"\t") if "<<-" in kinds else before)
        command.heredocs.append(Heredoc(word, word != written, content.removesuffix("\n"), line, is_closed))

    def _word(self, node: "Node") -> str:
        if node.type in ("command_name", "concatenation") and node.named_children:
            return "".join(self._word(child) for child in node.children)
        text = self._text(node)
        if node.type == "raw_string":
            return text[1:-1]
        if node.type == "ansi_c_string":
            return text[2:-1]
        if node.type == "string":
            return _ESCAPED_IN_QUOTES.sub(lambda found: found[1].strip("\n"), text[1:-1])
        return _ESCAPED.sub(r"\1", text) if node.type == "word" else text

    def _text(self, node: "Node") -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _line(self, node: "Node") -> int:
        return self.first_line + node.start_point[0]


def _substitutions(node: "Node") -> "Iterator[Node]":
    """The topmost `$(...)`, backquotes and `<(...)` of a node."""
    if node.type in ("command_substitution", "process_substitution"):
        yield node
        return
    for child in node.named_children:
        yield from _substitutions(child)


_RUNNERS = frozenset("sudo env nice nohup timeout xargs exec command time npx bunx uvx".split())
_RUN_RUNNERS = frozenset("uv poetry pdm hatch rye pipenv".split())


def unwrapped(words: "list[str]") -> list[str]:
    """The command that `sudo`, `timeout 5`, `uv run`, `npx` and the like run; of `bash -c TEXT` the text's
    first."""
    rest = list(words)
    while rest:
        program = rest[0].rpartition("/")[2]
        if program in _RUN_RUNNERS and "run" in rest[1:3]:
            rest = rest[rest.index("run") + 1 :]
        elif program in _RUNNERS:
            rest = rest[1:]
        elif program in SHELLS and program != "ssh" and "-c" in rest[1:3]:
            text = rest[rest.index("-c") + 1 :][:1]
            return next((unwrapped(command.words) for command in commands_in(text[0])), []) if text else []
        else:
            return rest
        while rest and (rest[0].startswith("-") or rest[0][:1].isdigit() or re.match(r"\w+=", rest[0])):
            rest = rest[1:]
    return rest
