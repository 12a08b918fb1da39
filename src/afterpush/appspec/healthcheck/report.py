"""The answer of `doappspec.healthcheck`: the document, and the same as text."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from afterpush.appspec.healthcheck.check_values import CheckValues
from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.recommendation import Recommendation
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.healthcheck.survey import Observed
from afterpush.appspec.healthcheck.target import HealthTarget
from afterpush.appspec.spec import AppSpec, HealthCheck, SpecComponent
from afterpush.infra.console import table
from afterpush.infra.errors import ExitCode


@dataclass(frozen=True, kw_only=True)
class SpecChange:
    """What became of the recommendation."""

    diff: Annotated[str, "the change as a unified diff; empty when there is none"] = ""
    would_change: bool = False
    changed: Annotated[bool, "whether the file was written"] = False
    applied: Annotated[bool, "whether the live app was changed"] = False
    note: str = ""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as the document shows it: without its query, which may be secret."""

    path: str
    status: Annotated[int | None, "HTTP status; null when nobody answered"]
    milliseconds: Annotated[float | None, "median; null when nobody answered"]
    slowest_milliseconds: Annotated[float | None, "null when nobody answered"]
    ready: bool
    degraded: Annotated[bool, "ready, but it says that something is not well"]
    why: Annotated[str, "what the judgement rests on"]
    content_type: Annotated[str | None, "null when there was none"]
    shows_database: Annotated[bool, "whether the answer tells that a database was asked"]
    tries: Annotated[int, "how often it was asked"]
    ready_tries: int
    url: Annotated[str | None, "the address of the endpoint in question; null for another"]


@dataclass(frozen=True, kw_only=True)
class HealthCheckAnswer(SpecChange):
    """The keys of `doappspec.healthcheck --json`."""

    spec: Annotated[str | None, "the file; null without one"]
    component: Annotated[str | None, "null without a spec"]
    endpoint: Annotated[Endpoint | None, "null when nothing was asked"]
    others: Annotated[list[Endpoint], "other endpoints that were tried"]
    startup_seconds: Annotated[float | None, "how long a start takes; null when it was not measured"]
    budget_seconds: Annotated[float, "initial delay + period × failure threshold of the recommended check"]
    recommended: Annotated[dict[str, dict[str, Any]], "`health_check` and `liveness_health_check`"]
    reasons: Annotated[dict[str, dict[str, str]], "why, by check and field"]
    current: Annotated[dict[str, Any] | None, "the check that is in the spec; null without one"]
    warnings: list[str]


@dataclass(frozen=True)
class HealthcheckReport:
    """All of one run."""

    target: HealthTarget | None
    seen: Observed | None
    startup: Startup | None
    spec: AppSpec | None
    component: SpecComponent | None
    recommendation: Recommendation
    outcome: SpecChange = SpecChange()

    @property
    def exit_code(self) -> ExitCode:
        """The endpoint that was asked must be ready; without one there is nothing bad to say."""
        is_ready = self.seen is None or self.seen.endpoint.readiness.ready
        return ExitCode.GOOD if is_ready else ExitCode.BAD_ANSWER

    @property
    def current(self) -> HealthCheck | None:
        return self.component.readiness if self.component else None

    @property
    def checks(self) -> dict[str, CheckValues]:
        return {
            "health_check": self.recommendation.readiness,
            "liveness_health_check": self.recommendation.liveness,
        }

    def document(self) -> HealthCheckAnswer:
        """What `--json` prints."""
        now = self.current
        shown = self.target.shown if self.target else None
        return HealthCheckAnswer(
            spec=self.spec.name if self.spec else None,
            component=self.component.name if self.component else None,
            endpoint=_endpoint(self.seen.endpoint, shown) if self.seen else None,
            others=[_endpoint(other) for other in self.seen.others] if self.seen else [],
            startup_seconds=round(self.startup.seconds, 1) if self.startup else None,
            budget_seconds=self.recommendation.readiness.budget_seconds,
            recommended={block: check.values for block, check in self.checks.items()},
            reasons={block: check.reasons for block, check in self.checks.items()},
            current=asdict(now) | {"budget_seconds": now.budget_seconds} if now else None,
            warnings=list(self.recommendation.warnings),
            **asdict(self.outcome),
        )


def _endpoint(one: Measured, url: str | None = None) -> Endpoint:
    median = one.median_seconds
    return Endpoint(
        path=one.path.partition("?")[0],
        status=one.status,
        milliseconds=None if median is None else round(median * 1000, 1),
        slowest_milliseconds=round(one.slowest_seconds * 1000, 1) if one.seconds else None,
        ready=one.readiness.ready,
        degraded=one.readiness.degraded,
        why=one.readiness.why,
        content_type=one.content_type,
        shows_database=one.shows_database,
        tries=one.tries,
        ready_tries=one.ready_tries,
        url=url,
    )


def findings_text(found: HealthcheckReport) -> str:
    """The answer for people, without the diff and the warnings."""
    parts = [*_seen_lines(found), _check_table(found)]
    budget = found.recommendation.readiness.budget_seconds
    now = found.current
    parts.append(
        f"the platform gives a start up after {budget} s"
        + (f" (now {now.budget_seconds} s)" if now and now.budget_seconds != budget else "")
        + (f"; {found.startup}" if found.startup else "")
    )
    return "\n".join(parts)


def _seen_lines(found: HealthcheckReport) -> list[str]:
    if not found.seen or not found.target:
        return []
    endpoint = found.seen.endpoint
    lines = [f"GET {found.target.shown}"]
    if endpoint.median_seconds is not None:
        lines.append(
            f"  {endpoint.status} {endpoint.content_type or 'without content type'}, "
            f"{endpoint.tries} tries: median {endpoint.median_seconds * 1000:.0f} ms, "
            f"slowest {endpoint.slowest_seconds * 1000:.0f} ms"
        )
    state = "not ready" if not endpoint.readiness.ready else "ready"
    lines.append(f"  {'degraded' if endpoint.readiness.degraded else state}: it {endpoint.readiness.why}")
    for other in found.seen.others:
        mark = "ready" if other.readiness.ready else "not ready"
        asks = ", shows a database" if other.shows_database else ""
        lines.append(f"  also found: {other.path} {mark} ({other.status}{asks})")
    return [*lines, ""]


def _check_table(found: HealthcheckReport) -> str:
    name = f" of {found.component.name}" if found.component else ""
    parts = []
    now = {"health_check": found.current}
    now["liveness_health_check"] = found.component.liveness if found.component else None
    for block, check in found.checks.items():
        current = now[block]
        known = asdict(current) if current else {}
        rows = [
            (key, _shown(known.get(key)), str(value), check.reasons[key])
            for key, value in check.values.items()
        ]
        parts.append(table((f"{block}{name}", "now", "then", "because"), rows) + "\n")
    return "\n".join(parts)


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
