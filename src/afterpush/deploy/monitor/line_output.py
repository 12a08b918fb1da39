"""The watch as lines: one for each change, for logs, pipes and agents."""

from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.states import Finished, State, Watching
from afterpush.digitalocean.steps import FAILURE, Step
from afterpush.infra.clock import duration, rfc3339
from afterpush.infra.invocation import program


def changes(before: State | None, now: State) -> list[str]:
    """What is new since the state before, as lines without a time stamp."""
    if isinstance(now, Finished):
        return [verdict_line(now)]
    earlier = before if isinstance(before, Watching) else None
    return [*_phase_change(earlier, now), *_step_changes(earlier, now), *_trouble_change(earlier, now)]


def verdict_line(state: Finished) -> str:
    """The last line: the verdict in capitals, and our sentence."""
    return f"{state.verdict.value.upper()}: {state.message}"


def still(state: Watching, estimate_seconds: float | None) -> str:
    """A sign of life: what it waits for, since when, and how long that usually takes."""
    usually = f"; usually live after {duration(estimate_seconds)}" if estimate_seconds else ""
    what = state.phase or f"waiting for a deployment of {state.sha[:7]}"
    return f"  still {what} after {duration(state.now - state.started_at)}{usually}"


def stamped(line: str, at: float) -> str:
    """A line of a log: the time (UTC), then the line."""
    return f"{rfc3339(at)}  {line}"


def _phase_change(before: Watching | None, now: Watching) -> list[str]:
    if now.phase is None:
        return [] if before else [f"waiting for a deployment of {now.sha[:7]} to appear"]
    if before and before.phase == now.phase and before.source == now.source:
        return []
    assert now.deployment
    elapsed = duration(now.now - now.started_at)
    line = f"{now.phase} after {elapsed}, seen by {now.source}"
    if before is None or before.deployment is None:
        cause = f" ({now.deployment.cause})" if now.deployment.cause else ""
        line += f": deployment {now.deployment.id}{cause}"
    return [line]


def _step_changes(before: Watching | None, now: Watching) -> list[str]:
    earlier = _statuses(before)
    return [
        f"  {status.lower():8} {title}"
        for title, status in _statuses(now).items()
        if earlier.get(title) != status and status in ("RUNNING", "SUCCESS", FAILURE)
    ]


def _statuses(state: Watching | None) -> dict[str, str]:
    steps = state.deployment.steps if state and state.deployment else ()
    return {step.title: step.status or "UNKNOWN" for top in steps for step in _leaves(top)}


def _leaves(step: Step) -> list[Step]:
    return [inner for inner in step.walk() if not inner.steps]


def _trouble_change(before: Watching | None, now: Watching) -> list[str]:
    if now.troubles and (before is None or before.troubles != now.troubles):
        return [f"  {'; '.join(now.troubles)}"]
    if before and before.silent_looks and not now.silent_looks:
        return [f"  {now.source} answers again"]
    return []


def how_to_go_on(sha: str, verdict: Verdict) -> str | None:
    """What to type after this verdict, or None when nothing is left to do."""
    short = sha[:7]
    match verdict:
        case Verdict.STOPPED:
            return (
                f"the deployment goes on by itself; watch it again: {program()} deploy.monitor --sha={short}"
            )
        case Verdict.TIMEOUT:
            return f"it may still end; watch on: {program()} deploy.monitor --sha={short} --timeout=1800"
        case Verdict.FAILED:
            called = program()
            return f"more: {called} deploy.explain --sha={short}   logs: {called} deploy.logs --sha={short}"
        case Verdict.UNREACHABLE:
            return f"check what can be reached: {program()} env.check"
        case _:
            return None
