"""Merging three files that a user names: the work of `conflicts.merge`."""

from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.conflicts.merge import Merged, merge_document
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents


def merge_files(
    base: Path,
    ours: Path,
    theirs: Path,
    *,
    path: str,
    documents: "Documents",
    renumber: bool,
    marker_size: int,
) -> Merged:
    """Merges three files as versions of the document `path`. Raises AfterpushError for an unreadable one."""
    return merge_document(
        _read(base) or None,
        _read(ours),
        _read(theirs),
        path=path,
        documents=documents,
        renumber=renumber,
        marker_size=marker_size,
    )


def path_in(folder: Path, path: str) -> str:
    """A path as the globs of the configuration see it: relative to the folder, where it lies in it."""
    given = Path(path)
    if given.is_absolute() and given.is_relative_to(folder):
        return given.relative_to(folder).as_posix()
    return path


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        raise AfterpushError(f"merging three files: cannot read {path}: {error.strerror}") from error
