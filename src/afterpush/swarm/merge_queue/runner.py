"""Running the queue: plan, write down, act, again. A crash between any two of these changes no result."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.git import is_ancestor
from afterpush.swarm.merge_queue import transitions
from afterpush.swarm.merge_queue.candidates import Composer
from afterpush.swarm.merge_queue.checks import Checked, CheckEngine
from afterpush.swarm.merge_queue.landing import Lander, Terms
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.merge_queue.model import Candidate, Queue
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


@dataclass
class _Running:
    check: Check
    future: "Future[Checked]"
    cut: threading.Event


@dataclass
class Runner:
    """Runs a queue. `halted` says afterwards why branches wait that nothing can be done for.

    `is_main_red`: because main fails the check, which no branch of these mends.
    """

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
    is_main_red: bool = False
    _running: dict[str, _Running] = field(default_factory=dict)
    _count: int = 0

    def run(self, until: Callable[[Queue], bool] = lambda queue: not queue.waiting) -> None:
        """Goes on until the queue is as wanted, nothing can be done, or `is_stopped` says so."""
        self.halted, self.is_main_red = "", False
        self._lander = Lander(
            self.repo, self.store, self.mainline, self.clock, self.terms, self.races, self.redact
        )
        planner = Planner(self.composer, self.engine is not None, self.places, self.doubts_contained)
        with self._pool() as pool, self._landing():
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
    def _landing(self) -> Iterator[None]:
        """However the run ends, what the server refused is judged."""
        try:
            yield
        finally:
            self._lander.judge_refusals()
            self.halted = self.halted or self._lander.halted

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
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
            self._lander.note_landed(Candidate(landing.base, "", landing.links))
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
                self.is_main_red = True
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

    def _landed(self, candidate: Candidate, main: str) -> str:
        held = self.terms.hold()
        if held is None:
            self._lander.land(candidate, main)
            self.halted = self._lander.halted
            return self.mainline.tip
        self.halted = held
        if not held:
            self._wake.wait(_LOOK_SECONDS * 5)
        return main
