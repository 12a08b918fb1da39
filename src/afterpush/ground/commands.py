"""Commands of ours as they are written in documents, held against the tasks that really exist."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from afterpush.ground.config import key_paths
from afterpush.ground.markdown import Code, code_in
from afterpush.ground.shell_words import Command, commands_in

_PROGRAMS = {"inv": "inv", "invoke": "inv", "afterpush": "afterpush"}
_PLACEHOLDER = re.compile(r"^(?:\.\.\.|…|<.*|\[.*|\{.*|\*|.*\.\*|TASK|NAME)$")
_CALL = re.compile(
    r"(?<![\w.-])(?P<program>inv|invoke|afterpush)[ \t]+(?P<task>[a-z]+(?:\.[a-z]+(?:-[a-z]+)*)+)(?![\w{*])"
)
_NAME = re.compile(r"[a-z]+\.[a-z]+(?:-[a-z]+)*")
_LINE = re.compile(r"^(?:.*\\\n)*.+$", re.MULTILINE)
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
                yield Finding(number, f"there is no task {called['task']}{_meant(called['task'], (), tasks)}")


def _in_code(code: Code, catalog: Catalog) -> Iterator[Finding]:
    if code.is_block and code.shell is None and code.language not in ("", "text"):
        return
    if not code.is_block and not _WORDS_IN_PROSE.match(code.text):
        yield from _misspelt(code, catalog)
        return
    for command in _told(code):
        program = _PROGRAMS.get(command.program)
        if program and program in catalog.tasks:
            for message in _unknown(command.words, catalog.tasks[program], catalog.core, code.is_block):
                yield Finding(code.line + command.line, message)


def _told(code: Code) -> list[Command]:
    """The commands in a piece of code; outside of a shell block only lines that begin with one of ours."""
    if code.shell is not None:
        return commands_in(code.commands())
    text = code.commands()
    return [
        command
        for line in _LINE.finditer(text)
        if not code.is_block or _WORDS_IN_PROSE.match(line[0].strip().removeprefix("$ "))
        for command in commands_in(line[0].strip().removeprefix("$ "), text.count("\n", 0, line.start()))
    ]


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


def _unknown(
    words: Sequence[str], tasks: Mapping[str, TaskFlags], core: Mapping[str, bool], is_whole: bool
) -> Iterator[str]:
    """What is wrong with `inv WORDS`: unknown tasks and flags; a missing value where the command `is_whole`.

    Prose names a flag without its value: `inv deploy.monitor --timeout`.
    """
    program, rest = words[0], list(words[1:])
    current: TaskFlags | None = None
    name, plain = "", 0
    while rest:
        word = rest.pop(0)
        flag, is_given, _ = word.partition("=")
        if word == "--" or _PLACEHOLDER.match(word):
            return
        if word.startswith("-") and current is not None and flag in current.flags:
            if flag in current.with_value and not is_given:
                if not rest and is_whole:
                    yield f"{program} {name} {flag} needs a value: {flag}=..."
                del rest[:1]
        elif word.startswith("-") and flag in core:
            del rest[: core[flag] and not is_given]
        elif word.startswith("-"):
            near = difflib.get_close_matches(flag, current.flags if current else core, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{program} {name}".strip() + f" has no flag {flag}{hint}"
            # What follows an unknown flag may be its value.
            del rest[: bool(rest) and rest[0] not in tasks and not rest[0].startswith("-")]
        elif word in tasks:
            current, name, plain = tasks[word], word, 0
        elif current is not None and plain < current.words:
            plain += 1
        else:
            yield f"there is no task {word}{_meant(word, rest, tasks)}"
            return


def _meant(word: str, rest: Sequence[str], tasks: Mapping[str, TaskFlags]) -> str:
    """What an unknown task may be: `deploy monitor` is deploy.monitor, and `deploy` alone a namespace."""
    if rest and f"{word}.{rest[0]}" in tasks:
        return f"; did you mean {word}.{rest[0]}?"
    if any(name.startswith(f"{word}.") for name in tasks):
        return f", only a namespace of that name: inv --list={word}"
    near = difflib.get_close_matches(word, tasks, n=1)
    return f"; did you mean {near[0]}?" if near else ""
