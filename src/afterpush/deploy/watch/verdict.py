"""The rules of a watch, all of them pure: a state and a fact in, the next state out."""

from dataclasses import replace

from afterpush.deploy.watch.facts import (
    Fact,
    Finished,
    Inconclusive,
    Limits,
    NotYet,
    RolledBack,
    Seen,
    Serving,
    Silence,
    State,
    Vanished,
    Verdict,
    Watching,
)
from afterpush.digitalocean.deployment import Deployment
from afterpush.digitalocean.steps import Phase, phase_of
from afterpush.infra.clock import duration, rfc3339, utc_time

VANISHED_AFTER_MISSES = 3
VANISHED_AFTER_SECONDS = 10.0


def begin(sha: str, now: float) -> Watching:
    """The state before the first look."""
    return Watching(sha=sha, started_at=now, now=now)


def next_state(state: Watching, fact: Fact, now: float, limits: Limits) -> State:
    """What is known after one more look; a verdict as soon as there is one, and never before."""
    match fact:
        case Seen():
            known = _answered(state, fact.source, now, deployment=fact.deployment)
            if phase_of(fact.deployment.phase).is_final and not fact.is_settled:
                return _within_limits(replace(known, ended=fact), limits)
            return _judged(known, fact) or _within_limits(known, limits)
        case Serving():
            return _served(_answered(state, fact.source, now, deployment=fact.deployment), fact)
        case RolledBack():
            return _rolled_back(_answered(state, fact.source, now, deployment=fact.deployment), fact)
        case NotYet():
            return _not_yet(_answered(state, fact.source, now), fact, limits)
        case Vanished():
            return _vanished(state, fact, now) or _within_limits(_missed(state, now), limits)
        case Inconclusive():
            known = _answered(state, fact.source, now)
            return _within_limits(replace(known, troubles=(fact.detail,)), limits)
        case Silence():
            return _silent(state, fact, now, limits)


def _answered(state: Watching, source: str, now: float, deployment: Deployment | None = None) -> Watching:
    shown = deployment or state.deployment
    phases = state.phases
    if deployment and (not phases or phases[-1][0] != deployment.phase):
        phases = (*phases, (deployment.phase, now))
    return replace(
        state,
        now=now,
        answered_at=now,
        source=source,
        deployment=shown,
        phases=phases,
        misses=0,
        missing_since=None,
        troubles=(),
        silent_looks=0,
        ended=None,
    )


def _judged(known: Watching, fact: Seen) -> Finished | None:
    """The verdict of a phase that ends a deployment, else None. Unknown phases end nothing."""
    by = fact.successor.sha if fact.successor else None
    within = fact.contained_in
    short = known.sha[:7]
    of = f"of {within[:7]}, which contains {short}," if within else f"of {short}"
    match phase_of(fact.deployment.phase):
        case Phase.ACTIVE:
            verdict, message = Verdict.LIVE, _live(short, within)
        case Phase.SUPERSEDED if fact.went_live:
            then = f"and was then replaced{_by(by)}" if fact.successor else "and its deployment is over"
            where = f" in {within[:7]}, which contains it," if within else ""
            verdict, message = Verdict.LIVE, f"{short} went live{where} {then}"
        case Phase.SUPERSEDED:
            verdict, message = Verdict.SUPERSEDED, f"{short} was superseded{_by(by)}"
        case Phase.CANCELED if fact.successor:
            newer = f"that of {by[:7]}" if by else "a newer one"
            verdict, message = Verdict.SUPERSEDED, f"the deployment {of} was canceled: {newer} began"
        case Phase.CANCELED:
            verdict, message = Verdict.CANCELED, f"the deployment {of} was canceled; none is newer"
        case Phase.ERROR:
            verdict, message = Verdict.FAILED, f"the deployment {of} failed{_why(fact.deployment)}"
        case _:
            return None
    return _finish(known, verdict, _with(message, fact.remarks), by, within)


def _live(short: str, within: str | None) -> str:
    return f"{short} is live in {within[:7]}, which contains it" if within else f"{short} is live"


def _with(message: str, remarks: tuple[str, ...]) -> str:
    return "; ".join((message, *remarks))


def _by(sha: str | None) -> str:
    return f" by {sha[:7]}" if sha else ""


def _why(deployment: Deployment) -> str:
    step = deployment.failure
    if step is None:
        return ""
    code = f" ({step.reason.code})" if step.reason and step.reason.code else ""
    said = f": {' '.join(step.reason.message.split())[:300]}" if step.reason and step.reason.message else ""
    return f" in {step.title!r}{code}{said}"


def _served(known: Watching, fact: Serving) -> Finished:
    message = _live(known.sha[:7], fact.contained_in)
    if fact.contained_in is None:
        message += ": the app itself says so"
    return _finish(known, Verdict.LIVE, _with(message, fact.remarks), fact.superseded_by, fact.contained_in)


def _rolled_back(known: Watching, fact: RolledBack) -> Finished:
    since = f" at {utc_time(fact.at, known.now)}" if fact.at else ""
    to = f"to {fact.to.sha[:7]}" if fact.to.sha else f"to the deployment {fact.to.deployment_id}"
    message = f"{known.sha[:7]} went live, and production was then rolled back by hand {to}{since}"
    return _finish(known, Verdict.ROLLED_BACK, message, fact.to.sha)


def _not_yet(known: Watching, fact: NotYet, limits: Limits) -> State:
    if known.deployment is None:
        waited = known.now - known.started_at
        nothing = f"no deployment of {known.sha[:7]}"
        if fact.never:
            return _nothing_comes(known, fact, f"{nothing} will come: {fact.never}")
        if waited >= max(limits.grace_seconds, fact.wait_seconds):
            doubt = f"; {fact.doubt}" if fact.doubt else ""
            return _nothing_comes(known, fact, f"{nothing} appeared in {duration(waited)}{doubt}")
        if fact.waits_for:
            known = replace(known, troubles=(fact.waits_for,))
    return _within_limits(known, limits)


def _nothing_comes(known: Watching, fact: NotYet, message: str) -> Finished:
    """Nothing new; what was live before the push still is."""
    if fact.standing is None:
        return _finish(known, Verdict.NONE, message)
    live = replace(known, deployment=fact.standing)
    return _finish(live, Verdict.LIVE, f"{known.sha[:7]} is live, as it was before this push; {message}")


def _missed(state: Watching, now: float) -> Watching:
    return replace(
        state,
        now=now,
        misses=state.misses + 1,
        missing_since=now if state.missing_since is None else state.missing_since,
        troubles=("the deployment is not found (404)",),
    )


def _vanished(state: Watching, fact: Vanished, now: float) -> Finished | None:
    known = _missed(state, now)
    since = known.missing_since if known.missing_since is not None else now
    if known.misses < VANISHED_AFTER_MISSES or now - since < VANISHED_AFTER_SECONDS:
        return None
    message = f"the deployment of {state.sha[:7]} has vanished: the platform does not know it any more"
    return _finish(replace(known, source=fact.source), Verdict.NONE, message)


def _silent(state: Watching, fact: Silence, now: float, limits: Limits) -> State:
    known = replace(state, now=now, troubles=fact.failures, silent_looks=state.silent_looks + 1)
    if state.ended and known.silent_looks > 1 and (judged := _judged(known, state.ended)):
        return judged
    nothing_ever = state.answered_at is None and now - state.started_at >= limits.grace_seconds
    if fact.is_final or (nothing_ever and state.deployment is None):
        return _finish(known, Verdict.UNREACHABLE, f"no source could be asked: {'; '.join(fact.failures)}")
    return _within_limits(known, limits)


def _within_limits(known: Watching, limits: Limits) -> State:
    if known.now - known.started_at < limits.timeout_seconds:
        return known
    waited = duration(known.now - known.started_at)
    last = f"its last phase was {known.phase}" if known.phase else "no deployment of it was seen"
    message = f"no verdict on {known.sha[:7]} after {waited}; {last}"
    if known.silent_looks and known.answered_at is not None:
        message += (
            f"; no source has answered since {rfc3339(known.answered_at)} ({'; '.join(known.troubles)})"
        )
    elif known.answered_at is None:
        return _finish(known, Verdict.UNREACHABLE, f"no source could be asked: {'; '.join(known.troubles)}")
    elif known.troubles:
        message += f" ({'; '.join(known.troubles)})"
    return _finish(known, Verdict.TIMEOUT, message)


def _finish(
    known: Watching,
    verdict: Verdict,
    message: str,
    superseded_by: str | None = None,
    contained_in: str | None = None,
) -> Finished:
    return Finished(verdict, message, known.now, known, known.source, superseded_by, contained_in)


def stopped(state: Watching, now: float, by: str) -> Finished:
    """The verdict of a watch that somebody ended."""
    return _finish(
        replace(state, now=now), Verdict.STOPPED, f"the watch of {state.sha[:7]} was stopped by {by}"
    )
