"""The answer of `doappspec.healthcheck`: the document, and the same as text."""

from dataclasses import asdict, dataclass
from typing import Any

from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.recommendation import Recommendation
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.healthcheck.survey import Observed
from afterpush.appspec.healthcheck.target import HealthTarget
from afterpush.appspec.spec import AppSpec, HealthCheck, SpecComponent
from afterpush.infra.console import table
from afterpush.infra.errors import ExitCode


@dataclass(frozen=True)
class SpecChange:
    """What became of the recommendation. `diff` is empty when there is nothing to change."""

    diff: str = ""
    would_change: bool = False
    changed: bool = False
    applied: bool = False
    note: str = ""


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

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        advice = self.recommendation
        return {
            "spec": self.spec.name if self.spec else None,
            "component": self.component.name if self.component else None,
            "endpoint": self._endpoint(),
            "others": [_of(other) for other in self.seen.others] if self.seen else [],
            "startup_seconds": round(self.startup.seconds, 1) if self.startup else None,
            "budget_seconds": advice.readiness.budget_seconds,
            "recommended": {
                "health_check": advice.readiness.values,
                "liveness_health_check": advice.liveness.values,
            },
            "reasons": {
                "health_check": advice.readiness.reasons,
                "liveness_health_check": advice.liveness.reasons,
            },
            "current": self._current(),
            "warnings": list(advice.warnings),
            **asdict(self.outcome),
        }

    def _endpoint(self) -> dict[str, Any] | None:
        if not self.seen or not self.target:
            return None
        endpoint = self.seen.endpoint
        slowest = round(endpoint.slowest_seconds * 1000, 1) if endpoint.seconds else None
        return _of(endpoint) | {
            "url": self.target.shown,
            "slowest_milliseconds": slowest,
            "tries": endpoint.tries,
            "ready_tries": endpoint.ready_tries,
        }

    def _current(self) -> dict[str, Any] | None:
        check = self.current
        return asdict(check) | {"budget_seconds": check.budget_seconds} if check else None


def _of(one: Measured) -> dict[str, Any]:
    median = one.median_seconds
    return {
        "path": one.path.partition("?")[0],
        "status": one.status,
        "milliseconds": None if median is None else round(median * 1000, 1),
        "ready": one.readiness.ready,
        "degraded": one.readiness.degraded,
        "why": one.readiness.why,
        "content_type": one.content_type,
        "shows_database": one.shows_database,
    }


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
    blocks = (
        ("health_check", found.recommendation.readiness, found.current),
        (
            "liveness_health_check",
            found.recommendation.liveness,
            found.component.liveness if found.component else None,
        ),
    )
    for block, check, current in blocks:
        known = asdict(current) if current else {}
        rows = [
            (key, _shown(known.get(key)), str(value), check.reasons[key])
            for key, value in check.values.items()
        ]
        parts.append(table((f"{block}{name}", "now", "then", "because"), rows) + "\n")
    return "\n".join(parts)


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
