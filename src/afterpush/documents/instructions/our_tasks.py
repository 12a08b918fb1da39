"""Commands of ours wherever a document has them, held against the tasks that really exist."""

import difflib
import re
from collections.abc import Iterator, Sequence

from afterpush.documents.instructions.steps import Finding
from afterpush.infra.configuration.config import key_paths
from afterpush.text.markdown import Code, code_in
from afterpush.text.shell import commands_in
from afterpush.text.task_catalog import PROGRAMS, Catalog, faults

_OURS = r"(?:\./|\.venv/bin/|\.\./)?(?:inv|invoke|afterpush)"
_LINE = re.compile(r"^(?:.*\\\n)*.+$", re.MULTILINE)
_BEGINS_WITH_US = re.compile(rf"^{_OURS}\s+\S")
# In code of other languages and in prose a call goes on to the next quote; in prose it needs a dot to be one.
_IN_OTHER_CODE = re.compile(rf"(?:^|(?<=[\s\"'`;&|(=>]))(?P<call>{_OURS}[ \t]+[^\"'`\n<>|;&]+)")
_IN_PROSE = re.compile(
    r"(?<![\w./-])(?P<call>(?:\./|\.venv/bin/)?(?:inv|invoke|afterpush)[ \t]+"
    r"[A-Za-z]+(?:\.[A-Za-z]+(?:[-_][A-Za-z]+)*)+(?![\w{]|\*(?!\*))"
    r"(?:[ \t]+--[a-z][\w-]*(?:=[^\s`*,;.)\"']+)?)*)"
)
_NAME = re.compile(r"[a-z]+\.[a-z]+(?:-[a-z]+)*")
_RUNS_OTHERS = frozenset(
    "sudo env nice nohup timeout xargs exec command ssh npx python python3 uvx bash sh".split()
)
_RUNS_WITH_RUN = frozenset("uv poetry pdm hatch rye pipenv".split())


def findings(markdown: str, catalog: Catalog) -> list[Finding]:
    """Every command of ours in the document that the catalog does not know, in code and out of it."""
    found = [finding for code in code_in(markdown) for finding in _in_code(code, catalog)]
    told = {finding.line for finding in found}
    return found + [finding for finding in _in_prose(markdown, catalog) if finding.line not in told]


def _in_code(code: Code, catalog: Catalog) -> Iterator[Finding]:
    if code.shell:
        yield from _in_shell(code, catalog)
    elif code.is_block:
        yield from _in_other_code(code, catalog)
    elif _BEGINS_WITH_US.match(code.text.removeprefix("$ ")):
        yield from _typed(code.text.removeprefix("$ "), code.line, catalog, is_whole=False)
    else:
        yield from _misspelt(code, catalog)


def _in_shell(code: Code, catalog: Catalog) -> Iterator[Finding]:
    for command in commands_in(code.commands()):
        if words := _ours(command.words):
            for message in faults(words, catalog, is_sure=True, is_whole=True):
                yield Finding(code.line + command.line, message)


def _ours(words: Sequence[str]) -> list[str]:
    """The part of a command that is ours, also behind `sudo`, `uv run` and the like; [] when none is."""
    first = words[0].rpartition("/")[2] if words else ""
    others = first in _RUNS_OTHERS or (first in _RUNS_WITH_RUN and "run" in words[1:2])
    for at, word in enumerate(words):
        if word.rpartition("/")[2] in PROGRAMS:
            return list(words[at:])
        if not others:
            return []
        if at and _BEGINS_WITH_US.match(word):  # sh -c '...', ssh host '...'
            return next((command.words for command in commands_in(word)), [])
    return []


def _in_other_code(code: Code, catalog: Catalog) -> Iterator[Finding]:
    """Lines that are typed after a `$`, and what looks like a call in any other language."""
    for line in _LINE.finditer(code.text):
        number = code.line + code.text.count("\n", 0, line.start())
        typed = line[0].strip()
        if typed.startswith("$ ") and _BEGINS_WITH_US.match(typed[2:]):
            yield from _typed(typed[2:], number, catalog, is_whole=True)
            continue
        for called in _IN_OTHER_CODE.finditer(line[0].replace("\\\n", "  ")):
            yield from _perhaps(called["call"], number, catalog)


def _in_prose(markdown: str, catalog: Catalog) -> Iterator[Finding]:
    """Tasks called by name anywhere, with the flags that follow."""
    for number, line in enumerate(markdown.split("\n"), start=1):
        for called in _IN_PROSE.finditer(line):
            yield from _perhaps(called["call"], number, catalog)


def _typed(text: str, line: int, catalog: Catalog, *, is_whole: bool) -> Iterator[Finding]:
    # "Invoke the function" is said of many things: only `inv` and `afterpush` are always ours.
    is_sure = not text.startswith("invoke")
    for command in commands_in(text):
        if command.program in PROGRAMS:
            for message in faults(command.words, catalog, is_sure=is_sure, is_whole=is_whole):
                yield Finding(line + command.line, message)


def _perhaps(text: str, line: int, catalog: Catalog) -> Iterator[Finding]:
    for message in faults(text.split(), catalog, is_sure=False, is_whole=False):
        yield Finding(line, message)


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
