"""What to do next, from what is known: which candidate to check, what to land, whom to send away.

Pure: the same queue, main and merges give the same steps, so that a crash at any moment loses only the check
that ran. Candidates are compared by their trees: what was checked once is not checked again, in whichever
order its branches came together, or onto which commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.swarm.merge_queue.bisection import smallest_failing
from afterpush.swarm.merge_queue.model import (
    Candidate,
    Cause,
    Compose,
    Entry,
    Queue,
    RedBatch,
    Result,
)


@dataclass(frozen=True)
class Check:
    """Run the check on this candidate; a batch that turns out red is bisected where it is red."""

    candidate: Candidate
    is_batch: bool = False


@dataclass(frozen=True)
class Land:
    """Push main forward by the candidate's links; its tree is green."""

    candidate: Candidate


@dataclass(frozen=True)
class Bisect:
    """A batch is red: find out which of it are why."""

    batch: RedBatch


@dataclass(frozen=True)
class Release:
    """The red of a batch did not come again: its branches are candidates as before."""

    batch: RedBatch


@dataclass(frozen=True)
class Evict:
    """The branch fails, alone or together with these (itself among them)."""

    branch: str
    together: tuple[str, ...]
    batch: RedBatch
    tree: str


@dataclass(frozen=True)
class Settle:
    """No check can help: it conflicts with main, is in it already, or holds what cannot land."""

    branch: str
    cause: Cause
    reason: str
    sha: str | None = None


@dataclass(frozen=True)
class Halt:
    """Main itself is red, and no branch alone makes it green."""

    tree: str


Step = Check | Land | Bisect | Release | Evict | Settle | Halt


class _Unknown(Exception):
    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate


@dataclass(frozen=True)
class Planner:
    """Plans with or without a check; `places` is how many may run at once.

    With `doubts_contained`, what is on main already counts as landed only if main passes the check.
    """

    compose: Compose
    has_check: bool
    places: int = 1
    doubts_contained: bool = False

    def next_steps(self, queue: Queue, main: str) -> list[Step]:
        """Steps that can be taken now, checks that run already among them; none when all is decided."""
        waiting = queue.waiting
        suspects = {branch for batch in queue.red_batches for branch in batch.branches}
        free = tuple(entry for entry in waiting if entry.branch not in suspects)
        bisected = [step for batch in queue.red_batches for step in self._bisected(queue, batch)]
        if self._is_red(queue, self.compose(main, ()).tree):
            return self._repaired(queue, main, waiting)
        decided: list[Step] = [step for step in bisected if not isinstance(step, Check)]
        checks: list[Step] = [step for step in bisected if isinstance(step, Check)]
        ahead = self._batches(queue, main, free, self.places - len(checks))
        urgent = [*decided, *(step for step in ahead if not isinstance(step, Check))]
        steps = [*checks, *ahead]
        return urgent[:1] or steps[: self.places]

    def _batches(self, queue: Queue, main: str, free: tuple[Entry, ...], places: int) -> list[Step]:
        """The next batch; and while that is checked, the one after it, on top of it."""
        steps: list[Step] = []
        taken = 0
        while taken < len(free):
            start = taken
            taken = _end_of_batch(free, taken, queue.size) if self.has_check else len(free)
            is_ahead = bool(steps) and queue.is_lucky
            candidate = self.compose(main, free[0 if is_ahead else start : taken])
            if not steps:
                settled = self._settled(queue, candidate)
                if settled:
                    return [settled]
                green = self._green_part(queue, candidate)
                if green:
                    return [Land(green)]
            is_small = _unproven(free[start:taken]) < queue.size
            if places <= len(steps) or (is_small and (steps or queue.red_batches)):
                break  # Few branches wait for those that a red batch will set free.
            if candidate.links:
                if self._is_red(queue, candidate.tree):
                    return steps or [Bisect(batch_of(queue, candidate))]
                steps.append(Check(candidate, not is_ahead))
        return steps

    def _settled(self, queue: Queue, candidate: Candidate) -> Step | None:
        for out in candidate.left_out:
            if not out.on_base:
                continue
            if out.cause is Cause.CONTAINED and self.doubts_contained and self.has_check:
                base = Candidate(candidate.base, candidate.base_tree)
                if self._is_red(queue, base.tree):
                    said = queue.results[base.tree].said
                    return Settle(out.branch, Cause.CHECK, f"{out.reason}, but {said}")
                if not self._is_green(queue, base.tree):
                    return Check(base)
            return Settle(out.branch, out.cause, out.reason, out.sha)
        return None

    def _green_part(self, queue: Queue, candidate: Candidate) -> Candidate | None:
        """The longest beginning of a candidate that is known to be green."""
        for count in range(len(candidate.links), 0, -1):
            if self._is_green(queue, candidate.links[count - 1].tree):
                return Candidate(candidate.base, candidate.base_tree, candidate.links[:count])
        return None

    def _bisected(self, queue: Queue, batch: RedBatch) -> list[Step]:
        """The next step towards the smallest failing set of a red batch, on the base where it is red."""
        entries = tuple(filter(None, (queue.entry(branch) for branch in batch.branches)))
        if tuple(e.sha for e in entries) != batch.shas or not all(e.state.is_open for e in entries):
            return [Release(batch)]

        def is_red(members: Sequence[Entry]) -> bool:
            candidate = self.compose(batch.base, tuple(members))
            result = queue.results.get(candidate.tree)
            if result is None:
                raise _Unknown(candidate)
            return not result.is_green

        def check_again() -> bool:
            candidate = self.compose(batch.base, entries)
            result = queue.results.get(candidate.tree, Result())
            if result.greens + result.reds < 2:
                raise _Unknown(candidate)
            return not result.is_green

        try:
            suspects = tuple(entry for entry in entries if entry.branch in batch.suspects)
            named = tuple(entry for entry in entries if entry.branch == batch.named)
            is_known = len(entries) > 1 and named and is_red(named)
            found = named if is_known else smallest_failing(entries, suspects, is_red, check_again)
            # Where everything was red, main itself may be the reason. If nothing else waits, the rest is what
            # is checked next: green, it clears main, and can land.
            is_last = len(entries) == len(queue.waiting)
            rest = tuple(entry for entry in entries if is_last and entry not in found)
            is_cleared = batch.base in queue.sound_bases or (rest and not is_red(rest))
            if not found or (not is_cleared and is_red(())):
                return [Release(batch)]
        except _Unknown as unknown:
            return [Check(unknown.candidate)]
        names = tuple(entry.branch for entry in found)
        return [Evict(names[-1], names, batch, self.compose(batch.base, found).tree)]

    def _repaired(self, queue: Queue, main: str, waiting: tuple[Entry, ...]) -> list[Step]:
        """Main is red: only a branch that makes it green alone may land."""
        checks: list[Step] = []
        for entry in waiting:
            candidate = self.compose(main, (entry,))
            settled = self._settled(queue, candidate)
            if settled and not isinstance(settled, Check):
                return [settled]
            if self._is_green(queue, candidate.tree):
                return [Land(candidate)]
            if candidate.tree not in queue.results:
                checks.append(Check(candidate))
        return checks[: self.places] or ([Halt(self.compose(main, ()).tree)] if waiting else [])

    def _is_green(self, queue: Queue, tree: str) -> bool:
        return not self.has_check or (tree in queue.results and queue.results[tree].is_green)

    def _is_red(self, queue: Queue, tree: str) -> bool:
        return self.has_check and tree in queue.results and not queue.results[tree].is_green


def batch_of(queue: Queue, candidate: Candidate, named: str = "") -> RedBatch:
    """The batch that a red candidate is."""
    shas = tuple(link.sha for link in candidate.links)
    entries = (queue.entry(branch) for branch in candidate.branches)
    suspects = tuple(entry.branch for entry in entries if entry and not entry.is_proven)
    return RedBatch(candidate.base, candidate.branches, shas, suspects, named)


def _unproven(entries: tuple[Entry, ...]) -> int:
    return sum(not entry.is_proven for entry in entries)


def _end_of_batch(free: tuple[Entry, ...], start: int, size: int) -> int:
    """Where the batch from `start` ends: `size` counts only what was in no green candidate yet.

    A rest that would be a small batch of its own comes with it.
    """
    if _unproven(free[start:]) <= size * 3 // 2:
        return len(free)
    for index in range(start, len(free)):
        size -= not free[index].is_proven
        if size < 0:
            return index
    return len(free)
