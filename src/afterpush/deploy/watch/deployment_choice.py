"""Which deployment speaks for a commit, and what it says: pure, from what the platform showed.

In this order:
1. What is active carries our commit in all its components: live, whatever made that deployment.
2. What is active carries a later commit that contains ours: live, in that one.
3. Else our own deployment decides: the first that went live, else the latest try. One of a later commit that
   contains ours speaks where there is none (two commits in one push).
Where a push is known, only deployments made since count. Example, oldest first, active in brackets:

    ours ERROR, ours again [ACTIVE], ours AUTOSCALED ERROR   -> live; the autoscaler's failure is a remark
    ours SUPERSEDED, newer [ACTIVE]                          -> live in newer, if git knows it contains ours
    ours SUPERSEDED, older MANUAL_ROLLBACK [ACTIVE]          -> rolled back
    ours CANCELED at 9:00:00, newer made at 9:00:01          -> superseded by newer
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afterpush.deploy.watch.facts import NotYet, RolledBack, Seen, Serving, Successor
from afterpush.digitalocean.deployed_commits import Carried
from afterpush.digitalocean.deployment import MANUAL_ROLLBACK, Deployment, Spec
from afterpush.digitalocean.steps import Phase, phase_of
from afterpush.infra.clock import utc_time

# What takes the place of a canceled deployment is made within seconds of the cancelation.
REPLACED_WITHIN_SECONDS = 10.0
SETTLED_AFTER_SECONDS = 5.0
SOURCE = "platform"


@dataclass(frozen=True)
class Shown:
    """What the platform showed. `since` is when our push began, and `now`, both in the platform's time."""

    deployments: Sequence[Deployment]
    active_id: str | None
    spec: Spec | None
    carried: Callable[[Deployment], Carried]
    now: float
    since: float | None = None


def speaks(shown: Shown) -> Seen | Serving | RolledBack | NotYet:
    """The fact about our commit; NotYet where no deployment speaks for it."""
    return _Timeline(shown).fact()


class _Timeline:
    """The deployments in the order in which they were made."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._all = sorted(shown.deployments, key=lambda deployment: deployment.created or 0)
        self._since_push = [one for one in self._all if self._is_since_push(one)]
        self._active = next((one for one in self._all if one.id == shown.active_id), None)

    def fact(self) -> Seen | Serving | RolledBack | NotYet:
        active = self._active if self._active in self._since_push else None
        own = [one for one in self._since_push if self._is_ours(one)]
        tries = [one for one in own if not one.is_rollback] or own
        if active and active in own:
            return Seen(SOURCE, active, remarks=self._after(active, own))
        if active and self._shown.carried(active).contains_ours:
            return self._contained(active, tries)
        if not tries:
            tries = [
                one
                for one in self._since_push
                if not one.is_rollback and self._shown.carried(one).contains_ours
            ]
        return self._of_try(self._speaker(tries)) if tries else self._silent()

    def _is_since_push(self, deployment: Deployment) -> bool:
        since, created = self._shown.since, deployment.created
        return since is None or created is None or created >= since

    def _is_ours(self, deployment: Deployment) -> bool:
        return self._shown.carried(deployment).is_ours

    def _went_live(self, deployment: Deployment) -> bool:
        phase = phase_of(deployment.phase)
        return phase is Phase.ACTIVE or (
            phase is Phase.SUPERSEDED and deployment.is_wholly_successful(self._shown.spec)
        )

    def _later(self, deployment: Deployment) -> list[Deployment]:
        return self._all[self._all.index(deployment) + 1 :]

    def _others_live(self, deployment: Deployment) -> list[Deployment]:
        """The later ones of other commits that went live."""
        mine = self._shown.carried(deployment).sha
        return [
            one
            for one in self._later(deployment)
            if self._went_live(one) and self._shown.carried(one).sha != mine
        ]

    def _speaker(self, tries: list[Deployment]) -> Deployment:
        """Of the tries since another commit was live the first that went live, else the latest."""
        others = self._others_live(tries[0])
        later = [one for one in tries if others and self._all.index(one) > self._all.index(others[-1])]
        tries = later or tries
        return next(filter(self._went_live, tries), tries[-1])

    def _of_try(self, speaker: Deployment) -> Seen | RolledBack:
        carried, phase = self._shown.carried(speaker), phase_of(speaker.phase)
        contained_in = None if carried.is_ours else carried.sha
        if phase is Phase.CANCELED:
            return self._canceled(speaker, contained_in)
        if phase is not Phase.SUPERSEDED:
            return Seen(SOURCE, speaker, contained_in=contained_in)
        others, went_live = self._others_live(speaker), self._went_live(speaker)
        back = next((one for one in others[::-1] if one.type == MANUAL_ROLLBACK), None)
        if went_live and back and self._runs_still(back) and not self._is_first_after(speaker, back):
            return RolledBack(SOURCE, speaker, self._successor(back), back.phase_since)
        by = others[:1] or [one for one in self._later(speaker) if not self._is_ours(one)][:1]
        if went_live:
            by = others[:1]
        successor = self._successor(by[0]) if by else None
        return Seen(SOURCE, speaker, successor, went_live=went_live, contained_in=contained_in)

    def _runs_still(self, back: Deployment) -> bool:
        """Whether production runs what a rollback brought: it, or a restart of it."""
        active = self._active
        return active is None or self._shown.carried(active).sha == self._shown.carried(back).sha

    def _is_first_after(self, speaker: Deployment, back: Deployment) -> bool:
        """Whether a rollback went to a commit that was first deployed after ours: then it is a newer one."""
        sha = self._shown.carried(back).sha
        first = next(one for one in self._all if self._shown.carried(one).sha == sha)
        return not first.is_rollback and first in self._later(speaker)

    def _canceled(self, speaker: Deployment, contained_in: str | None) -> Seen:
        ended_at = speaker.phase_since or speaker.created or 0.0
        near = [
            one
            for one in self._later(speaker)
            if (one.created or 0) <= ended_at + REPLACED_WITHIN_SECONDS and not self._is_ours(one)
        ]
        newer = next((one for one in near if not self._is_older(one)), None)
        remark = None
        if newer is None and near and near[0].user_action == "UPDATE_SPEC":
            remark = "a changed spec took its place and keeps the older code: deploy it again"
        return Seen(
            SOURCE,
            speaker,
            self._successor(newer) if newer else None,
            contained_in=contained_in,
            is_settled=newer is not None or self._shown.now - ended_at >= SETTLED_AFTER_SECONDS,
            remarks=(remark,) if remark else (),
        )

    def _is_older(self, deployment: Deployment) -> bool:
        """Whether it brings no newer commit. One that names no commit does so only by a push."""
        carried = self._shown.carried(deployment)
        if deployment.is_rollback:
            return True
        return carried.is_older if carried.built else deployment.type not in ("", "DEPLOY_ON_PUSH")

    def _contained(self, active: Deployment, tries: list[Deployment]) -> Serving:
        speaker = self._speaker(tries) if tries else None
        within = self._shown.carried(active).sha
        by = None
        remark: tuple[str, ...] = ()
        if speaker and phase_of(speaker.phase) in (Phase.SUPERSEDED, Phase.CANCELED):
            seen = self._of_try(speaker)
            by = seen.successor.sha if isinstance(seen, Seen) and seen.successor else within
        elif speaker and phase_of(speaker.phase) is Phase.ERROR:
            remark = ("its own deployment failed",)
        return Serving(SOURCE, within, by, active, speaker, remark)

    def _after(self, active: Deployment, own: list[Deployment]) -> tuple[str, ...]:
        """What else is known of deployments of our commit: sentences, never its verdict."""
        remarks = []
        if active.is_rollback:
            who = "somebody" if active.type == MANUAL_ROLLBACK else "the platform"
            remarks.append(f"{who} went back to it")
        for one in own[own.index(active) + 1 :]:
            if one.phase == Phase.ERROR:
                at = f" at {utc_time(one.phase_since, self._shown.now)}" if one.phase_since else ""
                remarks.append(f"{_what(one)} failed{at} and changed nothing")
            elif not phase_of(one.phase).is_final:
                remarks.append(f"{_what(one)} is under way ({one.phase})")
        return tuple(remarks)

    def _silent(self) -> NotYet:
        active = self._active
        if active is None:
            return NotYet(SOURCE)
        carried = self._shown.carried(active)
        if carried.is_ours:
            return NotYet(SOURCE, standing=active)
        mixed = f"production is mixed: {carried.told()}" if carried.is_partly_ours else None
        return NotYet(SOURCE, doubt=mixed)

    def _successor(self, deployment: Deployment) -> Successor:
        return Successor(deployment.id, self._shown.carried(deployment).sha)


_WHAT = {
    "AUTOSCALED": "a later deployment of it by the autoscaler",
    "MAINTENANCE": "maintenance by the platform",
    "UPDATE_DATABASE_TRUSTED_SOURCES": "a later deployment of it for a database's trusted sources",
    "RESTART": "a restart",
    "UPDATE_SPEC": "a changed spec",
}


def _what(deployment: Deployment) -> str:
    return _WHAT.get(deployment.type) or _WHAT.get(deployment.user_action) or "a later deployment of it"
