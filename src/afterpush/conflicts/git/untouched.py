"""Whether a file in conflict is still as git left it: what somebody has edited since is theirs alone."""

import re
from collections.abc import Iterator
from pathlib import Path

from afterpush.infra.files import read_bytes
from afterpush.infra.git.objects import read_blob
from afterpush.infra.git.unmerged import Unmerged, conflict_texts

_MARKER = re.compile(rb"^(<{7,}|\|{7,}|>{7,}) .*$", re.MULTILINE)


def is_as_git_left_it(repo: Path, entry: Unmerged, merged: bytes) -> bool:
    """Compares the work tree's file with all that git or a driver may have put there for this conflict.

    `merged` is what our own driver makes of it. Labels behind markers and line endings do not count.
    """
    try:
        found = _skeleton(read_bytes(repo / entry.path, follow=False))
    except OSError:
        return False
    return any(_skeleton(text) == found for text in _candidates(repo, entry, merged))


def _candidates(repo: Path, entry: Unmerged, merged: bytes) -> Iterator[bytes]:
    yield merged
    # A driver that failed leaves one side without any marker.
    for side in (entry.ours, entry.theirs):
        if side:
            yield read_blob(repo, side.oid)
    yield from conflict_texts(repo, entry)
    yield from _merge_files(repo, entry)


def _merge_files(repo: Path, entry: Unmerged) -> Iterator[bytes]:
    """`git merge-file` joins hunks that `git merge` keeps apart: what our wrapper falls back to."""
    from afterpush.infra.errors import AfterpushError
    from afterpush.infra.git.merge_file import merge_file

    if entry.ours is None or entry.theirs is None:
        return
    base = read_blob(repo, entry.base.oid) if entry.base else b""
    try:
        yield merge_file(base, read_blob(repo, entry.ours.oid), read_blob(repo, entry.theirs.oid)).text
    except AfterpushError:
        return  # Binary: git wrote no markers either.


def _skeleton(text: bytes) -> bytes:
    return _MARKER.sub(rb"\1", text.replace(b"\r\n", b"\n"))
