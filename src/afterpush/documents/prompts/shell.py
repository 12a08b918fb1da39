"""The shell blocks of a prompt: parsed as they are fenced, and searched for steps that lose work."""

import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from afterpush.documents.prompts.git_steps import bad_git_steps
from afterpush.documents.prompts.leftovers import literal_heredocs, placeholders, placeholders_in
from afterpush.infra.git import clean_environment
from afterpush.infra.processes import run
from afterpush.text.commands import Finding
from afterpush.text.markdown import Code, code_in
from afterpush.text.shell_words import commands_in

_PLAIN = ("", "text", "txt")
_TYPED_GIT = re.compile(r"^[ \t]*(?:\$ )?(?P<git>git (?:.*\\\n)*.+)$", re.MULTILINE)


def findings(
    markdown: str, branches: Collection[str], folder: Path, *, is_generated: bool = False
) -> list[Finding]:
    """What is wrong with the shell of a document: syntax, steps that lose work, left-over placeholders."""
    found: list[Finding] = []
    for code in code_in(markdown):
        if code.shell:
            found += [*_syntax(code, folder), *_steps(code, branches, folder)]
        elif code.is_block and code.language in _PLAIN:
            found += _steps_in_plain_text(code, branches, folder)
    return sorted(
        {*found, *placeholders(markdown, is_generated=is_generated)}, key=lambda finding: finding.line
    )


def _syntax(code: Code, folder: Path) -> list[Finding]:
    if not code.shell or not shutil.which(code.shell):
        return []
    # No start-up file and no complaint about a locale may speak among the shell's own words.
    environment = clean_environment() | {"LC_ALL": "C", "BASH_ENV": "", "ENV": ""}
    typed = code.commands().encode("utf-8", "replace")
    done = run([code.shell, "-n"], cwd=folder, env=environment, input=typed)
    said = done.error_text.splitlines()
    # `bash -n` (5.2) ends with 0 after a broken `[[`; then only its words tell.
    if done.code == 0 and not said:
        return []
    first = said[0] if said else "syntax error"
    line = re.search(r"(?:line )?(\d+):", first)
    offset = int(line[1]) - 1 if line else 0
    why = first.rpartition(": ")[2]
    return [Finding(code.line + offset, f"this block is not valid {code.shell}: {why}")]


def _steps_in_plain_text(code: Code, branches: Collection[str], folder: Path) -> Iterator[Finding]:
    """Git steps in a block of no language: lines that begin as one types them."""
    for typed in _TYPED_GIT.finditer(code.text):
        line = code.line + code.text.count("\n", 0, typed.start("git"))
        for command in commands_in(typed["git"]):
            for message in bad_git_steps(command, branches, folder):
                yield Finding(line + command.line, message)


def _steps(code: Code, branches: Collection[str], folder: Path) -> Iterator[Finding]:
    commands = commands_in(code.commands())
    for command in commands:
        for message in bad_git_steps(command, branches, folder):
            yield Finding(code.line + command.line, message)
    yield from literal_heredocs(code, commands)
    yield from placeholders_in(code, commands)
