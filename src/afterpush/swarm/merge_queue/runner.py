"""Running the queue: plan, write down, act, again. A crash between any two of these changes no result."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.git import is_ancestor
from afterpush.infra.git.leases import Change, push_changes
from afterpush.swarm.merge_queue import transitions
from afterpush.swarm.merge_queue.candidates import Composer
from afterpush.swarm.merge_queue.checks import Checked, CheckEngine
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.merge_queue.model import Candidate, Cause, Queue
from afterpush.swarm.merge_queue.named_in_log import named_branch
from afterpush.swarm.merge_queue.planner import (
    Bisect,
    Check,
    Evict,
    Halt,
    Land,
    Planner,
    Release,
    Settle,
    Step,
)
from afterpush.swarm.merge_queue.store import Store

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Terms:
    """What has to hold, and what follows, beyond the queue itself.

    `claims`: changes to other refs of the remote that must succeed with main. `lost`: whose claim is somebody
    else's. `hold`: why nothing may land just now; None when it may, "" while that is not known yet. `landed`
    gets the commit that was pushed, and `decided` each branch that will not land.
    """

    claims: Callable[[Sequence[str]], AbstractContextManager[list[Change]]] = lambda names: nullcontext([])
    lost: Callable[[Sequence[str]], Sequence[str]] = lambda names: ()
    hold: Callable[[], str | None] = lambda: None
    landed: Callable[[str], None] = lambda sha: None
    decided: Callable[[str], None] = lambda branch: None


@dataclass
class _Running:
    check: Check
    future: "Future[Checked]"
    cut: threading.Event


@dataclass
class Runner:
    """Runs a queue. `halted` says afterwards why branches wait that nothing can be done for."""

    repo: Path
    store: Store
    mainline: Mainline
    composer: Composer
    engine: CheckEngine | None
    clock: Clock
    terms: Terms = field(default_factory=Terms)
    places: int = 1
    races: int = 10
    doubts_contained: bool = False
    is_stopped: Callable[[], bool] = lambda: False
    redact: Callable[[str], str] = lambda text: text
    halted: str = ""
    _running: dict[str, _Running] = field(default_factory=dict)
    _lost_races: int = 0
    _count: int = 0

    def run(self, until: Callable[[Queue], bool] = lambda queue: not queue.waiting) -> None:
        """Goes on until the queue is as wanted, nothing can be done, or `is_stopped` says so."""
        self.halted, self._lost_races = "", 0
        planner = Planner(self.composer, self.engine is not None, self.places, self.doubts_contained)
        with self._pool() as pool:
            main = self._recovered()
            while not self.is_stopped() and not self.halted:
                queue = self.store.load()
                if until(queue):
                    return
                steps = planner.next_steps(queue, main)
                if not steps:
                    return
                if isinstance(steps[0], Check):
                    main = self._checked(pool, [step for step in steps if isinstance(step, Check)], main)
                else:
                    main = self._acted(steps[0], main)

    @contextmanager
    def _pool(self) -> "Iterator[ThreadPoolExecutor]":
        """Threads for checks; whatever still runs in the end is cut off, and the queue does not show it."""
        self._wake = threading.Event()
        pool = ThreadPoolExecutor(max(1, self.places), thread_name_prefix="check")
        try:
            yield pool
        finally:
            self._cut(list(self._running))
            pool.shutdown(wait=True)
            self._running.clear()
            self.store.update(lambda queue: replace(queue, checking=()))

    def _recovered(self) -> str:
        """Main now; a push that was written down and not reported is looked for on it."""
        main = self.mainline.look()[0]
        landing = self.store.update(lambda queue: replace(queue, checking=())).landing
        if landing and is_ancestor(self.repo, landing.links[-1].commit, main):
            self._note_landed(Candidate(landing.base, "", landing.links))
        elif landing:
            self.store.update(lambda queue: replace(queue, landing=None))
        return main

    def _acted(self, step: Step, main: str) -> str:
        """Main afterwards."""
        match step:
            case Land(candidate):
                return self._landed(candidate, main)
            case Bisect(batch):
                self.store.update(lambda queue: transitions.bisecting(queue, batch))
            case Release(batch):
                self.store.update(lambda queue: transitions.released(queue, batch))
            case Evict():
                self._evict(step)
            case Settle():
                self.store.update(lambda queue: transitions.settled(queue, step))
                self.terms.decided(step.branch)
            case Halt(tree):
                said = self.store.load().results[tree].said
                self.halted = f"{self.mainline.target} itself is red, and no branch mends it: {said}"
        return main

    def _evict(self, step: Evict) -> None:
        result = self.store.load().results[step.tree]
        others = [branch for branch in step.together if branch != step.branch]
        together = f"it fails together with {', '.join(others)}: " if others else ""
        end = f"; {step.branch} stays" + (f"; log: {result.log}" if result.log else "")
        reason = self.redact(f"{together}{result.said}{end}")
        self.store.update(lambda queue: transitions.evicted(queue, step, reason))
        self.terms.decided(step.branch)

    # Checks

    def _checked(self, pool: ThreadPoolExecutor, wanted: Sequence[Check], main: str) -> str:
        """Begins what is wanted, cuts off what is not any more, and waits for the first that ends."""
        by_tree = {check.candidate.tree: check for check in wanted}
        self._cut([tree for tree in self._running if tree not in by_tree])
        fresh = [check for tree, check in by_tree.items() if tree not in self._running]
        if fresh and any(check.is_batch for check in fresh):
            newest = self.mainline.look()[0]
            if newest != main:  # Somebody else has pushed: what is planned would not be what lands.
                return newest
        for check in fresh:
            self._begin(pool, check)
        self._wake.wait(_LOOK_SECONDS)
        self._wake.clear()
        for tree in [tree for tree, running in self._running.items() if running.future.done()]:
            self._collect(self._running.pop(tree))
        return main

    def _begin(self, pool: ThreadPoolExecutor, check: Check) -> None:
        assert self.engine is not None
        self._count += 1
        self.store.update(lambda queue: transitions.started(queue, check))
        cut = threading.Event()
        future = pool.submit(
            self.engine.check, check.candidate, self._count, lambda: cut.is_set() or self.is_stopped()
        )
        future.add_done_callback(lambda _: self._wake.set())
        self._running[check.candidate.tree] = _Running(check, future, cut)

    def _cut(self, trees: Sequence[str]) -> None:
        for tree in trees:
            self._running[tree].cut.set()

    def _collect(self, running: _Running) -> None:
        done, check = running.future.result(), running.check
        if done.is_green is None:
            self.store.update(lambda queue: transitions.ended(queue, check))
            return
        is_green, said, named = done.is_green, self.redact(done.said), ""
        if check.is_batch and not is_green:
            named = named_branch(self.repo, check.candidate, Path(done.log))
        self.store.update(lambda queue: transitions.checked(queue, check, is_green, said, done.log, named))

    # Landing

    def _landed(self, candidate: Candidate, main: str) -> str:
        held = self.terms.hold()
        if held is not None:
            self.halted = held
            if not held:
                self._wake.wait(_LOOK_SECONDS * 5)
            return main
        self.store.update(lambda queue: transitions.intends(queue, candidate))
        target, names = self.mainline.target, candidate.branches
        with self.terms.claims(names) as claims:
            change = Change(target.ref, candidate.commit, candidate.base)
            pushed = push_changes(self.repo, target.remote, [change, *claims], with_hooks=True)
            lost = [] if pushed.landed else self.terms.lost(names)
        if pushed.landed:
            self.mainline.moved_to(candidate.commit)
            self._note_landed(candidate)
        # The remote's answer may be lost on its way: what main is now says what became of the push.
        elif is_ancestor(self.repo, candidate.commit, now := self.mainline.look()[0]):
            self._note_landed(candidate)
        else:
            self._refused(candidate, lost, pushed.said, has_moved=now != main)
        return self.mainline.tip

    def _note_landed(self, candidate: Candidate) -> None:
        name = str(self.mainline.target)
        now = self.clock.now()
        self.store.update(lambda queue: transitions.landed(queue, candidate.links, name, now))
        self._lost_races = 0
        self.terms.landed(candidate.commit)

    def _refused(self, candidate: Candidate, lost: Sequence[str], said: str, *, has_moved: bool) -> None:
        """Nothing has landed: somebody was faster, has taken over a claim, or the server does not want it."""
        if lost:
            reason = "its claim was taken over by another manager; nothing was merged"
            self._drop(lost, Cause.LOST_CLAIM, reason)
        elif has_moved or "lock" in said:
            self._lost_races += 1
            self.store.update(lambda queue: replace(queue, landing=None))
            if self._lost_races >= self.races:
                self.halted = f"lost {self.races} races for {self.mainline.target}"
        elif len(candidate.links) > 1:
            # Which of them it is that the server refuses shows when each comes alone.
            self._landed(replace(candidate, links=candidate.links[:1]), candidate.base)
        else:
            words = [w.removeprefix("remote:").strip() for w in said.splitlines() if w.strip()]
            name = candidate.branches[0]
            reason = self.redact(
                f"{self.mainline.target.remote} refused the merge: "
                f"{' | '.join(words[:3]) or 'no reason given'}; {name} stays"
            )
            self._drop([name], Cause.REFUSED, reason)

    def _drop(self, names: Sequence[str], cause: Cause, reason: str) -> None:
        self.store.update(partial(transitions.dropped, branches=names, cause=cause, reason=reason))
        for name in names:
            self.terms.decided(name)
