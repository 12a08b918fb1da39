"""The rules of a watch, all of them pure: a state and a fact in, the next state out."""

from dataclasses import replace

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, Seen, Serving, Silence, Vanished, Verdict
from afterpush.deploy.watch.states import Finished, Limits, State, Watching
from afterpush.digitalocean.deployment import Deployment
from afterpush.infra.clock import duration, rfc3339

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
            return _judged(known, fact) or _within_limits(known, limits)
        case Serving():
            return _served(_answered(state, fact.source, now), fact)
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
    )


def _judged(known: Watching, fact: Seen) -> Finished | None:
    """The verdict of a phase that ends a deployment, else None. Unknown phases end nothing."""
    by = fact.successor.sha if fact.successor else None
    short = known.sha[:7]
    match fact.deployment.phase:
        case "ACTIVE":
            return _finish(known, Verdict.LIVE, f"{short} is live")
        case "SUPERSEDED" if fact.deployment.is_wholly_successful:
            then = f"and was then replaced{_by(by)}" if fact.successor else "and its deployment is over"
            return _finish(known, Verdict.LIVE, f"{short} went live {then}", by)
        case "SUPERSEDED":
            return _finish(known, Verdict.SUPERSEDED, f"{short} was superseded{_by(by)}", by)
        case "CANCELED" if fact.successor:
            newer = f"that of {by[:7]}" if by else "a newer one"
            message = f"the deployment of {short} was canceled because {newer} began"
            return _finish(known, Verdict.SUPERSEDED, message, by)
        case "CANCELED":
            return _finish(known, Verdict.CANCELED, f"the deployment of {short} was canceled; none is newer")
        case "ERROR":
            return _finish(known, Verdict.FAILED, f"the deployment of {short} failed{_why(fact.deployment)}")
        case _:
            return None


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
    if fact.superseded_by:
        message = f"{known.sha[:7]} is live, contained in {fact.superseded_by[:7]}"
    else:
        message = f"{known.sha[:7]} is live: the app itself says so"
    return _finish(known, Verdict.LIVE, message, fact.superseded_by)


def _not_yet(known: Watching, fact: NotYet, limits: Limits) -> State:
    if known.deployment is None:
        if fact.never:
            return _finish(known, Verdict.NONE, f"no deployment of {known.sha[:7]} will come: {fact.never}")
        if known.now - known.started_at >= limits.grace_seconds:
            waited = duration(known.now - known.started_at)
            doubt = f"; {fact.doubt}" if fact.doubt else ""
            return _finish(
                known, Verdict.NONE, f"no deployment of {known.sha[:7]} appeared in {waited}{doubt}"
            )
    return _within_limits(known, limits)


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


def _finish(known: Watching, verdict: Verdict, message: str, superseded_by: str | None = None) -> Finished:
    return Finished(verdict, message, known.now, known, known.source, superseded_by)


def stopped(state: Watching, now: float, by: str) -> Finished:
    """The verdict of a watch that somebody ended."""
    return _finish(
        replace(state, now=now), Verdict.STOPPED, f"the watch of {state.sha[:7]} was stopped by {by}"
    )
