"""Git steps that lose work, go round the hooks, or are no git at all."""

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from afterpush.infra.git import git
from afterpush.infra.invocation import program
from afterpush.text.shell_words import Command

# Whose options `git SUBCOMMAND -h` lists completely (git 2.39); others take diff and log options as well,
# or list only subcommands of their own.
_CHECKED = frozenset(
    "add branch checkout cherry-pick clean clone commit fetch merge mv pull push rebase reset restore rm "
    "switch tag".split()
)
_LONG_OPTION = re.compile(r"--(?:\[no-\])?([a-z][a-z0-9-]*)")
_WITH_VALUE = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path"})
_BEFORE_GIT = frozenset({"sudo", "command", "exec", "env", "nohup", "nice", "timeout", "xargs"})
_HOOKS_OFF = re.compile(r"(?:HUSKY|AFTERPUSH)=0")
# Bundles of short options; the letters left out (`-o` of push, `-m` of commit) take a value.
_FORCE = re.compile(r"-[46dnquv]*f")
_NO_VERIFY = re.compile(r"-[aeiopqsvz]*n")
# What follows these is text, whatever it begins with.
_TEXT_FOLLOWS = re.compile(r"-[a-z]*m|-[FCct]|--(?:message|file|author|date|trailer|template)")
_WITH_HOOKS = ("push", "commit", "merge", "rebase")


def bad_git_steps(command: Command, branches: Collection[str], folder: Path) -> Iterator[str]:
    """What is wrong with a command, when it is one of git; `branches` are those that everybody pushes to."""
    if command.program == "export":
        for word in filter(_HOOKS_OFF.fullmatch, command.words):
            yield f"export {word} switches the hooks off: nothing checks or watches what follows"
    subcommand, arguments = _parted(command.words)
    if not subcommand:
        return
    if subcommand == "push":
        yield from _bad_push(arguments, branches)
    if subcommand in _WITH_HOOKS:
        yield from _without_hooks(subcommand, arguments, command.assignments)
    yield from _unknown(subcommand, arguments, folder)


def _parted(words: Sequence[str]) -> tuple[str, list[str]]:
    """The subcommand of git and its arguments, without git's own options; "" for another program."""
    rest = list(words)
    if rest and rest[0] in _BEFORE_GIT and "git" in rest:
        rest = rest[rest.index("git") :]
    if not rest or rest[0].rpartition("/")[2] != "git":
        return "", []
    rest = rest[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2 if rest[0] in _WITH_VALUE else 1 :]
    if not rest:
        return "", []
    pairs = zip(["", *rest[1:]], rest[1:], strict=False)
    return rest[0], [word for before, word in pairs if not _TEXT_FOLLOWS.fullmatch(before)]


def _without_hooks(subcommand: str, arguments: Sequence[str], assigned: Sequence[str]) -> Iterator[str]:
    off = [word for word in assigned if _HOOKS_OFF.fullmatch(word)]
    if "--no-verify" in arguments:
        off.append("--no-verify")
    elif subcommand == "commit":
        off += [word for word in arguments if _NO_VERIFY.match(word)]
    for word in off:
        yield f"git {subcommand} with {word} skips the hooks: nothing checks or watches it; leave it out"


def _bad_push(arguments: Sequence[str], branches: Collection[str]) -> Iterator[str]:
    plain = [word for word in arguments if not word.startswith("-")]
    forced = [word for word in arguments if _is_force(word)]
    if forced or any(word.startswith("+") for word in plain):
        yield f"a forced push throws away what others have pushed; use {program()} push"
    is_deletion = "--delete" in arguments or "-d" in arguments
    for word in plain[1:]:
        source, separator, target = word.removeprefix("+").partition(":")
        source, target = (name.removeprefix("refs/heads/") for name in (source, target or source))
        if target not in branches:
            continue
        if is_deletion or not source:
            yield f"this deletes {target} for everybody"
        elif separator and source != target:
            yield (
                f"git push {word} leaves the local {target} stale, so that the next work begins on an old "
                f"state; merge first, or use {program()} push"
            )


def _is_force(word: str) -> bool:
    is_named = word in ("--force", "--mirror") or word.startswith("--force-with-lease")
    return is_named or bool(_FORCE.match(word))


def _unknown(subcommand: str, arguments: Sequence[str], folder: Path) -> Iterator[str]:
    known = _options(subcommand, folder) if subcommand in _CHECKED else None
    for word in arguments:
        name = word.partition("=")[0].removeprefix("--").removeprefix("no-")
        if word == "--":
            return
        if known and word.startswith("--") and name not in known:
            yield f"git {subcommand} has no option {word.partition('=')[0]}"
    if known is None and subcommand not in (commands := _commands(folder)):
        # Programs named git-* and aliases of other machines are commands too: only a slip can be told.
        near = difflib.get_close_matches(subcommand, commands & _CHECKED, n=1, cutoff=0.8)
        if near:
            yield f"git has no command {subcommand}; did you mean {near[0]}?"


@lru_cache(maxsize=32)
def _options(subcommand: str, folder: Path) -> frozenset[str] | None:
    """The long options that the installed git lists for a subcommand; None when it lists none."""
    done = git(folder, subcommand, "-h")
    listed = frozenset(name.removeprefix("no-") for name in _LONG_OPTION.findall(done.text + done.error_text))
    return listed | {"help", "quiet", "verbose"} if listed else None


@lru_cache(maxsize=4)
def _commands(folder: Path) -> frozenset[str]:
    """The commands of the installed git, with the repository's aliases."""
    return frozenset(git(folder, "--list-cmds=main,others,alias").text.split())
