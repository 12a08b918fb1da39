"""Merging three files that a user names: the work of `conflicts.merge`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.conflicts.merge import Merged, merge_document
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents


@dataclass(frozen=True)
class FileMerge:
    """The merged text with everything that is to be said about it."""

    merged: Merged

    @property
    def text(self) -> bytes:
        return self.merged.text

    @property
    def is_clean(self) -> bool:
        return self.merged.is_clean

    @property
    def said(self) -> str:
        """Reasons and warnings, a line each."""
        return "\n".join((*self.merged.reasons, *self.merged.warnings))

    @property
    def document(self) -> dict[str, Any]:
        return {
            "clean": self.is_clean,
            "text": self.text.decode("utf-8", "replace"),
            "reasons": self.merged.reasons,
            "warnings": self.merged.warnings,
            "resolved": self.merged.resolved,
        }


def merge_files(
    base: Path,
    ours: Path,
    theirs: Path,
    *,
    path: str,
    documents: "Documents",
    renumber: bool,
    marker_size: int,
) -> FileMerge:
    """Merges three files as versions of the document `path`. Raises AfterpushError for an unreadable one."""
    merged = merge_document(
        _read(base) or None,
        _read(ours),
        _read(theirs),
        path=path,
        documents=documents,
        renumber=renumber,
        marker_size=marker_size,
    )
    return FileMerge(merged)


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
