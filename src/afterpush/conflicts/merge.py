"""The three-way merge of one file: the kind of file decides how."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from afterpush.conflicts.kinds import Kind, json_rules, kind_by_content, kind_of, lock_rule
from afterpush.conflicts.outcome import Merged
from afterpush.infra.git.merge_file import LABELS, MARKER_SIZE, merge_file

if TYPE_CHECKING:
    from afterpush.infra.settings import Documents

__all__ = ["Merged", "has_markers", "merge_document"]

_DOCUMENTS = (Kind.ROADMAP, Kind.SESSIONS, Kind.SESSION_FILE)


def has_markers(data: bytes, marker_size: int = MARKER_SIZE) -> bool:
    """Whether a text holds conflict markers: a line of seven `<` or `>` and a label."""
    size = str(marker_size).encode()
    return re.search(rb"^(?:<{%b}|>{%b})(?:[ \t\r]|$)" % (size, size), data, re.M) is not None


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
    meaning is merged by `git merge-file`. A path that no glob matches is judged by its content.
    """
    if ours in (theirs, base) or theirs == base:
        return _one_side(theirs if ours == base else ours, path, marker_size)
    texts = (base or b"", ours, theirs)
    if any(b"\0" in text for text in texts):
        return _whole(ours, theirs, path, labels, marker_size)
    if any(has_markers(text, marker_size) for text in texts):
        reason = f"{path}: an input already holds conflict markers; resolve those first"
        return _plain(texts, reason, labels, marker_size, is_refused=True)
    kind = kind_of(path, documents)
    if kind is Kind.LOCK_FILE:
        return _lock_file(ours, path, lock_rule(path, documents) or ())
    if kind is Kind.JSON:
        return _json(texts, path, json_rules(path, documents), labels, marker_size)
    if kind is Kind.OTHER:
        kind = kind_by_content(path, theirs)
    if kind not in _DOCUMENTS:
        return _plain(texts, f"{path}: both sides changed the same lines", labels, marker_size)
    return _document(base, ours, theirs, path, kind, labels, marker_size, renumber=renumber)


def _one_side(text: bytes, path: str, marker_size: int) -> Merged:
    """The answer where only one side changed (or both alike): that side, byte for byte."""
    warnings = (f"{path}: the text holds conflict markers",) if has_markers(text, marker_size) else ()
    return Merged(text, is_clean=True, warnings=warnings)


def _document(
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    path: str,
    kind: Kind,
    labels: Sequence[str],
    marker_size: int,
    *,
    renumber: bool,
) -> Merged:
    # Not at the top: what only one side changed, and other kinds of files, need none of it.
    from afterpush.conflicts.documents import Style, merge_both_added, merge_by_meaning

    style, is_roadmap = Style(labels, marker_size), kind is Kind.ROADMAP
    try:
        if not base:
            return merge_both_added(ours, theirs, path, is_roadmap=is_roadmap, style=style)
        return merge_by_meaning(base, ours, theirs, is_roadmap=is_roadmap, renumber=renumber, style=style)
    except Exception as error:  # noqa: BLE001 - never worse than git: a bug must not stand in a merge's way
        said = f"{path}: the merge by meaning failed ({type(error).__name__}: {error}); plain git merged it"
        plain = _plain((base or b"", ours, theirs), said, labels, marker_size)
        return Merged(plain.text, plain.is_clean, plain.reasons, (said,))


def _plain(
    texts: tuple[bytes, bytes, bytes],
    reason: str,
    labels: Sequence[str],
    marker_size: int,
    *,
    is_refused: bool = False,
) -> Merged:
    """What `git merge-file` makes of the texts; `is_refused` even when it finds no conflict."""
    merged = merge_file(*texts, labels=labels, marker_size=marker_size)
    is_clean = merged.is_clean and not is_refused
    return Merged(merged.text, is_clean, () if is_clean else (reason,))


def _json(
    texts: tuple[bytes, bytes, bytes],
    path: str,
    rules: Mapping[str, str],
    labels: Sequence[str],
    marker_size: int,
) -> Merged:
    from afterpush.conflicts.json_rules import UndecidedError, merge_json

    try:
        text, said = merge_json(*texts, rules)
    except UndecidedError as error:
        return _plain(texts, f"{path}: {error}", labels, marker_size)
    return Merged(text, True, resolved=tuple(f"{path}: {sentence}" for sentence in said))


def _whole(ours: bytes, theirs: bytes, path: str, labels: Sequence[str], marker_size: int) -> Merged:
    """Both texts whole between markers: git merges no binary content, and a bare "ours" would lose a side."""
    size = marker_size

    def ended(text: bytes) -> bytes:
        return text if not text or text.endswith(b"\n") else text + b"\n"

    parts = (b"<" * size, b" ", labels[0].encode(), b"\n", ended(ours), b"=" * size, b"\n", ended(theirs))
    text = b"".join((*parts, b">" * size, b" ", labels[-1].encode(), b"\n"))
    return Merged(text, False, (f"{path}: binary content on both sides",))


def _lock_file(ours: bytes, path: str, command: tuple[str, ...]) -> Merged:
    """One side of a lock file, whole: its owner makes it anew from what is merged beside it."""
    cure = (
        f"run `{' '.join(command)}` beside it to make it anew" if command else "make it anew with its owner"
    )
    said = f"{path}: both sides changed it, ours was taken whole; {cure}"
    return Merged(ours, True, warnings=(said,), resolved=(said,), regenerate=command)
