"""What killed processes leave in a work tree: ignored by git from the first write, removed by a later run."""

import contextlib
from functools import cache
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import LEFTOVERS
from afterpush.infra.git import common_folder
from afterpush.infra.git.tracked_files import tracked

# git's own names for the sides that it hands to a merge driver (unpack_entry, "wrapper.c" and "entry.c").
_SIDES = ".merge_file_*"
_OLD_SECONDS = 60.0


@cache
def ignore_leftovers(repo: Path) -> None:
    """Has git ignore the names of files that are being written here, by `info/exclude` of this clone.

    Where that cannot be written, nothing changes. Outside of a repository neither.
    """
    with contextlib.suppress(AfterpushError, OSError):
        ignore_here(repo, LEFTOVERS, _SIDES)


def ignore_here(repo: Path, *patterns: str) -> None:
    """Adds patterns to `info/exclude` of this clone, which no commit brings. Raises OSError.

    Where it is a link, nothing changes: what it leads to is not this clone's alone.
    """
    path = common_folder(repo) / "info" / "exclude"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    missing = [pattern for pattern in patterns if pattern not in text.splitlines()]
    if missing and not path.is_symlink():
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(("" if not text or text.endswith("\n") else "\n") + "\n".join(missing) + "\n")


def remove_sides(repo: Path, now: float) -> None:
    """Removes what killed merges left in the root of the work tree; younger files may be in use by one."""
    found = [path for path in repo.glob(_SIDES) if path.is_file() and not path.is_symlink()]
    followed = set(tracked(repo, [path.name for path in found])) if found else set()
    for path in found:
        with contextlib.suppress(OSError):
            if path.name not in followed and now - path.stat().st_mtime > _OLD_SECONDS:
                path.unlink()
