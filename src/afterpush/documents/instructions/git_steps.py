"""Git steps that lose work, go round the hooks, or are no git at all."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Step
from afterpush.infra.git import git
from afterpush.infra.invocation import program
from afterpush.infra.near import near

# Whose options `git SUBCOMMAND -h` lists completely (git 2.39); others take diff and log options as well,
# or list only subcommands of their own.
_CHECKED = frozenset(
    "add branch checkout cherry-pick clean clone commit fetch merge mv pull push rebase reset restore rm "
    "switch tag".split()
)
_LONG_OPTION = re.compile(r"--(?:\[no-\])?([a-z][a-z0-9-]*)")
_WITH_VALUE = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path"})
_HOOKS_OFF = re.compile(r"(?:HUSKY|AFTERPUSH)=0")
# Bundles of short options; the letters left out (`-o` of push, `-m` of commit) take a value.
_FORCE = re.compile(r"-[46dnquv]*f")
_NO_VERIFY = re.compile(r"-[aeiopqsvz]*n")
# What follows these is text, whatever it begins with.
_TEXT_FOLLOWS = re.compile(r"-[a-z]*m|-[FCct]|--(?:message|file|author|date|trailer|template)")
_WITH_HOOKS = ("push", "commit", "merge", "rebase")
_NO_TEXT = ("add", "clean", "stash")
_BRANCH = re.compile(r"[\w./-]+")
_TRUNKS = frozenset({"main", "master", "trunk", "mainline", "develop", "production"})


def bad_git_steps(step: Step, facts: Facts) -> Iterator[str]:
    """What is wrong with a step of git: work that it loses, hooks that it skips, options that git has not."""
    if step.program == "export":
        for word in filter(_HOOKS_OFF.fullmatch, step.words):
            yield f"export {word} switches the hooks off: nothing checks or watches what follows"
    subcommand, arguments = _parted(step.words)
    if not subcommand:
        return
    if subcommand == "push":
        yield from _bad_refs(arguments, facts)
    if not step.is_told:
        return
    if subcommand == "push" and _is_forced(arguments, facts):
        yield f"a forced push throws away what others have pushed; use {program()} push"
    if subcommand in _WITH_HOOKS and not _KNOWN_BYPASS.search(step.said):
        yield from _without_hooks(subcommand, arguments, step.command.assignments)
    for name, lost, message in _LOSING if not (step.is_fresh or _KNOWN_LOSS.search(step.said)) else ():
        if subcommand == name and re.search(lost, " ".join(arguments)):
            yield message
    yield from _unknown(subcommand, arguments, facts.root)


# What throws something away: the subcommand, its arguments, the message.
_LOSING = (
    (
        "reset",
        r"(?:^| )--hard\b",
        "git reset --hard throws away every change that is not committed; commit or git stash it first",
    ),
    (
        "clean",
        r"(?:^| )(?:-[a-zA-Z]*f|--force)(?!.*(?: -n\b|--dry-run))",
        "git clean -f deletes files for good that git has never seen; look first with git clean -n",
    ),
    (
        "checkout",
        r"^(?:-f|--force)\b|^(?:HEAD )?(?:-- )?\.$",
        "this throws away every change that is not committed; git stash keeps it",
    ),
    (
        "restore",
        r"^(?:--worktree |-W )?\.$",
        "git restore . throws away every change that is not committed; git stash keeps it",
    ),
    ("stash", r"^clear\b", "this deletes what was stashed; git stash pop brings it back"),
)
# The author knows, and so will the reader.
_KNOWN_LOSS = re.compile(
    r"\b(?:discard|undo|roll(?:ing|s)? ?back|revert|overwrit|throw\w* away|wipe|backup|backed up|recover"
    r"|abandon)",
    re.IGNORECASE,
)
_KNOWN_BYPASS = re.compile(
    r"\bbypass\w*\W*(?:$|:)|sparingly|emergenc|last resort|only (?:if|when)", re.IGNORECASE
)
# What makes git ask: the options, those that prevent it, and what to do instead.
_ASKING = {
    "rebase": (
        r"(?:^| )(?:-[a-z]*i[a-z]*|--interactive)(?: |$)",
        "rebase without -i, or fixup with --autosquash and GIT_SEQUENCE_EDITOR=true",
    ),
    "add": (r"(?:^| )(?:-[ipe]|--interactive|--patch|--edit)(?: |$)", "name the files"),
    "commit": (r"^(?:(?:-[as]+|--all|--amend|--signoff|--allow-empty) ?)*$", "give the message with -m"),
    "config": (r"(?:^| )(?:-e|--edit)(?: |$)", "set the key"),
}


def asking_git_steps(step: Step, facts: Facts) -> Iterator[str]:
    """A step of git that opens an editor or asks; in a sentence "before `git commit`" only names the
    command."""
    subcommand, arguments = _parted(step.words)
    pattern, instead = _ASKING.get(subcommand, ("^$", ""))
    is_named = not step.is_block and (subcommand == "commit" or not step.before)
    is_answered = any("EDITOR=" in word for word in step.command.assignments) or step.command.heredocs
    if not instead or not step.is_told or is_named or is_answered:
        return
    if re.search(pattern, " ".join(arguments)):
        yield f"git {subcommand} waits for an editor or for answers, and an agent for ever; {instead}"


def _parted(words: Sequence[str]) -> tuple[str, list[str]]:
    """The subcommand of git and its arguments, without git's own options; "" for another program."""
    rest = list(words)
    if not rest or rest[0].rpartition("/")[2] != "git":
        return "", []
    rest = rest[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2 if rest[0] in _WITH_VALUE else 1 :]
    if not rest:
        return "", []
    pairs = zip(["", *rest[1:]], rest[1:], strict=False)
    return rest[0], [
        word for before, word in pairs if rest[0] in _NO_TEXT or not _TEXT_FOLLOWS.fullmatch(before)
    ]


def _without_hooks(subcommand: str, arguments: Sequence[str], assigned: Sequence[str]) -> Iterator[str]:
    off = [word for word in assigned if _HOOKS_OFF.fullmatch(word)]
    if "--no-verify" in arguments:
        off.append("--no-verify")
    elif subcommand == "commit":
        off += [word for word in arguments if _NO_VERIFY.match(word)]
    for word in off:
        yield f"git {subcommand} with {word} skips the hooks: nothing checks or watches it; leave it out"


def _targets(refs: Sequence[str]) -> list[str]:
    return [word.removeprefix("+").rpartition(":")[2].removeprefix("refs/heads/") for word in refs]


def _is_forced(arguments: Sequence[str], facts: Facts) -> bool:
    """Forcing one's own branch harms nobody; without a name it may be everybody's."""
    refs = [word for word in arguments if not word.startswith("-")][1:]
    names = [
        name for name in _targets(refs) if _BRANCH.fullmatch(name) and name not in ("HEAD", *facts.watched)
    ]
    forced = any(_is_force(word) for word in arguments) or any(word.startswith("+") for word in refs)
    return forced and (not refs or len(names) < len(refs))


def _bad_refs(arguments: Sequence[str], facts: Facts) -> Iterator[str]:
    """Refs of a push that delete or overtake the watched branch, or go to another trunk, which is not
    there."""
    refs = [word for word in arguments if not word.startswith("-")][1:]
    is_deletion = "--delete" in arguments or "-d" in arguments
    for word, target in zip(refs, _targets(refs), strict=True):
        source, separator, _ = word.removeprefix("+").partition(":")
        if target not in facts.watched:
            if target in _TRUNKS and target not in facts.branches and facts.watched and not is_deletion:
                right = sorted(facts.watched)[0]
                instead = f"push to {right}, or use {program()} push"
                yield f"git push {word} goes to {target}, which nobody watches; {instead}"
        elif is_deletion or not source:
            yield f"this deletes {target} for everybody"
        elif separator and source.removeprefix("refs/heads/") != target:
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
    commands = _commands(folder) if known is None else frozenset()
    # Programs named git-* and aliases of other machines are commands too: only a slip can be recognized.
    if commands and subcommand not in commands and (close := near(subcommand, commands & _CHECKED, 0.8)):
        yield f"git has no command {subcommand}{close}"


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
