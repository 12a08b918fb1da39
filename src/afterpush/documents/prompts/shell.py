"""What a prompt must not have beyond the faults of any instruction: shell that does not parse, and
left-overs."""

import re
import shutil
from pathlib import Path

from afterpush.documents.instructions.steps import Finding
from afterpush.documents.prompts.leftovers import literal_heredocs, placeholders, placeholders_in
from afterpush.infra.git import clean_environment
from afterpush.infra.processes import run
from afterpush.text.markdown import Code, code_in
from afterpush.text.shell import commands_in


def findings(markdown: str, folder: Path, *, is_generated: bool = False) -> list[Finding]:
    """Blocks that are no shell, heredocs that stay literal, placeholders that nothing has filled in."""
    found = list(placeholders(markdown, is_generated=is_generated))
    for code in code_in(markdown):
        if code.shell:
            commands = commands_in(code.commands())
            found += [
                *_syntax(code, folder),
                *literal_heredocs(code, commands),
                *placeholders_in(code, commands),
            ]
    return found


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
