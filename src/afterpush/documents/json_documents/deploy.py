"""The documents of `deploy.*` and `demo`."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

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


class Running(TypedDict):
    sha: Annotated[str | None, "the commit that production runs; null when its deployment names none"]
    since: Annotated[str | None, "since when, RFC 3339, UTC; null when the platform does not say"]
    deployment_id: Annotated[str, "its deployment"]


class OverviewRow(TypedDict):
    sha: Annotated[str | None, "the commit; null when the deployment names none"]
    state: Annotated[str, "a phase of the platform, or a verdict"]
    since: Annotated[str | None, "RFC 3339, UTC; null when it is not known"]
    deployment_id: Annotated[str | None, "null where it was only watched here"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]
    message: Annotated[str | None, "what a failure said; null otherwise"]


class Overview(TypedDict):
    live: Annotated[OverviewRow | None, "what is live now; null when nothing is known"]
    on_its_way: Annotated[list[OverviewRow], "deployments that are not over"]
    failed_last: Annotated[OverviewRow | None, "the last failure that was watched here; null without one"]
    source: Annotated[Literal["platform", "history"], "who said what is live"]


class Verdict(TypedDict):
    sha: Sha
    verdict: Annotated[VERDICTS | Literal["running", "crashed"], "what a watch ended with, or its state"]
    source: Annotated[
        Literal["platform", "database", "health"] | None, "which source told it; null when none did"
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
    production: Annotated[Running | None, "what production runs; null when no platform told it"]
    started_at: Annotated[str | None, "begin of the watch, RFC 3339, UTC; null without a watch"]
    finished_at: Annotated[str | None, "its end, RFC 3339, UTC; null while it runs"]
    elapsed_seconds: Annotated[float, "seconds from the begin of the watch to its end, or to now"]
    requests: Annotated[int, "requests to the platform's API, failed ones too, without log downloads"]
    log_path: Annotated[str | None, "the monitor's log; null when no file could be written"]
    url: Annotated[str | None, "the deployment's page in the control panel; null when it is not known"]
    live_url: Annotated[str | None, "the app's own address; null when no platform told it"]
    author: Annotated[str | None, "who made the commit; null while it is watched"]
    subject: Annotated[str | None, "the first line of its message; null while it is watched"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]
    phases: Annotated[dict[str, float] | None, "seconds in each phase that was seen, in order"]
    explanation: Annotated[dict[str, Any] | None, "as `deploy.explain` gives it; null otherwise"]
    already_running: NotRequired[Annotated[bool, "whether another monitor was followed"]]
    overview: NotRequired[Annotated[Overview, "only where no commit was named"]]


class Started(TypedDict):
    sha: Sha
    pid: Annotated[int | None, "the monitor's process; null when it ended at once"]
    log_path: Annotated[str, "the monitor's log"]
    already_running: Annotated[bool, "whether it ran before"]


class Monitor(TypedDict):
    sha: Sha
    pid: Annotated[int | None, "its process; null when it is over and left no pid file"]
    state: Annotated[Literal["running", "crashed", "finished"], "what its lock and files show"]
    started_at: Annotated[str | None, "RFC 3339, UTC; null when its files do not say"]
    phase: Annotated[str | None, "the last phase it saw; null before there was a deployment"]
    verdict: Annotated[str | None, "null while it runs, and when it crashed"]


class Stopped(TypedDict):
    sha: Sha
    pid: Annotated[int | None, "its process; null when none is known"]
    stopped: Annotated[bool, "whether it ran and has ended"]
    reason: Annotated[str | None, "why it was not stopped; null otherwise"]


class Cleanup(TypedDict):
    removed: Annotated[int, "files removed, or that would be"]
    kept: Annotated[int, "files kept"]
    bytes: Annotated[int, "bytes that the removed files had"]


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
    source: Annotated[str | None, "which source told it; null when none did"]
    branch: Annotated[str | None, "null when it was not known"]
    author: Annotated[str | None, "the commit's author; null when the commit is not here"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]
    committed_at: Annotated[str | None, "RFC 3339, UTC; null when the commit is not here"]
    message: Annotated[str, "one sentence for people"]


class Spread(TypedDict):
    count: Annotated[int, "how many were counted"]
    median: Annotated[float | None, "seconds; null without any"]
    p90: Annotated[float | None, "seconds that nine of ten stay below; null without any"]


class Waiting(TypedDict):
    author: str
    deployments: int
    total_seconds: float
    median_seconds: float
    longest_seconds: float


class Period(TypedDict):
    begins: Annotated[str, "its first day, UTC"]
    deployments: int
    live: int
    failed: int
    categories: Annotated[dict[str, int], "failures by category"]


class Figures(TypedDict):
    deployments: int
    verdicts: Annotated[dict[str, int], "how many ended with each verdict"]
    success_rate: Annotated[float | None, "live / (live + failed); null before either"]
    time_to_live: Spread
    categories: Annotated[dict[str, int], "failures by category"]
    periods: list[Period]
    period_days: Annotated[int, "1 or 7: the length of a period"]
    waiting: Annotated[list[Waiting], "who waited, the longest first"]


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


class DemoPush(TypedDict):
    sha: Sha
    verdict: Annotated[VERDICTS, "what its watch ended with"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]


class Demo(TypedDict):
    pushes: Annotated[list[DemoPush], "the pushes of the demo, in order"]


DOCUMENTS: dict[str, object] = {
    "deploy.monitor": Verdict,
    "deploy.monitor --background": Started,
    "deploy.status": Verdict,
    "deploy.monitors": list[Monitor],
    "deploy.stop": list[Stopped],
    "deploy.cleanup": Cleanup,
    "deploy.history": list[HistoryEntry],
    "deploy.history --dora": Dora,
    "demo": Demo,
}
