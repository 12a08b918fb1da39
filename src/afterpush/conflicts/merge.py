"""The three-way merge of one file: what the file is decides how."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from afterpush.conflicts.kinds.file_kinds import Kind, json_rules, kind_of_text
from afterpush.conflicts.kinds.lock_files import lock_rule
from afterpush.conflicts.outcome import Merged, Style
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.merge_file import LABELS, MARKER_SIZE, merge_file
from afterpush.infra.time_limit import time_limit

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents

__all__ = ["Merged", "has_markers", "merge_document"]

Texts = tuple[bytes, bytes, bytes]
MERGE_SECONDS = 15.0
"""Of computing for one file; what is not read by then is merged by git."""


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

    `labels` name the sides in markers: (ours, base, theirs). With `renumber`, the second of two things that
    were minted under one new ID gets a free one. Never raises for content: what cannot be merged by
    meaning is merged by `git merge-file`.
    """
    if ours in (theirs, base) or theirs == base:
        return _one_side(theirs if ours == base else ours, path, marker_size)
    texts, style = (base or b"", ours, theirs), Style(labels, marker_size)
    if any(b"\0" in text for text in texts):
        return _whole(ours, theirs, f"{path}: binary content on both sides", style)
    if any(has_markers(text, marker_size) for text in texts):
        reason = f"{path}: an input already holds conflict markers; resolve those first"
        return _plain(texts, reason, style, is_refused=True)
    try:
        with time_limit(MERGE_SECONDS, f"{path}: merging it by meaning"):
            kind = kind_of_text(path, texts, documents)
            if kind is Kind.LOCK_FILE:
                return _lock_file(ours, path, lock_rule(path, documents) or ())
            if kind is not Kind.OTHER:
                return _by_meaning(kind, texts, path, documents, style, renumber=renumber)
        return _plain(texts, f"{path}: both sides changed the same lines", style)
    except AfterpushError as error:
        return _plain(texts, f"{error}; plain git merged it", style)
    except Exception as error:  # noqa: BLE001 - never worse than git: a bug must not block a merge
        said = f"{path}: the merge by meaning has a bug ({error!s:.200}); plain git merged it"
        plain = _plain(texts, said, style)
        return Merged(plain.text, plain.is_clean, plain.reasons, (said,))


def _one_side(text: bytes, path: str, marker_size: int) -> Merged:
    """The answer where only one side changed (or both alike): that side, byte for byte."""
    warnings = (f"{path}: the text holds conflict markers",) if has_markers(text, marker_size) else ()
    return Merged(text, is_clean=True, warnings=warnings)


def _by_meaning(
    kind: Kind, texts: Texts, path: str, documents: "Documents", style: Style, *, renumber: bool
) -> Merged:
    # Not at the top: what only one side changed, and other kinds of files, need none of it.
    if kind is Kind.MARKDOWN:
        from afterpush.conflicts.document.markdown import merge_markdown
        from afterpush.conflicts.kinds.sessions import double_claims

        merged = merge_markdown(*texts, style, renumber=renumber)
        return replace(merged, warnings=tuple(double_claims(texts))) if merged.is_clean else merged
    from afterpush.conflicts.records.merge import (
        ChangedAndDeletedError,
        UndecidedError,
        is_readable,
        merge_lines,
        merge_structure,
    )

    try:
        if kind is Kind.LINES:
            return merge_lines(*texts, style)
        return merge_structure(*texts, json_rules(path, documents), is_yaml=kind is Kind.YAML)
    except UndecidedError as error:
        plain = _plain(texts, f"{path}: {error}", style)
        is_yaml = kind is Kind.YAML
        are_read = kind is not Kind.LINES and all(is_readable(text, is_yaml=is_yaml) for text in texts)
        is_broken = are_read and not is_readable(plain.text, is_yaml=is_yaml)
        # Git does not see that a record which was moved is the one that the other side deleted, or that
        # an anchor has another name by now.
        is_missed = plain.is_clean and (is_broken or isinstance(error, ChangedAndDeletedError))
        why = f"what both sides changed does not fit together ({error})" if is_broken else error
        return _whole(texts[1], texts[2], f"{path}: {why}", style) if is_missed else plain


def _plain(texts: Texts, reason: str, style: Style, *, is_refused: bool = False) -> Merged:
    """What `git merge-file` makes of the texts; `is_refused` even when it finds no conflict."""
    merged = merge_file(*texts, labels=style.labels, marker_size=style.marker_size)
    is_clean = merged.is_clean and not is_refused
    return Merged(merged.text, is_clean, () if is_clean else (reason,))


def _whole(ours: bytes, theirs: bytes, reason: str, style: Style) -> Merged:
    """Both texts whole between markers, where git makes none: a bare "ours" would lose a side."""
    size, names = style.marker_size, [label.encode() for label in (style.labels[0], style.labels[-1])]
    mine, yours = (text if not text or text.endswith(b"\n") else text + b"\n" for text in (ours, theirs))
    marks = b"<" * size + b" " + names[0], b"=" * size, b">" * size + b" " + names[1]
    return Merged(marks[0] + b"\n" + mine + marks[1] + b"\n" + yours + marks[2] + b"\n", False, (reason,))


def _lock_file(ours: bytes, path: str, command: tuple[str, ...]) -> Merged:
    """One side of a lock file, whole: its owner makes it again from what is merged next to it."""
    cure = f"run `{' '.join(command)}` there to make it again" if command else "make it again with its owner"
    said = f"{path}: both sides changed it, ours was taken whole; {cure}"
    return Merged(ours, True, warnings=(said,), resolved=(said,), regenerate=command)
