"""The shell blocks of a prompt: parsed as they are fenced, and searched for steps that lose work."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from afterpush.ground.commands import Finding, simple_commands
from afterpush.ground.git import git
from afterpush.ground.markdown import Code, code_in
from afterpush.ground.processes import run

# Whose options `git SUBCOMMAND -h` lists completely (git 2.39); others take diff and log options as well.
_CHECKED = frozenset(
    "add branch checkout cherry-pick clean clone commit fetch merge mv pull push rebase reset restore rm "
    "switch tag worktree".split()
)
_LONG_OPTION = re.compile(r"--(?:\[no-\])?([a-z][a-z0-9-]*)")
_HEREDOC = re.compile(r"<<-?\s*(?P<quote>['\"\\])(?P<word>\w+)['\"]?")
_SUBSTITUTION = re.compile(r"\$\(|\$\{|`")
_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<[A-Z][A-Z0-9_-]{2,}>|\[(?:TASK|SESSION|YOUR)[A-Z_ -]*\]|\bYOUR_[A-Z_]+\b"
)


def findings(markdown: str, branches: Sequence[str], folder: Path) -> list[Finding]:
    """What is wrong with the shell of a document: syntax, steps that lose work, left-over placeholders."""
    found: list[Finding] = []
    for code in code_in(markdown):
        if code.shell:
            found += _syntax(code, folder)
            found += _git_steps(code, branches, folder)
            found += _quoted_heredocs(code)
    return sorted([*found, *_placeholders(markdown)], key=lambda finding: finding.line)


def _syntax(code: Code, folder: Path) -> list[Finding]:
    assert code.shell
    done = run([code.shell, "-n"], cwd=folder, input=code.commands().encode("utf-8", "replace"))
    if done.code == 0:
        return []
    said = (done.error_text.splitlines() or ["syntax error"])[0]
    line = re.search(r"(?:line )?(\d+):", said)
    offset = int(line[1]) - 1 if line else 0
    why = said.rpartition(": ")[2]
    return [Finding(code.line + offset, f"this block is not valid {code.shell}: {why}")]


def _git_steps(code: Code, branches: Sequence[str], folder: Path) -> Iterator[Finding]:
    for offset, line in enumerate(code.commands().split("\n")):
        for words in simple_commands(line):
            if words[0] == "git" and len(words) > 1:
                for message in _bad_step(words, branches, folder):
                    yield Finding(code.line + offset, message)


def _bad_step(words: Sequence[str], branches: Sequence[str], folder: Path) -> Iterator[str]:
    subcommand, arguments = words[1], words[2:]
    if subcommand == "push":
        yield from _bad_push(arguments, branches)
    if subcommand in ("push", "commit", "merge", "rebase") and "--no-verify" in arguments:
        yield f"git {subcommand} --no-verify skips the hooks: nothing checks or watches it; leave it out"
    known = _options(subcommand, folder) if subcommand in _CHECKED else None
    for word in arguments:
        name = word.partition("=")[0].removeprefix("--").removeprefix("no-")
        if known and word.startswith("--") and name and name not in known:
            yield f"git {subcommand} has no option {word.partition('=')[0]}"


def _bad_push(arguments: Sequence[str], branches: Sequence[str]) -> Iterator[str]:
    plain = [word for word in arguments if not word.startswith("-")]
    forced = [
        word for word in arguments if word in ("-f", "--force") or word.startswith("--force-with-lease")
    ]
    if forced or any(word.startswith("+") for word in plain):
        yield "a forced push throws away what others have pushed; use inv push"
    for word in plain[1:]:
        source, separator, target = word.removeprefix("+").partition(":")
        if separator and source and source != target and target.removeprefix("refs/heads/") in branches:
            yield (
                f"git push {word} leaves the local {target} stale, so that the next work begins on an old "
                "state; merge first, or use inv push"
            )


@lru_cache(maxsize=32)
def _options(subcommand: str, folder: Path) -> frozenset[str] | None:
    """The long options that the installed git lists for a subcommand; None when it lists none."""
    done = git(folder, subcommand, "-h")
    listed = frozenset(name.removeprefix("no-") for name in _LONG_OPTION.findall(done.text + done.error_text))
    return listed | {"help", "quiet", "verbose"} if listed else None


def _quoted_heredocs(code: Code) -> Iterator[Finding]:
    word, began = "", 0
    for offset, line in enumerate(code.text.split("\n")):
        if word:
            if line.strip() == word:
                word = ""
            elif _SUBSTITUTION.search(line):
                yield Finding(
                    code.line + offset,
                    f"the heredoc of line {began} is quoted, so that {_SUBSTITUTION.findall(line)[0]}...  is "
                    f"written literally; write << {word} without quotes",
                )
        elif opened := _HEREDOC.search(line):
            word, began = opened["word"], code.line + offset


def _placeholders(markdown: str) -> Iterator[Finding]:
    for number, line in enumerate(markdown.split("\n"), start=1):
        found = _PLACEHOLDER.search(line)
        if found:
            yield Finding(number, f"a placeholder was left over: {found[0]}")
