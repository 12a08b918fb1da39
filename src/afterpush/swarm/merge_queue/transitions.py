"""How the queue changes with what has happened. Pure: each result is written to disk before the next step."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from afterpush.swarm.merge_queue.model import (
    FIRST_BATCH,
    LARGEST_BATCH,
    MOST_DECIDED,
    MOST_RESULTS,
    Candidate,
    Cause,
    Entry,
    Landing,
    Link,
    Queue,
    RedBatch,
    Result,
    State,
)
from afterpush.swarm.merge_queue.planner import Check, Evict, Settle, batch_of


def added(queue: Queue, entries: Iterable[Entry], *, retry: bool = True) -> Queue:
    """With these branches waiting; one that is known at the same commit keeps its state.

    Unless with `retry` it did not land: then red results are forgotten, as what made them may have gone.
    """
    decided = [entry for entry in queue.entries if not entry.state.is_open]
    known = {entry.branch: entry for entry in (*decided[-MOST_DECIDED:], *queue.waiting)}
    if not queue.waiting:
        queue = replace(queue, check_runs=0, flaky_checks=0, size=FIRST_BATCH, streak=0)
    for entry in entries:
        old = known.get(entry.branch)
        if old and old.sha == entry.sha:
            if old.state.is_good or old.state.is_open or not (retry or old.state is State.REMOVED):
                known[entry.branch] = replace(old, priority=entry.priority)
                continue
            green = {tree: result for tree, result in queue.results.items() if result.is_green}
            queue = replace(queue, results=green)
        known.pop(entry.branch, None)
        known[entry.branch] = entry
    return replace(queue, entries=tuple(known.values()))


def with_check(queue: Queue, check: str) -> Queue:
    """The same queue for another check: what the last one said says nothing any more."""
    if check == queue.check:
        return queue
    entries = tuple(replace(entry, is_proven=False) for entry in queue.entries)
    return replace(queue, check=check, results={}, sound_bases=(), red_batches=(), entries=entries)


def started(queue: Queue, check: Check) -> Queue:
    """A check run is about to begin."""
    branches = set(check.candidate.branches)
    entries = tuple(replace(e, checks=e.checks + (e.branch in branches)) for e in queue.entries)
    checking = (*queue.checking, check.candidate.branches)
    return replace(queue, entries=entries, checking=checking, check_runs=queue.check_runs + 1)


def ended(queue: Queue, check: Check) -> Queue:
    """A check run is over, with or without a result."""
    left = list(queue.checking)
    if check.candidate.branches in left:
        left.remove(check.candidate.branches)
    return replace(queue, checking=tuple(left))


def checked(
    queue: Queue, check: Check, is_green: bool, said: str = "", log: str = "", named: str = ""
) -> Queue:
    """A check run has given a result; `named` is the branch that a red log speaks of."""
    queue, candidate = ended(queue, check), check.candidate
    old = queue.results.get(candidate.tree, Result())
    new = replace(old, greens=old.greens + is_green, reds=old.reds + (not is_green))
    if not is_green:
        new = replace(new, said=said, log=log)
    queue = replace(
        queue,
        results=dict([*queue.results.items(), (candidate.tree, new)][-MOST_RESULTS:]),
        flaky_checks=queue.flaky_checks + (new.is_flaky and not old.is_flaky),
    )
    if is_green:
        shas = {(link.branch, link.sha) for link in candidate.links}
        entries = (replace(e, is_proven=e.is_proven or (e.branch, e.sha) in shas) for e in queue.entries)
        bases = dict.fromkeys((*queue.sound_bases, candidate.base))
        queue = replace(queue, entries=tuple(entries), sound_bases=tuple(bases)[-MOST_RESULTS:])
    if not check.is_batch or not candidate.links:
        return queue
    queue = _adapted(queue, is_green)
    return queue if is_green else bisecting(queue, batch_of(queue, candidate, named))


def _adapted(queue: Queue, is_green: bool) -> Queue:
    """Batches double from the third green one in a row on, and halve from the third red one on.

    After a first red one they are half as large again: its fault is found, and few queues have many. Over all
    pairs of bad branches among 32, these numbers take the fewest check runs.
    """
    streak = max(queue.streak, 0) + 1 if is_green else min(queue.streak, 0) - 1
    size = queue.size
    if streak >= 3:
        size = min(LARGEST_BATCH, size * 2)
    elif streak == -1:
        size = max(size, FIRST_BATCH * 3 // 2)
    elif streak <= -3:
        size = max(1, size // 2)
    return replace(queue, size=size, streak=streak)


def bisecting(queue: Queue, batch: RedBatch) -> Queue:
    return replace(queue, red_batches=(*queue.red_batches, batch))


def released(queue: Queue, batch: RedBatch) -> Queue:
    """What was red together is judged again: as part of other batches, or by the flaky result."""
    return replace(queue, red_batches=tuple(other for other in queue.red_batches if other != batch))


def evicted(queue: Queue, step: Evict, reason: str) -> Queue:
    queue = released(queue, step.batch)
    log = queue.results.get(step.tree, Result()).log or None
    return queue.with_entry(step.branch, state=State.EVICTED, cause=Cause.CHECK, reason=reason, log=log)


def settled(queue: Queue, step: Settle) -> Queue:
    """What needs no check: it is on main already, or can never come there as it is."""
    if step.cause is Cause.CONTAINED:
        return queue.with_entry(
            step.branch, state=State.LANDED, cause=step.cause, reason=step.reason, landed_sha=step.sha
        )
    state = State.CONFLICT if step.cause is Cause.CONFLICT else State.EVICTED
    return queue.with_entry(step.branch, state=state, cause=step.cause, reason=step.reason)


def dropped(queue: Queue, branches: Iterable[str], cause: Cause, reason: str) -> Queue:
    """Branches that the remote would not take, or whose claim is somebody else's."""
    for branch in branches:
        queue = queue.with_entry(branch, state=State.EVICTED, cause=cause, reason=reason)
    return replace(queue, landing=None)


def reinstated(queue: Queue, branches: Iterable[str]) -> Queue:
    """Branches that the remote would not take, though it was not for what they are: they wait again."""
    for branch in branches:
        queue = queue.with_entry(branch, state=State.QUEUED, cause=Cause.NONE, reason="")
    return queue


def intends(queue: Queue, candidate: Candidate) -> Queue:
    """Main is about to be pushed forward."""
    return replace(queue, landing=Landing(candidate.base, candidate.links))


def landed(queue: Queue, links: Sequence[Link], target: str, now: float) -> Queue:
    """Main has been pushed forward by these."""
    head = links[-1]
    result = queue.results.get(head.tree, Result())
    facts = {link.branch: link for link in links}
    entries = []
    for entry in queue.entries:
        link = facts.get(entry.branch)
        if link is None or link.sha != entry.sha:
            entries.append(entry)
            continue
        reason = f"merged into {target} from {entry.branch}"
        if result.is_flaky:
            reason += f"; its check is flaky: red {result.reds} of {result.reds + result.greens} times"
        entries.append(
            replace(
                entry,
                state=State.FLAKY if result.is_flaky else State.LANDED,
                cause=Cause.NONE,
                reason=reason,
                landed_sha=link.commit,
                landed_at=now,
                head=head.commit,
                log=result.log or None,
            )
        )
    return replace(queue, entries=tuple(entries), landing=None)


def removed(queue: Queue, branches: Iterable[str]) -> Queue:
    """Branches that are not to land after all; those that have landed stay."""
    for branch in branches:
        entry = queue.entry(branch)
        if entry and not entry.state.is_good:
            queue = queue.with_entry(branch, state=State.REMOVED, reason="removed from the queue")
    return queue
