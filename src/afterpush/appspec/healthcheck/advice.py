"""From measurements to health check values, each with its reason.

Values that are good enough are kept: two measurements of one start are never quite the same, and a health
check that changes with every run is worse than one that is a little too wide.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.schema import Field, health_check_fields
from afterpush.appspec.spec import HealthCheck, defaults
from afterpush.infra.clock import duration

LIVENESS = health_check_fields(is_liveness=True)
READINESS = health_check_fields()
_PERIOD_SECONDS = 10
_LONGEST_KEPT_SECONDS = 30
_TIMEOUT_SECONDS = 3
_LIVENESS_FAILURES = 9
_MOST_RUNS = 5


@dataclass
class CheckValues:
    """Values of one health check, and why each is what it is."""

    values: dict[str, int | str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: int | str, reason: str) -> None:
        self.values[name] = value
        self.reasons[name] = reason

    @property
    def budget_seconds(self) -> int:
        whole = {name: value for name, value in self.values.items() if isinstance(value, int)}
        return whole["initial_delay_seconds"] + whole["period_seconds"] * whole["failure_threshold"]


def readiness_check(
    endpoint: Measured | None, startup: Startup | None, current: HealthCheck | None
) -> CheckValues:
    """Values for `health_check`. `endpoint` is one that is ready, or None: then the path is left as it is."""
    return _settled(lambda given: _readiness_check(endpoint, startup, given), current, READINESS)


def _settled(
    advise: Callable[[HealthCheck | None], CheckValues],
    current: HealthCheck | None,
    fields: Mapping[str, Field],
) -> CheckValues:
    """The advice that the next run would give again.

    Rounding can carry values over a limit that decides whether they are kept. With 24 s a failure, 289 s
    become 13 x 24 = 312 s, which is more than the 300 s that the next run would keep: it would say 3 x 24.
    """
    check = advise(current)
    for _ in range(_MOST_RUNS):
        again = advise(_with(current or defaults(fields), check))
        if again.values == check.values:
            break
        check = again
    return check


def _with(current: HealthCheck, check: CheckValues) -> HealthCheck:
    whole: dict[str, Any] = {name: value for name, value in check.values.items() if isinstance(value, int)}
    return replace(current, **whole)


def _readiness_check(
    endpoint: Measured | None, startup: Startup | None, current: HealthCheck | None
) -> CheckValues:
    check = CheckValues()
    if endpoint:
        check.put("http_path", endpoint.path, f"it {endpoint.readiness.why}")
    is_needed = bool(startup and current and _is_stretched(current, startup))
    _put_period(check, _timeout(endpoint), current, 300 if is_needed else _LONGEST_KEPT_SECONDS)
    if startup is None:
        _leave_budget(check, current, READINESS)
    elif current and _is_wide_enough(_with_rhythm(current, check), startup):
        budget = _with_rhythm(current, check).budget_seconds
        why = f"kept: {budget} s are enough for a start of {duration(startup.seconds)}"
        _put_same_budget(check, current, why)
    else:
        _put_budget(check, startup, _least_budget(current, startup))
    _put_timeout(check, endpoint, current, READINESS)
    return check


def liveness_check(
    endpoint: Measured | None, startup: Startup | None, current: HealthCheck | None
) -> CheckValues:
    """Values for `liveness_health_check`. `endpoint` asks nothing else; without one only TCP is checked."""
    return _settled(lambda given: _liveness_check(endpoint, startup, given), current, LIVENESS)


def _liveness_check(
    endpoint: Measured | None, startup: Startup | None, current: HealthCheck | None
) -> CheckValues:
    check = CheckValues()
    if endpoint:
        check.put("http_path", endpoint.path, f"it {endpoint.readiness.why}, and shows no database")
    _put_period(check, _timeout(endpoint), current, _LONGEST_KEPT_SECONDS)
    if startup is None:
        _leave_budget(check, current, LIVENESS)
    elif current and _spares_the_start(_with_rhythm(current, check), startup):
        why = f"kept: a start of {duration(startup.seconds)} is over before it counts"
        _put_same_budget(check, current, why)
    else:
        factor, times = (1.5, "one and a half times") if startup.is_exact else (1.0, "as long as")
        delay = min(_up_to_5(factor * startup.seconds), 3600)
        check.put("initial_delay_seconds", delay, f"{times} the start ({duration(startup.seconds)})")
        check.put(
            "failure_threshold",
            _LIVENESS_FAILURES,
            f"a restart after {int(check.values['period_seconds']) * _LIVENESS_FAILURES} s without an answer",
        )
    _put_timeout(check, endpoint, current, LIVENESS)
    return check


def _timeout(endpoint: Measured | None) -> int:
    """Four times the slowest answer, in the platform's bounds."""
    slowest = endpoint.slowest_seconds if endpoint else 0.0
    return min(max(_TIMEOUT_SECONDS, math.ceil(4 * slowest)), 60)


def _put_timeout(
    check: CheckValues, endpoint: Measured | None, current: HealthCheck | None, fields: Mapping[str, Field]
) -> None:
    """timeout and success threshold.

    Last, since whether the current timeout is kept depends on the final period: a start of 9,667 s stretches
    a period of 11 to 194. A timeout of 10 judged by the 11 would be dropped, and kept by the next run.
    """
    slowest = endpoint.slowest_seconds if endpoint else 0.0
    speed = f"the slowest answer took {_ms(slowest)}" if endpoint else "it must be shorter than the period"
    period = int(check.values["period_seconds"])
    if current and max(2, math.ceil(2 * slowest)) <= current.timeout_seconds < period:
        check.put("timeout_seconds", current.timeout_seconds, f"kept: {speed}")
    else:
        check.put("timeout_seconds", _timeout(endpoint), speed)
    most = min(3, fields["success_threshold"].most or 1)
    if current and 1 < current.success_threshold <= most:
        check.put("success_threshold", current.success_threshold, "kept")
    else:
        check.put("success_threshold", 1, "one ready answer is enough")


def _put_period(check: CheckValues, timeout: int, current: HealthCheck | None, longest: int) -> None:
    if current and timeout < current.period_seconds <= longest:
        check.put("period_seconds", current.period_seconds, "kept")
    elif timeout < _PERIOD_SECONDS:
        check.put("period_seconds", _PERIOD_SECONDS, "the platform's default")
    else:
        check.put("period_seconds", timeout + 5, "longer than the timeout")


def _least_budget(current: HealthCheck | None, startup: Startup) -> int:
    """What there is already is not taken away, unless it is far too much: here may be faster than there."""
    if current and _is_in_bounds(current) and current.budget_seconds <= _widest(startup):
        return max(math.ceil(startup.target_seconds), current.budget_seconds)
    return math.ceil(startup.target_seconds)


def _put_budget(check: CheckValues, startup: Startup, least: int) -> None:
    period = int(check.values["period_seconds"])
    target = min(least, 3600 + 300 * 50)
    delay = _down_to_5(startup.seconds / 2) if startup.is_exact else 0
    if (target - delay) > 50 * period:
        period = min(math.ceil((target - delay) / 50), 300)
        check.put("period_seconds", period, "so long that 50 failures, the most, cover the start")
    delay = min(max(delay, target - 50 * period), 3600)
    failures = min(max(math.ceil((target - delay) / period), 3), 50)
    check.put(
        "initial_delay_seconds",
        delay,
        f"half of the start ({duration(startup.seconds)}): before that no check can pass"
        if delay
        else "a quick start goes live at once; failed checks during the start cost nothing",
    )
    check.put(
        "failure_threshold",
        failures,
        f"{delay} + {period} x {failures} = {delay + period * failures} s, for a start of "
        f"{duration(startup.seconds)}",
    )


def _leave_budget(check: CheckValues, current: HealthCheck | None, fields: Mapping[str, Field]) -> None:
    who = "kept" if current else "the platform's default"
    _put_same_budget(check, current or defaults(fields), f"{who}: the start was not measured")


def _put_same_budget(check: CheckValues, current: HealthCheck, why: str) -> None:
    for name in ("initial_delay_seconds", "failure_threshold"):
        least, most = READINESS[name].least or 0, READINESS[name].most or 0
        check.put(name, min(max(int(getattr(current, name)), least), most), why)


def _with_rhythm(current: HealthCheck, check: CheckValues) -> HealthCheck:
    return replace(current, period_seconds=int(check.values["period_seconds"]))


def _is_wide_enough(current: HealthCheck, startup: Startup) -> bool:
    """Neither too short for the start nor so long that a failed deployment is told much too late."""
    is_idle = startup.is_exact and current.initial_delay_seconds > startup.seconds + 15
    is_fit = startup.least_seconds <= current.budget_seconds <= _widest(startup)
    return _is_in_bounds(current) and not is_idle and is_fit


def _is_in_bounds(current: HealthCheck) -> bool:
    return 0 <= current.initial_delay_seconds <= 3600 and 1 <= current.failure_threshold <= 50


def _widest(startup: Startup) -> float:
    return max(4 * startup.target_seconds, 300)


def _is_stretched(current: HealthCheck, startup: Startup) -> bool:
    """A long period that is needed, because the threshold is near its limit already."""
    return current.failure_threshold >= 40 and _is_wide_enough(current, startup)


def _spares_the_start(current: HealthCheck, startup: Startup) -> bool:
    in_bounds = 0 <= current.initial_delay_seconds <= 3600 and 3 <= current.failure_threshold <= 50
    return in_bounds and current.budget_seconds >= startup.target_seconds


def _down_to_5(seconds: float) -> int:
    return int(seconds // 5) * 5


def _up_to_5(seconds: float) -> int:
    return max(5, math.ceil(seconds / 5) * 5)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
