"""What a push would send, and how it relates to what the remote has; each question has a time limit."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git
from afterpush.infra.processes import Completed

# A clone without blobs would fetch what is looked at, one connection for each commit. git 2.44 knows the
# first variable; older ones start `git fetch`, which then finds no protocol that it may use, and end.
WITHOUT_FETCHING = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}

MARKER_LINES = "^(<{7}|>{7})( |\r?$)"
"""Both ends of a conflict, as a POSIX extended expression."""


_NOT_HERE = "this clone is partial, and nothing is fetched for a look"


class NotHere(AfterpushError):
    """git here lacks what the question is about."""


def _asked(repo: Path, *words: str, timeout_seconds: float, input: bytes | None = None) -> Completed:
    return git(repo, *words, env=WITHOUT_FETCHING, input=input, timeout_seconds=timeout_seconds)


def behind_and_ahead(repo: Path, theirs: str, ours: str, *, timeout_seconds: float) -> tuple[int, int] | None:
    """How many commits `ours` lacks of `theirs`, and has beyond it; None when git here lacks one of them.

    Raises AfterpushError after the time limit, as all of these do.
    """
    words = ("rev-list", "--left-right", "--count", "--end-of-options", f"{theirs}...{ours}", "--")
    done = _asked(repo, *words, timeout_seconds=timeout_seconds)
    if done.code != 0:
        return None
    behind, ahead = done.text.split()
    return int(behind), int(ahead)


def conflicting_paths(repo: Path, ours: str, theirs: str, *, timeout_seconds: float) -> list[str]:
    """The paths that a merge would leave in conflict; neither work tree, index nor refs are touched.

    Empty also when git cannot tell (older than 2.38, no common history).
    """
    words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
    done = _asked(repo, *words, timeout_seconds=timeout_seconds)
    return sorted(set(done.text.split("\0")[1:]) - {""}) if done.code == 1 else []


def marked_lines(repo: Path, commit: str, globs: Sequence[str], *, timeout_seconds: float) -> dict[str, int]:
    """The files of a commit that hold both ends of a conflict, each with the line of the first one."""
    words = ("grep", "-n", "-z", "-I", "--no-color", "--no-column", "--full-name", "-E")
    paths = [f":(top,glob){pattern}" for pattern in globs]
    done = _asked(repo, *words, "-e", MARKER_LINES, commit, "--", *paths, timeout_seconds=timeout_seconds)
    if done.code > 1:
        raise NotHere(_NOT_HERE)
    first: dict[str, int] = {}
    ends: dict[str, set[str]] = {}
    for record in done.text.split("\n"):
        place, _, rest = record.partition("\0")
        number, _, text = rest.partition("\0")
        if text:
            path = place.removeprefix(f"{commit}:")
            first.setdefault(path, int(number))
            ends.setdefault(path, set()).add(text[0])
    return {path: line for path, line in first.items() if len(ends[path]) == 2}


def changes_lines(repo: Path, old: str, new: str, path: str, pattern: str, *, timeout_seconds: float) -> bool:
    """Whether lines that match the pattern come or go in a path between two commits; True when git here
    lacks one of them."""
    words = ("diff", "--quiet", "--no-ext-diff", "--no-textconv", f"-G{pattern}", old, new)
    done = _asked(repo, *words, "--", f":(top,literal){path}", timeout_seconds=timeout_seconds)
    return done.code != 0


def changes_matching(
    repo: Path, new: Sequence[str], known: Sequence[str], pattern: str, *, timeout_seconds: float
) -> str:
    """The patches, without context, of files in which a commit of `new` that is not in `known` adds or
    removes a line that matches the POSIX extended `pattern`. Each commit starts with `NUL sha`; what is
    in `known` but not here is passed over.

    git filters, so that a large push does not arrive here; merges count by what they merge.
    """
    # A name that is no ASCII would else come as "b/caf\\303\\251".
    readable = ("-c", "core.quotePath=false", "-c", "log.showSignature=false")
    words = (*readable, "log", "-p", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    options = ("--src-prefix=a/", "--dst-prefix=b/", "--format=%x00%H", f"-G{pattern}")
    # On stdin: 20,000 tags would not fit into a command line.
    revisions = [*new, *(f"^{sha}" for sha in known)]
    done = _asked(
        repo,
        *words,
        *options,
        "--ignore-missing",
        "--stdin",
        "--not",
        "--remotes",
        "--",
        input="".join(f"{revision}\n" for revision in revisions).encode(),
        timeout_seconds=timeout_seconds,
    )
    if done.code != 0:
        raise NotHere(_NOT_HERE)
    return done.text
