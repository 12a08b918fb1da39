"""The state of a checkbox, and the status beside a title."""

from afterpush.conflicts.kinds.three_way import three_way
from afterpush.roadmap.status import Status, are_opposed, checkbox_status, find_status


def merge_marks(base: str | None, ours: str, theirs: str) -> str | None:
    """The state of a checkbox or the status beside a title: three-way, else the further one.

    None where one went forward and the other back, or where one is cancelled or blocked.
    """
    decided = three_way(base, ours, theirs)
    if decided is not None:
        return decided
    states = [_state(mark) for mark in (base or "", ours, theirs)]
    if not base and not (ours and theirs):
        return ours or theirs
    if states[1] is states[2]:
        return max(ours, theirs, key=lambda mark: (len(mark), mark))
    if states[1].rank is None or states[2].rank is None or (base and are_opposed(*states)):
        return None
    return ours if states[1].rank > states[2].rank else theirs


def _state(mark: str) -> Status:
    return checkbox_status(mark) if len(mark) == 1 and mark in " ~/xX-" else find_status(mark).status
