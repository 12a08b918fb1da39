"""From measurements to health check values, each with its reason.

Values that are good enough are kept: two measurements of one start are never quite the same, and a health
check that changes with every run is worse than one that is a little too wide. Each value is either kept or
computed from the measurement and from the values before it, never from the current one, so that the next run
keeps what this one says:

    period (kept, or from the timeout and the start) -> delay and threshold (kept, or from the start and the
    period) -> timeout (kept, or from the slowest answer and the period)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.schema import health_check_fields
from afterpush.appspec.spec import HealthCheck, defaults
from afterpush.infra.clock import duration

_PERIOD_SECONDS: Final = 10
_LONGEST_KEPT_SECONDS: Final = 30
_TIMEOUT_SECONDS: Final = 3
_LONGEST_TIMEOUT_SECONDS: Final = 60
_LEAST_FAILURES: Final = 3
_LIVENESS_FAILURES: Final = 9
# The platform's bounds are the same for both checks, apart from the success threshold.
_BOUNDS = health_check_fields()


@dataclass
class CheckValues:
    """Values of one health check, and why each is what it is."""

    values: dict[str, int | str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: int | str, reason: str) -> None:
        self.values[name] = value
        self.reasons[name] = reason

    @property
    def period(self) -> int:
        return int(self.values["period_seconds"])

    @property
    def budget_seconds(self) -> int:
        return _Budget(
            int(self.values["initial_delay_seconds"]), self.period, int(self.values["failure_threshold"])
        ).seconds


@dataclass(frozen=True)
class _Budget:
    """How long a start may take: delay + period x failures."""

    delay: int
    period: int
    failures: int

    @property
    def seconds(self) -> int:
        return self.delay + self.period * self.failures

    @property
    def is_in_bounds(self) -> bool:
        return _most("initial_delay_seconds") >= self.delay >= 0 and 1 <= self.failures <= _most(
            "failure_threshold"
        )


def readiness_check(
    endpoint: Measured | None,
    startup: Startup | None,
    current: HealthCheck | None,
    *,
    keeps_path: bool = False,
) -> CheckValues:
    """Values for `health_check`. Without an `endpoint`, or with `keeps_path`, the path is left as it is."""
    check = CheckValues()
    if endpoint and not keeps_path:
        check.put("http_path", endpoint.path, f"it {endpoint.readiness.why}")
    _put_period(check, endpoint, current, _needed_period(startup))
    if startup is None:
        _leave_budget(check, current, defaults(health_check_fields()))
    else:
        _put_budget(check, startup, current)
    _put_timeout(check, endpoint, current)
    _put_success(check, current, 3)
    return check


def liveness_check(
    endpoint: Measured | None, startup: Startup | None, current: HealthCheck | None
) -> CheckValues:
    """Values for `liveness_health_check`. `endpoint` asks nothing else; without one only TCP is checked."""
    check = CheckValues()
    if endpoint:
        check.put("http_path", endpoint.path, f"it {endpoint.readiness.why}, and shows no database")
    _put_period(check, endpoint, current, 1)
    if startup is None:
        _leave_budget(check, current, defaults(health_check_fields(is_liveness=True)))
    else:
        _put_liveness_budget(check, startup, current)
    _put_timeout(check, endpoint, current)
    _put_success(check, current, 1)
    return check


def _most(name: str) -> int:
    return _BOUNDS[name].most or 0


def _timeout(endpoint: Measured | None) -> int:
    """Four times the slowest answer, in reasonable bounds."""
    slowest = endpoint.slowest_seconds if endpoint else 0.0
    return min(max(_TIMEOUT_SECONDS, math.ceil(4 * slowest)), _LONGEST_TIMEOUT_SECONDS)


def _needed_period(startup: Startup | None) -> int:
    """The shortest period with which the most failures still cover the start."""
    if startup is None:
        return 1
    rest = startup.target_seconds - _delay(startup)
    return min(max(math.ceil(rest / _most("failure_threshold")), 1), _most("period_seconds"))


def _put_period(
    check: CheckValues, endpoint: Measured | None, current: HealthCheck | None, needed: int
) -> None:
    timeout = _timeout(endpoint)
    fresh = _PERIOD_SECONDS if timeout < _PERIOD_SECONDS else timeout + 5
    if fresh < needed:
        fresh, why = needed, "so long that 50 failures, the most, cover the start"
    else:
        why = "the platform's default" if fresh == _PERIOD_SECONDS else "longer than the timeout"
    longest = max(_LONGEST_KEPT_SECONDS, min(2 * fresh, _most("period_seconds")))
    if current and max(timeout + 1, needed) <= current.period_seconds <= longest:
        check.put("period_seconds", current.period_seconds, "kept")
    else:
        check.put("period_seconds", fresh, why)


def _leave_budget(check: CheckValues, current: HealthCheck | None, usual: HealthCheck) -> None:
    who = "kept" if current else "the platform's default"
    why = f"{who}: the start was not measured"
    given = current or usual
    for name in ("initial_delay_seconds", "failure_threshold"):
        least = _BOUNDS[name].least or 0
        check.put(name, min(max(int(getattr(given, name)), least), _most(name)), why)


def _put_budget(check: CheckValues, startup: Startup, current: HealthCheck | None) -> None:
    """The first of: what there is, as much as there is, what the start needs.

    What there is already is not taken away, unless it is far too much: here may be faster than there.
    """
    takes = duration(startup.seconds)
    for budget in _budgets(startup, current, check.period):
        is_idle = startup.is_exact and budget.delay > startup.seconds + 15
        is_fit = startup.least_seconds <= budget.seconds <= max(4 * startup.target_seconds, 300)
        if budget.is_in_bounds and is_fit and not is_idle:
            break
    if current and (budget.delay, budget.failures) == (
        current.initial_delay_seconds,
        current.failure_threshold,
    ):
        why = f"kept: {budget.seconds} s are enough for a start of {takes}"
        check.put("initial_delay_seconds", budget.delay, why)
        check.put("failure_threshold", budget.failures, why)
        return
    check.put(
        "initial_delay_seconds",
        budget.delay,
        f"half of the start ({takes}): before that no check can pass"
        if budget.delay
        else "a quick start goes live at once; failed checks during the start cost nothing",
    )
    sums = f"{budget.delay} + {check.period} x {budget.failures} = {budget.seconds} s"
    check.put("failure_threshold", budget.failures, f"{sums}, for a start of {takes}")


def _budgets(startup: Startup, current: HealthCheck | None, period: int) -> Iterator[_Budget]:
    if current:
        yield _Budget(current.initial_delay_seconds, period, current.failure_threshold)
        # With the period that the spec has now, which may be another.
        is_sound = _Budget(current.initial_delay_seconds, period, current.failure_threshold).is_in_bounds
        if is_sound and current.budget_seconds > startup.target_seconds:
            yield _budget(startup, current.budget_seconds, period)
    yield _budget(startup, math.ceil(startup.target_seconds), period)


def _budget(startup: Startup, seconds: int, period: int) -> _Budget:
    """About so many seconds, the delay first for as long as no check can pass."""
    most = _most("failure_threshold")
    delay = min(max(_delay(startup), seconds - most * period), _most("initial_delay_seconds"))
    failures = min(max(math.ceil((seconds - delay) / period), _LEAST_FAILURES), most)
    return _Budget(delay, period, failures)


def _delay(startup: Startup) -> int:
    half = int(startup.seconds / 2 // 5) * 5 if startup.is_exact else 0
    return min(half, _most("initial_delay_seconds"))


def _put_liveness_budget(check: CheckValues, startup: Startup, current: HealthCheck | None) -> None:
    takes = duration(startup.seconds)
    if current:
        budget = _Budget(current.initial_delay_seconds, check.period, current.failure_threshold)
        is_patient = budget.is_in_bounds and budget.failures >= _LEAST_FAILURES
        if is_patient and budget.seconds >= startup.target_seconds:
            why = f"kept: a start of {takes} is over before it counts"
            check.put("initial_delay_seconds", budget.delay, why)
            check.put("failure_threshold", budget.failures, why)
            return
    factor, times = (1.5, "one and a half times") if startup.is_exact else (1.0, "as long as")
    delay = min(max(5, math.ceil(factor * startup.seconds / 5) * 5), _most("initial_delay_seconds"))
    check.put("initial_delay_seconds", delay, f"{times} the start ({takes})")
    silence = check.period * _LIVENESS_FAILURES
    check.put("failure_threshold", _LIVENESS_FAILURES, f"a restart after {silence} s without an answer")


def _put_timeout(check: CheckValues, endpoint: Measured | None, current: HealthCheck | None) -> None:
    """Last, since whether the current timeout is kept depends on the final period."""
    slowest = endpoint.slowest_seconds if endpoint else 0.0
    speed = f"the slowest answer took {_ms(slowest)}" if endpoint else "it must be shorter than the period"
    longest = min(check.period - 1, _most("timeout_seconds"))
    if current and max(2, math.ceil(2 * slowest)) <= current.timeout_seconds <= longest:
        check.put("timeout_seconds", current.timeout_seconds, f"kept: {speed}")
    else:
        check.put("timeout_seconds", _timeout(endpoint), speed)


def _put_success(check: CheckValues, current: HealthCheck | None, most: int) -> None:
    if current and 1 < current.success_threshold <= most:
        check.put("success_threshold", current.success_threshold, "kept")
    else:
        check.put("success_threshold", 1, "one ready answer is enough")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
