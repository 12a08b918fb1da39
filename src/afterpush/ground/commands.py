"""Commands of ours as they are written in documents, held against the tasks that really exist."""

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from afterpush.ground.config import key_paths
from afterpush.ground.markdown import Code, code_in

_PROGRAMS = {"inv": "inv", "invoke": "inv", "afterpush": "afterpush"}
_SEPARATORS = frozenset(
    {";", "&&", "||", "|", "&", "(", ")", "{", "}", "then", "do", "else", "if", "while", "!"}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")
_PLACEHOLDER = re.compile(r"^(?:\.\.\.|…|<.*|\[.*|\{.*|\*|.*\.\*|TASK|NAME)$")
_CALL = re.compile(
    r"(?<![\w.-])(?P<program>inv|invoke|afterpush)[ \t]+(?P<task>[a-z]+(?:\.[a-z]+(?:-[a-z]+)*)+)(?![\w{*])"
)
_NAME = re.compile(r"[a-z]+\.[a-z]+(?:-[a-z]+)*")
_WORDS_IN_PROSE = re.compile(r"^(?:\./|\.venv/bin/|\.\./)?(?:inv|invoke|afterpush)\s+\S")


@dataclass(frozen=True)
class TaskFlags:
    """What one task accepts: its flags (`--sha`), those that take a value, and how many plain words."""

    flags: frozenset[str]
    with_value: frozenset[str] = frozenset()
    words: int = 0


@dataclass(frozen=True)
class Catalog:
    """The tasks of each program (`inv`, `afterpush`) by their bound names, as `--list` prints them."""

    tasks: Mapping[str, Mapping[str, TaskFlags]]
    core: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something wrong in a document: where, and what to do about it."""

    line: int
    message: str


def findings(markdown: str, catalog: Catalog) -> list[Finding]:
    """Every command of ours in the document that the catalog does not know, in code and out of it."""
    found = [finding for code in code_in(markdown) for finding in _in_code(code, catalog)]
    told = {finding.line for finding in found}
    return found + [finding for finding in _in_plain_text(markdown, catalog) if finding.line not in told]


def _in_plain_text(markdown: str, catalog: Catalog) -> Iterator[Finding]:
    """Tasks called by name anywhere, as in prose or in a CI file's `run: afterpush deploy.monitor`."""
    for number, line in enumerate(markdown.split("\n"), start=1):
        for called in _CALL.finditer(line):
            tasks = catalog.tasks.get(_PROGRAMS[called["program"]], {})
            namespaces = {name.partition(".")[0] for name in tasks}
            if called["task"].partition(".")[0] in namespaces and called["task"] not in tasks:
                near = difflib.get_close_matches(called["task"], tasks, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield Finding(number, f"there is no task {called['task']}{hint}")


def _in_code(code: Code, catalog: Catalog) -> Iterator[Finding]:
    if code.is_block and code.shell is None and code.language not in ("", "text"):
        return
    if not code.is_block and not _WORDS_IN_PROSE.match(code.text):
        yield from _misspelt(code, catalog)
        return
    for offset, line in enumerate(_joined(code.commands())):
        if (
            code.is_block
            and code.shell is None
            and not _WORDS_IN_PROSE.match(line.strip().removeprefix("$ "))
        ):
            continue
        for words in simple_commands(line.strip().removeprefix("$ ")):
            program = _PROGRAMS.get(words[0].rpartition("/")[2])
            if program and program in catalog.tasks:
                for message in _unknown(words, catalog.tasks[program], catalog.core):
                    yield Finding(code.line + offset, message)


def _misspelt(code: Code, catalog: Catalog) -> Iterator[Finding]:
    """A task named alone, as in `deploy.monitr`: only what is nearly a name can be told from a file."""
    namespace, dot, task = code.text.partition(".")
    known = {name for tasks in catalog.tasks.values() for name in tasks}
    if not dot or not _NAME.fullmatch(code.text) or code.text in known or code.text in key_paths():
        return
    inside = {name.partition(".")[2] for name in known if name.startswith(f"{namespace}.")}
    near = difflib.get_close_matches(task, inside, n=1, cutoff=0.75)
    if near:
        yield Finding(code.line, f"there is no task {code.text}; did you mean {namespace}.{near[0]}?")


def _joined(text: str) -> list[str]:
    """The lines, a continued one joined into its first; the others keep their places."""
    lines = text.split("\n")
    for number in range(len(lines) - 1, 0, -1):
        if lines[number - 1].endswith("\\"):
            lines[number - 1] = lines[number - 1][:-1] + " " + lines[number].strip()
            lines[number] = ""
    return lines


def simple_commands(line: str) -> list[list[str]]:
    """The simple commands of a line of shell, without assignments and redirections; [] if unreadable."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        words = list(lexer)
    except ValueError:
        return []
    commands: list[list[str]] = [[]]
    for word in words:
        if word in _SEPARATORS or set(word) <= set(";&|()"):
            commands.append([])
        elif commands[-1] or not _ASSIGNMENT.fullmatch(word):
            commands[-1].append(word)
    return [command for command in commands if command]


def _unknown(words: list[str], tasks: Mapping[str, TaskFlags], core: Mapping[str, bool]) -> Iterator[str]:
    """What is wrong with `inv WORDS`: unknown tasks, unknown flags."""
    program, rest = words[0], iter(words[1:])
    current: TaskFlags | None = None
    name, plain = "", 0
    for word in rest:
        flag = word.partition("=")[0]
        if word in (">", ">>", "<", "2>", "--") or _PLACEHOLDER.match(word):
            return
        if word.startswith("-") and current is not None and flag in current.flags:
            if flag in current.with_value and "=" not in word:
                next(rest, None)
        elif word.startswith("-") and flag in core:
            if core[flag] and "=" not in word:
                next(rest, None)
        elif word.startswith("-"):
            near = difflib.get_close_matches(flag, current.flags if current else core, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{program} {name}".strip() + f" has no flag {flag}{hint}"
        elif word in tasks:
            current, name, plain = tasks[word], word, 0
        elif current is not None and plain < current.words:
            plain += 1
        else:
            near = difflib.get_close_matches(word, tasks, n=1)
            yield f"there is no task {word}" + (f"; did you mean {near[0]}?" if near else "")
            return
