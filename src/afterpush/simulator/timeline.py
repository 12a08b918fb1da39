"""What happens on the platform as time goes by: deployments appear, replace one another, end."""

from collections.abc import Callable, Sequence

from afterpush.simulator.deployments import Deployment

RollBack = Callable[[Deployment, float], None]


def advance(deployments: Sequence[Deployment], now: float, replaced_phase: str, roll_back: RollBack) -> None:
    """Lets everything happen that is due by `now`, in the order of its time.

    `roll_back` is called with the deployment that serves and the moment at which a newer one failed; it
    may add a deployment.
    """
    while due := [event for deployment in deployments for event in _events(deployment, now)]:
        at, _, deployment = min(due, key=lambda event: event[:2])
        others = [one for one in deployments if one.app_id == deployment.app_id and one is not deployment]
        if deployment.has_appeared:
            _finish(deployment, others, at, roll_back)
        else:
            _appear(deployment, others, at, replaced_phase)


def _events(deployment: Deployment, now: float) -> list[tuple[float, int, Deployment]]:
    """What happens to it next, if that is due; at equal times an end precedes a birth."""
    if not deployment.has_appeared:
        event = (deployment.created_at, 1, deployment)
    elif deployment.due_at is not None:
        event = (deployment.due_at, 0, deployment)
    else:
        return []
    return [event] if event[0] <= now else []


def _appear(deployment: Deployment, others: Sequence[Deployment], at: float, replaced_phase: str) -> None:
    """It is there; what was in flight gives way to it."""
    deployment.has_appeared = True
    for other in others:
        if other.is_in_flight:
            other.end(replaced_phase, at)
    serving = _serving(others)
    deployment.previous_id = serving.id if serving else None


def _finish(deployment: Deployment, others: Sequence[Deployment], at: float, roll_back: RollBack) -> None:
    """It ends as planned: it takes over from what serves, or what serves is deployed again."""
    ending = deployment.plan.ending or "ERROR"
    deployment.end(ending, at)
    serving = _serving(others)
    if serving and ending == "ACTIVE":
        serving.final, serving.changed_at = "SUPERSEDED", at
    if serving and ending == "ERROR" and deployment.plan.rolls_back:
        roll_back(serving, at)


def _serving(deployments: Sequence[Deployment]) -> Deployment | None:
    return next((one for one in deployments if one.final == "ACTIVE"), None)
