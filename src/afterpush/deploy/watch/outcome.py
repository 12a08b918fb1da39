"""What a watch ended with, as the document that `--json` prints and the result file holds."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import msgspec

from afterpush.deploy.watch.facts import State, Verdict, Watching
from afterpush.digitalocean.steps import Reason, phase_of
from afterpush.infra.clock import parse_rfc3339, rfc3339, utc_time
from afterpush.infra.errors import AfterpushError, ExitCode

RUNNING: Final = "running"
CRASHED: Final = "crashed"
CONTROL_PANEL = "https://cloud.digitalocean.com"
_MORE_EXIT_CODES = {RUNNING: ExitCode.RUNNING, CRASHED: ExitCode.CRASHED}
# A phase of another name keeps its place between building and deploying.
_ORDER, _BETWEEN = {"PENDING_BUILD": 0, "BUILDING": 1, "PENDING_DEPLOY": 3, "DEPLOYING": 4}, 2


@dataclass(frozen=True)
class InProduction:
    """What production runs."""

    sha: Annotated[str | None, "the commit that production runs; null when its deployment names none"]
    since: Annotated[str | None, "since when, RFC 3339, UTC; null when the platform does not say"]
    deployment_id: Annotated[str, "its deployment"]

    def told(self, now: float) -> str:
        """`b39957c since 14:02 UTC`."""
        name = self.sha[:7] if self.sha else f"the deployment {self.deployment_id}"
        return f"{name} since {utc_time(parse_rfc3339(self.since), now)}" if self.since else name


@dataclass(frozen=True)
class AppTold:
    """What is known of the app itself: its id, its name, its address, and what it runs."""

    id: str | None = None
    name: str | None = None
    live_url: str | None = None
    production: InProduction | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The keys of the contract; `verdict` may also be running or crashed."""

    sha: Annotated[str, "the full sha of the commit"]
    verdict: Annotated[str, "what a watch ended with, or its state"]
    source: Annotated[str | None, "which source reported it; null when none did"] = None
    app: Annotated[str | None, "the app's id; null when no app was asked"] = None
    app_name: Annotated[str | None, "the app's name; null when no app was asked"] = None
    deployment_id: Annotated[
        str | None, "the deployment that speaks for the commit; null when there is none"
    ] = None
    phase: Annotated[
        str | None, "the platform's word for how far it is; null before there is a deployment"
    ] = None
    superseded_by: Annotated[str | None, "full sha of the commit that took its place; null otherwise"] = None
    contained_in: Annotated[
        str | None,
        "full sha of the commit with whose deployment it came, and that contains it; null otherwise",
    ] = None
    ready: Annotated[
        bool | None, "whether this commit answered ready once it was live; null when not asked"
    ] = None
    cause: Annotated[str | None, "the platform's words for what started the deployment"] = None
    reason: Annotated[Reason | None, "of a failure; null otherwise"] = None
    message: Annotated[str, "one sentence for people"]
    production: Annotated[InProduction | None, "what production runs; null when no platform reported it"] = (
        None
    )
    started_at: Annotated[str | None, "begin of the watch, RFC 3339, UTC; null without a watch"] = None
    finished_at: Annotated[str | None, "its end, RFC 3339, UTC; null while it runs"] = None
    elapsed_seconds: Annotated[float, "seconds from the begin of the watch to its end, or to now"] = 0.0
    requests: Annotated[int, "requests to the platform's API, failed ones too, without log downloads"] = 0
    log_path: Annotated[str | None, "the monitor's log; null when no file could be written"] = None
    url: Annotated[str | None, "the deployment's page in the control panel; null when it is not known"] = None
    live_url: Annotated[str | None, "the app's own address; null when no platform reported it"] = None
    author: Annotated[str | None, "who made the commit; null while it is watched"] = None
    subject: Annotated[str | None, "the first line of its message; null while it is watched"] = None
    category: Annotated[str | None, "the category of a failure; null otherwise"] = None
    phases: Annotated[dict[str, float] | None, "seconds in each phase that was seen, in order"] = None
    explanation: Annotated[dict[str, Any] | None, "as `deploy.explain` gives it; null otherwise"] = None

    @property
    def exit_code(self) -> ExitCode:
        more = _MORE_EXIT_CODES.get(self.verdict)
        return more if more is not None else Verdict(self.verdict).exit_code


def outcome(state: State, app: AppTold, *, requests: int, log_path: str | None) -> Outcome:
    """The document about a state; a watch that is under way has the verdict `running`."""
    known, deployment = state.known, state.known.deployment
    so_far = Outcome(
        sha=known.sha,
        verdict=RUNNING,
        source=state.source,
        app=app.id,
        deployment_id=deployment.id if deployment else None,
        phase=known.phase,
        cause=deployment.cause if deployment else None,
        message=_progress_message(known),
        started_at=rfc3339(known.started_at),
        elapsed_seconds=round(state.at - known.started_at, 3),
        requests=requests,
        log_path=log_path,
        phases=phase_seconds(state),
        production=app.production,
        app_name=app.name,
        url=f"{CONTROL_PANEL}/apps/{app.id}/deployments/{deployment.id}" if app.id and deployment else None,
        live_url=app.live_url,
    )
    if isinstance(state, Watching):
        return so_far
    return replace(
        so_far,
        verdict=state.verdict.value,
        superseded_by=state.superseded_by,
        contained_in=state.contained_in,
        reason=deployment.reason if deployment and state.verdict is Verdict.FAILED else None,
        message=state.message,
        finished_at=rfc3339(state.finished_at),
    )


def _progress_message(known: Watching) -> str:
    what = f"its phase is {known.phase}" if known.phase else "no deployment of it has appeared yet"
    return f"{known.sha[:7]} is being watched; {what}"


def phase_seconds(state: State) -> dict[str, float]:
    """Seconds spent in each phase that was seen, in order; final phases take no time.

    Where the platform tells how long a phase took, that counts, also of one that was over at the first look.
    """
    known, spent = state.known, dict[str, float]()
    ends = [*(at for _, at in known.phases[1:]), state.at]
    for (phase, began), end in zip(known.phases, ends, strict=False):
        if not phase_of(phase).is_final:
            spent[phase] = round(spent.get(phase, 0.0) + max(0.0, end - began), 3)
    if not spent or known.deployment is None:
        return spent
    told = {phase: round(seconds, 3) for phase, seconds in known.deployment.phase_seconds.items()}
    return dict(sorted((spent | told).items(), key=lambda entry: _ORDER.get(entry[0], _BETWEEN)))


def read_outcome(document: Any, path: str) -> Outcome:
    """An outcome from its decoded document. Raises AfterpushError when it is none."""
    try:
        result = msgspec.convert(document, Outcome)
        if result.verdict not in _MORE_EXIT_CODES:
            Verdict(result.verdict)
    except ValueError as error:  # msgspec's ValidationError is one.
        raise AfterpushError(f"{path} holds no result of a monitor; remove it and watch again") from error
    return result
