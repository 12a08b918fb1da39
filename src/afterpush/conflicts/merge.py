"""The three-way merge of one file: the kind of file decides how."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from afterpush.conflicts.outcome import Merged
from afterpush.ground.git.merging import LABELS, MARKER_SIZE, merge_file

if TYPE_CHECKING:
    from afterpush.ground.settings import Documents

__all__ = ["Merged", "merge_document"]


def merge_document(
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    *,
    path: str,
    documents: "Documents",
    renumber: bool = False,
    labels: Sequence[str] = LABELS,
    marker_size: int = MARKER_SIZE,
) -> Merged:
    """Merges the three texts of `path` (relative to the root); `base` is None for a file that both added.

    `labels` name the sides in markers: (ours, base, theirs). With `renumber`, the second of two tasks that
    were minted under one new ID gets a free one. Never raises for content: what cannot be merged by
    meaning is merged by `git merge-file`.
    """
    if ours == theirs or theirs == base:
        return Merged(ours, is_clean=True)
    if ours == base:
        return Merged(theirs, is_clean=True)
    plain = merge_file(base or b"", ours, theirs, labels=labels, marker_size=marker_size)
    reasons = () if plain.is_clean else (f"{path}: both sides changed the same lines",)
    return Merged(plain.text, plain.is_clean, reasons)
