"""Finding the `git push` that a hook runs under."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from afterpush.infra.processes.identity import Identity, boot_id, identity_from_ticks
from afterpush.infra.processes.process_table import ProcessEntry, ancestors, argv_of

# Options of git itself that take the next word as their value (git(1)).
_WITH_VALUE = frozenset(
    "-C -c --git-dir --work-tree --namespace --super-prefix --config-env --exec-path --attr-source".split()
)
_FORCING = ("--force", "--force-with-lease", "--mirror")

AliasOf = Callable[[str], str | None]


def push_words(argv: Sequence[str], alias_of: AliasOf = lambda _: None) -> list[str] | None:
    """The words behind `push` when this is the command line of a `git push`, else None.

    `alias_of` tells what a name means that is no command of git: git runs a plain alias as a child
    `git push ...`, but older ones did so in the aliased process itself.
    """
    if not argv:
        return None
    program, words = PurePath(argv[0]).name, list(argv[1:])
    if program == "git-push":
        return words
    if program not in ("git", "git.exe"):
        return None
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in _WITH_VALUE else 1 :]
    if not words:
        return None
    command, *rest = words
    if command == "push":
        return rest
    aliased = (alias_of(command) or "").split()
    return aliased[1:] + rest if aliased[:1] == ["push"] else None


def find_push(alias_of: AliasOf = lambda _: None) -> tuple[ProcessEntry, list[str]] | None:
    """The nearest `git push` above this process, and its words. Under husky it is the grandparent."""
    for above in ancestors(os.getpid()):
        words = push_words(argv_of(above.pid), alias_of)
        if words is not None:
            return above, words
    return None


def word_of(push: Identity) -> str:
    """Which push, as a word: `4711@1234t`, in clock ticks as a shell reads them; in seconds without /proc."""
    ticks = round(push.started_at * os.sysconf("SC_CLK_TCK"))
    return f"{push.pid}@{ticks}t" if Path("/proc/self/stat").exists() else f"{push.pid}@{push.started_at!r}"


def identity_of(word: str) -> Identity | None:
    """The process that a word names: `PID@TICKSt` as a shell reads it, `PID@SECONDS` without /proc."""
    pid, _, started = word.partition("@")
    if not started:
        return None
    if started.endswith("t"):
        return identity_from_ticks(int(pid), int(started.removesuffix("t")))
    return Identity(int(pid), float(started), boot_id())


def identity_of_push(push: ProcessEntry | None) -> Identity | None:
    return Identity(push.pid, push.started_at, boot_id()) if push else None


def is_forced(words: Sequence[str]) -> bool:
    """Whether these words of a push ask for rewriting (`-uf`, `--force-with-lease=main`, `+main`)."""
    for word in words:
        is_short = word.startswith("-") and not word.startswith("--")
        # What follows an `o` is the value of --push-option.
        is_short = is_short and "f" in word[1:].partition("o")[0]
        if is_short or word.startswith("+") or word.split("=")[0] in _FORCING:
            return True
    return False


def is_dry_run(words: Sequence[str]) -> bool:
    """Whether these words of a push ask for nothing to be sent (`-n`, `--dry-run`)."""
    # What follows an `o` is the value of --push-option.
    short = (word[1:].partition("o")[0] for word in words if re.match(r"-[a-zA-Z46]", word))
    return "--dry-run" in words or any("n" in letters for letters in short)
