"""The documents that `--json` prints: every task, field, type and unit, and when a field is null.

They are the classes that the tasks print; `Annotated` carries the meaning of a field. The reference page is
made from them, and every document that a test sees is held against its class. Those of `deploy.*` that are
put together for `--json` are written down here; a field that is not always there is `NotRequired`.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from afterpush.appspec.healthcheck.report import HealthCheckAnswer
from afterpush.appspec.validate.problems import Validation
from afterpush.deploy.monitor.background import Started
from afterpush.deploy.monitor.cleanup import RemovedFiles
from afterpush.deploy.monitor.status import Monitor
from afterpush.deploy.monitor.stopping import StoppedMonitor
from afterpush.deploy.report.figures import Figures, Spread
from afterpush.deploy.report.overview import Overview
from afterpush.deploy.watch.outcome import InProduction
from afterpush.documents.manual.report import BuildAnswer, DocumentsReport
from afterpush.documents.prompts.report import Prompts
from afterpush.environment.report import Report
from afterpush.migrate.apply.apply import Applied
from afterpush.migrate.audit_report import AuditDocument
from afterpush.migrate.consolidate_report import ConsolidateDocument
from afterpush.migrate.diff.compare import Difference
from afterpush.migrate.diff.report import Written
from afterpush.migrate.lint.report import Lint
from afterpush.migrate.proof.report import Proof
from afterpush.swarm.cleanup import CleanupResult
from afterpush.swarm.merge_queue.report import QueueReport
from afterpush.swarm.plan import RunPlan
from afterpush.swarm.report import Run
from afterpush.swarm.status import TaskStatus
from afterpush.swarm.stop import StopResult
from afterpush.workflows.agents.install import Installation, Statuses
from afterpush.workflows.demo.scenarios import DemoPush
from afterpush.workflows.push import PredictionDocument, PushDocument
from afterpush.workflows.trust import TrustReport

Sha = Annotated[str, "the full sha of the commit"]
Time = Annotated[str, "RFC 3339, UTC"]
VERDICTS = Literal[
    "live", "failed", "superseded", "canceled", "rolled_back", "timeout", "none", "unreachable", "stopped"
]


class Reason(TypedDict):
    code: Annotated[str | None, "the platform's reason code; null when it gave none"]
    message: Annotated[str | None, "the platform's words; null when it gave none"]
    component: Annotated[str | None, "the component that failed; null when the step belongs to none"]
    step: Annotated[str | None, "the step that failed; null when the platform named none"]


class Verdict(TypedDict):
    sha: Sha
    verdict: Annotated[VERDICTS | Literal["running", "crashed"], "what a watch ended with, or its state"]
    source: Annotated[
        Literal["platform", "database", "health"] | None, "which source reported it; null when none did"
    ]
    app: Annotated[str | None, "the app's id; null when no app was asked"]
    app_name: Annotated[str | None, "the app's name; null when no app was asked"]
    deployment_id: Annotated[str | None, "the deployment that speaks for the commit; null when there is none"]
    phase: Annotated[str | None, "the platform's word for how far it is; null before there is a deployment"]
    superseded_by: Annotated[str | None, "full sha of the commit that took its place; null otherwise"]
    contained_in: Annotated[
        str | None,
        "full sha of the commit with whose deployment it came, and that contains it; null otherwise",
    ]
    ready: Annotated[bool | None, "whether this commit answered ready once it was live; null when not asked"]
    cause: Annotated[str | None, "the platform's words for what started the deployment"]
    reason: Annotated[Reason | None, "of a failure; null otherwise"]
    message: Annotated[str, "one sentence for people"]
    production: Annotated[InProduction | None, "what production runs; null when no platform reported it"]
    started_at: Annotated[str | None, "begin of the watch, RFC 3339, UTC; null without a watch"]
    finished_at: Annotated[str | None, "its end, RFC 3339, UTC; null while it runs"]
    elapsed_seconds: Annotated[float, "seconds from the begin of the watch to its end, or to now"]
    requests: Annotated[int, "requests to the platform's API, failed ones too, without log downloads"]
    log_path: Annotated[str | None, "the monitor's log; null when no file could be written"]
    url: Annotated[str | None, "the deployment's page in the control panel; null when it is not known"]
    live_url: Annotated[str | None, "the app's own address; null when no platform reported it"]
    author: Annotated[str | None, "who made the commit; null while it is watched"]
    subject: Annotated[str | None, "the first line of its message; null while it is watched"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]
    phases: Annotated[dict[str, float] | None, "seconds in each phase that was seen, in order"]
    explanation: Annotated[dict[str, Any] | None, "as `deploy.explain` gives it; null otherwise"]
    already_running: NotRequired[Annotated[bool, "whether another monitor was followed"]]
    overview: NotRequired[Annotated[Overview, "only where no commit was named"]]


class HistoryEntry(TypedDict):
    sha: Sha
    verdict: Annotated[VERDICTS, "what its watch ended with"]
    started_at: Time
    finished_at: Time
    elapsed_seconds: Annotated[float, "seconds"]
    phases: Annotated[dict[str, float], "seconds in each phase that was seen, in order"]
    app: Annotated[str | None, "the app's id; null when none was asked"]
    app_name: NotRequired[Annotated[str | None, "the app's name; null when none was asked"]]
    deployment_id: Annotated[str | None, "null when there was none"]
    source: Annotated[str | None, "which source reported it; null when none did"]
    branch: Annotated[str | None, "null when it was not known"]
    author: Annotated[str | None, "the commit's author; null when the commit is not here"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]
    committed_at: Annotated[str | None, "RFC 3339, UTC; null when the commit is not here"]
    message: Annotated[str, "one sentence for people"]


class Dora(TypedDict):
    window_days: float
    deployments: Annotated[int, "deployments that went live in the window"]
    deployment_frequency_per_day: float
    lead_time: Annotated[Spread, "from commit to live"]
    change_failure_rate: Annotated[float | None, "failed / (live + failed); null before either"]
    time_to_restore: Annotated[Spread, "from a failure to the next live"]
    incidents: Annotated[int, "failures in a row count once"]
    failing_since: Annotated[str | None, "begin of an incident that is open, RFC 3339, UTC; null without one"]
    history: Annotated[Figures, "the other figures of the history"]


class Demo(TypedDict):
    pushes: Annotated[list[DemoPush], "the pushes of the demo, in order"]


DOCUMENTS: dict[str, object] = {
    "deploy.monitor": Verdict,
    "deploy.monitor --background": Started,
    "deploy.status": Verdict,
    "deploy.monitors": list[Monitor],
    "deploy.stop": list[StoppedMonitor],
    "deploy.cleanup": RemovedFiles,
    "deploy.history": list[HistoryEntry],
    "deploy.history --dora": Dora,
    "demo": Demo,
    **dict.fromkeys(("agents.install", "agents.uninstall"), Installation),
    "agents.status": Statuses,
    **dict.fromkeys(("push", "push.run"), PushDocument),
    "push.check": PredictionDocument,
    **dict.fromkeys(("queue.add", "queue.run", "queue.status", "queue.remove"), QueueReport),
    **dict.fromkeys(("swarm.run", "swarm.merge"), Run),
    **dict.fromkeys(("swarm.run --dry-run", "swarm.merge --dry-run"), RunPlan),
    "swarm.status": TaskStatus,
    "swarm.stop": StopResult,
    "swarm.cleanup": CleanupResult,
    **dict.fromkeys(("prompts.regen", "prompts.check"), Prompts),
    "docs.build": BuildAnswer,
    "docs.check": DocumentsReport,
    "doappspec.validate": Validation,
    "doappspec.healthcheck": HealthCheckAnswer,
    "env.check": Report,
    "env.trust": TrustReport,
    "migrate.audit": AuditDocument,
    "migrate.consolidate": ConsolidateDocument,
    "migrate.apply": Applied,
    "migrate.prove": Proof,
    "migrate.lint": Lint,
    "migrate.diff": Difference,
    "migrate.baseline": Written,
}
