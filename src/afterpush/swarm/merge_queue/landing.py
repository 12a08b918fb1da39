"""Pushing main forward, and what it means when the server does not take it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.git import is_ancestor
from afterpush.infra.git.leases import Change, PushAnswer, PushVerdict, push_changes
from afterpush.swarm.merge_queue import transitions
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.merge_queue.model import FIRST_BATCH, Candidate, Cause
from afterpush.swarm.merge_queue.store import Store


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
class Lander:
    """Lands candidates, for one run of the queue. `halted` says why no further one can land.

    One branch that the server refuses is the reason itself. If it refuses several, each alone, and takes
    none, then it takes nothing just now: what it refused is only known to be at fault once it takes another.
    """

    repo: Path
    store: Store
    mainline: Mainline
    clock: Clock
    terms: Terms
    races: int
    redact: Callable[[str], str]
    halted: str = ""
    _lost_races: int = 0
    _has_landed: bool = False
    _refusals: dict[str, str] = field(default_factory=dict)

    def land(self, candidate: Candidate, main: str) -> None:
        """Pushes main forward by the candidate; queue and `mainline` know afterwards what became of it."""
        self.store.update(lambda queue: transitions.intends(queue, candidate))
        target, names = self.mainline.target, candidate.branches
        with self.terms.claims(names) as claims:
            change = Change(target.ref, candidate.commit, candidate.base)
            answer = push_changes(self.repo, target.remote, [change, *claims], with_hooks=True)
            lost = [] if answer.landed else self.terms.lost(names)
        if answer.landed:
            self.mainline.moved_to(candidate.commit)
            self.note_landed(candidate)
        # The remote's answer may be lost on its way: what main is now says what became of the push.
        elif is_ancestor(self.repo, candidate.commit, now := self.mainline.look()[0]):
            self.note_landed(candidate)
        else:
            self._not_landed(candidate, lost, answer, has_moved=now != main)

    def note_landed(self, candidate: Candidate) -> None:
        """Main has been pushed forward by these, now or before a crash."""
        name, now = str(self.mainline.target), self.clock.now()
        self.store.update(lambda queue: transitions.landed(queue, candidate.links, name, now))
        self._lost_races, self._has_landed = 0, True
        self._tell_refused()
        self.terms.landed(candidate.commit)

    def judge_refusals(self) -> None:
        """At the end of the run: what the server refused stays in the queue if it took nothing at all."""
        if len(self._refusals) > 1:
            self.halted = self._refuses_all()
            refused = tuple(self._refusals)
            self.store.update(lambda queue: transitions.reinstated(queue, refused))
        else:
            self._tell_refused()

    def _not_landed(
        self, candidate: Candidate, lost: Sequence[str], answer: PushAnswer, *, has_moved: bool
    ) -> None:
        """Somebody was faster, has taken over a claim, or the server does not want it."""
        target = self.mainline.target
        if lost:
            reason = "its claim was taken over by another manager; nothing was merged"
            self._drop(lost, Cause.LOST_CLAIM, reason)
            for name in lost:
                self.terms.decided(name)
            return
        if not has_moved and answer.verdict is PushVerdict.REFUSED:
            if len(candidate.links) > 1:
                # Which of them it is that the server refuses shows when each comes alone.
                self.land(replace(candidate, links=candidate.links[:1]), candidate.base)
            else:
                self._refused(candidate.branches[0], self.redact(answer.message or "no reason given"))
            return
        self.store.update(lambda queue: replace(queue, landing=None))
        self._lost_races += 1
        if answer.verdict is PushVerdict.NO_ANSWER and not has_moved:
            said = self.redact(f"pushing to {target}: git says: {answer.message}")
            self.halted = f"{said}; check your access to it, then run it again"
        elif self._lost_races >= self.races:
            self.halted = f"lost {self.races} races for {target}"

    def _refused(self, name: str, words: str) -> None:
        reason = f"{self.mainline.target.remote} refused the merge: {words}; {name} stays"
        self._drop([name], Cause.REFUSED, reason)
        self._refusals[name] = words
        if self._has_landed:
            self._tell_refused()
        elif len(self._refusals) >= FIRST_BATCH:
            self.halted = self._refuses_all()

    def _refuses_all(self) -> str:
        target, words = self.mainline.target, next(iter(self._refusals.values()))
        return (
            f"{target.remote} refused all {len(self._refusals)} branches, each alone, and took none: "
            f"{words}; they stay in the queue: look at its rules for {target.branch}, then run it again"
        )

    def _tell_refused(self) -> None:
        for name in self._refusals:
            self.terms.decided(name)
        self._refusals.clear()

    def _drop(self, names: Sequence[str], cause: Cause, reason: str) -> None:
        self.store.update(partial(transitions.dropped, branches=names, cause=cause, reason=reason))
