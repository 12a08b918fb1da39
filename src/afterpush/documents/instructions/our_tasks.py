"""Commands of ours wherever a document has them, held against the tasks that really exist."""

import re
from collections.abc import Iterator

from afterpush.documents.instructions.steps import Finding, Step, steps_in
from afterpush.infra.configuration.config import key_paths
from afterpush.infra.near import nearest
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


def findings(markdown: str, catalog: Catalog) -> list[Finding]:
    """Every command of ours in the document that the catalog does not know, in code and out of it."""
    found = [one for step in steps_in(markdown) for one in _of_step(step, catalog)]
    for look in (_in_code, _in_prose):
        told = {finding.line for finding in found}
        found += [finding for finding in look(markdown, catalog) if finding.line not in told]
    return found


def _of_step(step: Step, catalog: Catalog) -> Iterator[Finding]:
    words = list(step.words)
    if words[1:3] == ["-m", "invoke"]:
        words = words[2:]
    elif step.program == "ssh":
        words = next((commands_in(word)[0].words for word in words if _BEGINS_WITH_US.match(word)), [])
    if words and words[0].rpartition("/")[2] in PROGRAMS:
        # "Invoke the function" is said of many things: only `inv` and `afterpush` are always ours.
        is_sure = step.is_block or not words[0].startswith("invoke")
        for message in faults(words, catalog, is_sure=is_sure, is_whole=step.is_block):
            yield Finding(step.line, message)


def _in_code(markdown: str, catalog: Catalog) -> Iterator[Finding]:
    """What looks like a call in any other language, and names alone."""
    for code in code_in(markdown):
        if code.is_block and not code.shell:
            for line in _LINE.finditer(code.text):
                number = code.line + code.text.count("\n", 0, line.start())
                for called in _IN_OTHER_CODE.finditer(line[0].replace("\\\n", "  ")):
                    yield from _perhaps(called["call"], number, catalog)
        elif not code.is_block and not _BEGINS_WITH_US.match(code.text.removeprefix("$ ")):
            yield from _misspelt(code, catalog)


def _in_prose(markdown: str, catalog: Catalog) -> Iterator[Finding]:
    """Tasks called by name anywhere, with the flags that follow."""
    for number, line in enumerate(markdown.split("\n"), start=1):
        for called in _IN_PROSE.finditer(line):
            yield from _perhaps(called["call"], number, catalog)


def _perhaps(text: str, line: int, catalog: Catalog) -> Iterator[Finding]:
    for message in faults(text.split(), catalog, is_sure=False, is_whole=False):
        yield Finding(line, message)


def _misspelt(code: Code, catalog: Catalog) -> Iterator[Finding]:
    """A task named alone, as in `deploy.monitr`: only what is nearly a name is told apart from a file."""
    namespace, dot, task = code.text.partition(".")
    known = {name for tasks in catalog.tasks.values() for name in tasks}
    if not dot or not _NAME.fullmatch(code.text) or code.text in known or code.text in key_paths():
        return
    inside = {name.partition(".")[2] for name in known if name.startswith(f"{namespace}.")}
    if close := nearest(task, inside, cutoff=0.75):
        yield Finding(code.line, f"there is no task {code.text}; did you mean {namespace}.{close}?")
