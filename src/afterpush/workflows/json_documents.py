"""The documents that `--json` prints: every task, field, type and unit, and when a field is null.

They are the classes that the tasks print; `Annotated` carries the meaning of a field. The reference page is
made from them, and every document that a test sees is held against its class. Those of `deploy.*` that are
put together for `--json` are written down here; a field that is not always there is `OPTIONAL`.
"""

from typing import Annotated, Literal, TypedDict

from afterpush.appspec.healthcheck.report import HealthCheckAnswer
from afterpush.appspec.validate.problems import Validation
from afterpush.deploy.monitor.background import Started
from afterpush.deploy.monitor.cleanup import RemovedFiles
from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.monitor.status import Monitor
from afterpush.deploy.monitor.stopping import StoppedMonitor
from afterpush.deploy.report.dora import Dora
from afterpush.deploy.report.figures import Figures
from afterpush.deploy.report.overview import Overview
from afterpush.deploy.watch.outcome import Outcome
from afterpush.documents.manual.json_reference import OPTIONAL
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
from afterpush.workflows.demo.acts import DemoPush
from afterpush.workflows.push import PredictionDocument, PushDocument
from afterpush.workflows.trust import TrustReport

Sha = Annotated[str, "the full sha of the commit"]
Time = Annotated[str, "RFC 3339, UTC"]
VERDICTS = Literal[
    "live", "failed", "superseded", "canceled", "rolled_back", "timeout", "none", "unreachable", "stopped"
]


class Verdict(Outcome):
    """What a watch ends with, and what a task adds to it."""

    verdict: Annotated[VERDICTS | Literal["running", "crashed"], "what a watch ended with, or its state"]
    source: Annotated[
        Literal["platform", "database", "health"] | None, "which source reported it; null when none did"
    ]
    already_running: Annotated[bool, "whether another monitor was followed", OPTIONAL]
    overview: Annotated[Overview, "only where no commit was named", OPTIONAL]


class HistoryEntry(HistoryRecord):
    """A record as it is printed: times as text."""

    # A subclass may not give a field another type, says mypy; nothing uses this one in place of a record.
    verdict: Annotated[VERDICTS, "what its watch ended with"]
    started_at: Time  # type: ignore[assignment]
    finished_at: Time  # type: ignore[assignment]
    committed_at: Annotated[  # type: ignore[assignment]
        str | None, "RFC 3339, UTC; null when the commit is not here"
    ]


class DoraDocument(Dora):
    """The figures as they are printed, with the others; the time as text, as in HistoryEntry."""

    failing_since: Annotated[  # type: ignore[assignment]
        str | None, "begin of an incident that is open, RFC 3339, UTC; null without one"
    ]
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
    "deploy.history --dora": DoraDocument,
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
