"""What a watch ended with, as the document that `--json` prints and the result file holds."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.states import Finished, State, Watching
from afterpush.digitalocean.phases import phase_of
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
    """The keys of the contract. Times are RFC 3339 in UTC; `verdict` may also be running or crashed.

    `app` is the app's id; `url` shows the deployment in the platform's control panel, `live_url` is the app's
    own address. `ready` is whether this commit answers; None where nobody could be asked.
    """

    sha: str
    verdict: str
    source: str | None = None
    app: str | None = None
    deployment_id: str | None = None
    phase: str | None = None
    superseded_by: str | None = None
    cause: str | None = None
    reason: dict[str, str | None] | None = None
    message: str
    started_at: str | None = None
    finished_at: str | None = None
    elapsed_seconds: float = 0.0
    requests: int = 0
    log_path: str | None = None
    category: str | None = None
    ready: bool | None = None
    phases: dict[str, float] | None = None
    explanation: dict[str, Any] | None = None
    production: InProduction | None = None
    app_name: str | None = None
    contained_in: str | None = None
    url: str | None = None
    live_url: str | None = None
    author: str | None = None
    subject: str | None = None

    @property
    def exit_code(self) -> ExitCode:
        more = _MORE_EXIT_CODES.get(self.verdict)
        return more if more is not None else Verdict(self.verdict).exit_code


def outcome(state: State, app: AppTold, *, requests: int, log_path: str | None) -> Outcome:
    """The document about a state; a watch that is under way has the verdict `running`."""
    known = state.before if isinstance(state, Finished) else state
    deployment = known.deployment
    ended = state.finished_at if isinstance(state, Finished) else None
    return Outcome(
        sha=known.sha,
        verdict=state.verdict.value if isinstance(state, Finished) else RUNNING,
        source=state.source if isinstance(state, Finished) else known.source,
        app=app.id,
        deployment_id=deployment.id if deployment else None,
        phase=known.phase,
        superseded_by=state.superseded_by if isinstance(state, Finished) else None,
        cause=deployment.cause if deployment else None,
        reason=_reason(state),
        message=state.message if isinstance(state, Finished) else _progress_message(known),
        started_at=rfc3339(known.started_at),
        finished_at=None if ended is None else rfc3339(ended),
        elapsed_seconds=round((known.now if ended is None else ended) - known.started_at, 3),
        requests=requests,
        log_path=log_path,
        phases=phase_seconds(known, ended),
        production=app.production,
        app_name=app.name,
        contained_in=state.contained_in if isinstance(state, Finished) else None,
        url=deployment_url(app.id, deployment.id if deployment else None),
        live_url=app.live_url,
    )


def deployment_url(app_id: str | None, deployment_id: str | None) -> str | None:
    """Where the control panel shows a deployment."""
    return f"{CONTROL_PANEL}/apps/{app_id}/deployments/{deployment_id}" if app_id and deployment_id else None


def _progress_message(known: Watching) -> str:
    what = f"its phase is {known.phase}" if known.phase else "no deployment of it has appeared yet"
    return f"{known.sha[:7]} is being watched; {what}"


def _reason(state: State) -> dict[str, str | None] | None:
    """Why it failed, in the platform's words: code, message, component, step."""
    if not isinstance(state, Finished) or state.verdict is not Verdict.FAILED or not state.before.deployment:
        return None
    step = state.before.deployment.failure
    if step is None:
        return {"code": None, "message": None, "component": None, "step": None}
    return {
        "code": step.reason.code if step.reason else None,
        "message": step.reason.message if step.reason else None,
        "component": step.component_name,
        "step": step.name or step.title,
    }


def phase_seconds(known: Watching, ended: float | None) -> dict[str, float]:
    """Seconds spent in each phase that was seen, in order; final phases take no time.

    Where the platform tells how long a phase took, that counts, also of one that was over at the first look.
    """
    spent: dict[str, float] = {}
    ends = [*(at for _, at in known.phases[1:]), known.now if ended is None else ended]
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
