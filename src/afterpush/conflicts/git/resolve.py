"""Resolving the shared documents in the middle of a merge, rebase, cherry-pick or stash pop.

The plan is made from the stages in git's index, not from the file with markers: what a broken driver or
an editor left in the work tree takes no part. The work tree is only written where it is as git left it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.conflicts.git.sides import Sides, name_sides
from afterpush.conflicts.git.untouched import is_as_git_left_it
from afterpush.conflicts.kinds.file_kinds import Kind, kind_of
from afterpush.conflicts.merge import Merged, merge_document
from afterpush.infra.git.objects import read_blob
from afterpush.infra.git.unmerged import Operation, Unmerged, operation_under_way, unmerged
from afterpush.text.find_markers import marker_lines

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents


class Action(Enum):
    """What happens to a path."""

    STAGE = "resolved"
    REGENERATE = "regenerate"
    MARK = "in conflict"
    LEAVE = "left alone"


@dataclass(frozen=True)
class Step:
    """What is decided for one path, and why: `reasons` keep it open, `decisions` closed it."""

    path: str
    action: Action
    mode: str = "100644"
    content: bytes = b""
    decisions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    regenerate: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Every unmerged path of a worktree with what is to happen to it."""

    operation: Operation | None
    sides: Sides
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """What git is in the middle of, in its own word."""
        return self.operation.value if self.operation else "stash pop"


def plan_resolution(repo: Path, documents: "Documents", *, renumber: bool = False) -> Plan:
    """Decides for every unmerged path of the worktree at `repo`; changes nothing."""
    operation = operation_under_way(repo)
    sides = name_sides(repo, operation)
    steps = tuple(_decide(repo, entry, documents, sides, renumber=renumber) for entry in unmerged(repo))
    return Plan(operation, sides, steps)


def _decide(repo: Path, entry: Unmerged, documents: "Documents", sides: Sides, *, renumber: bool) -> Step:
    kind = kind_of(entry.path, documents)
    why_not = _not_ours_to_merge(entry, kind, sides)
    if why_not:
        return Step(entry.path, Action.LEAVE, reasons=(why_not,))
    assert entry.ours is not None and entry.theirs is not None
    texts = (
        read_blob(repo, entry.base.oid) if entry.base else None,
        read_blob(repo, entry.ours.oid),
        read_blob(repo, entry.theirs.oid),
    )
    merge = partial(merge_document, *texts, path=entry.path, documents=documents, labels=sides.labels)
    merged = merge(renumber=renumber)
    # Without --renumber it has perhaps been resolved before: that text is ours, and no edit.
    known = {merged.text, merge(renumber=False).text} if renumber else {merged.text}
    if not any(is_as_git_left_it(repo, entry, text) for text in known):
        return Step(entry.path, Action.LEAVE, reasons=(_edited(entry.path),))
    return _step(entry, merged)


def _step(entry: Unmerged, merged: Merged) -> Step:
    mode = _merged_mode(entry)
    if merged.regenerate is not None:
        return Step(
            entry.path,
            Action.REGENERATE,
            mode,
            merged.text,
            merged.resolved,
            merged.reasons,
            merged.regenerate,
        )
    left = marker_lines(merged.text)
    if merged.is_clean and left:
        return Step(
            entry.path, Action.LEAVE, reasons=(f"line {left[0]} is a conflict marker of an earlier merge",)
        )
    if merged.is_clean:
        decisions = (*merged.resolved, *merged.warnings) or ("both sides' changes fit together",)
        return Step(entry.path, Action.STAGE, mode, merged.text, decisions)
    return Step(entry.path, Action.MARK, mode, merged.text, merged.resolved, merged.reasons)


def _not_ours_to_merge(entry: Unmerged, kind: Kind, sides: Sides) -> str | None:
    if entry.ours is None and entry.theirs is None:
        return "deleted or renamed on both sides: decide with git rm or git add"
    if entry.ours is None or entry.theirs is None:
        deleter, editor = (sides.ours, sides.theirs) if entry.ours is None else (sides.theirs, sides.ours)
        return f"deleted by {deleter}, changed by {editor}: keep it with git add, or let it go with git rm"
    if not all(side.is_file for side in (entry.base, entry.ours, entry.theirs) if side):
        return "a symbolic link or submodule: decide with git checkout --ours or --theirs, then git add it"
    if kind is Kind.OTHER:
        return "no shared document: resolve it by hand, then git add it"
    return None


def _edited(path: str) -> str:
    return (
        f"edited by hand since git stopped: when it is right, git add {path}; "
        f"to have it resolved again, git checkout --merge -- {path}"
    )


def _merged_mode(entry: Unmerged) -> str:
    """The executable bit by the three-way rule; ours where both sides set it differently."""
    assert entry.ours is not None and entry.theirs is not None
    if entry.base and entry.ours.mode == entry.base.mode:
        return entry.theirs.mode
    return entry.ours.mode


def open_paths(steps: Sequence[Step]) -> set[str]:
    """The paths that stay unmerged whatever happens to lock files."""
    return {step.path for step in steps if step.action in (Action.MARK, Action.LEAVE)}
