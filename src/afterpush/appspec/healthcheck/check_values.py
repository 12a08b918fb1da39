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
        is_delay = 0 <= self.delay <= _most("initial_delay_seconds")
        return is_delay and 1 <= self.failures <= _most("failure_threshold")


@dataclass
class CheckValues:
    """Values of one health check, and why each is what it is."""

    values: dict[str, int | str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: int | str, reason: str) -> None:
        self.values[name] = value
        self.reasons[name] = reason

    def put_budget(self, delay: int, failures: int, why_delay: str, why_failures: str = "") -> None:
        self.put("initial_delay_seconds", delay, why_delay)
        self.put("failure_threshold", failures, why_failures or why_delay)

    @property
    def period(self) -> int:
        return int(self.values["period_seconds"])

    @property
    def budget_seconds(self) -> int:
        delay, failures = self.values["initial_delay_seconds"], self.values["failure_threshold"]
        return _Budget(int(delay), self.period, int(failures)).seconds


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
        _leave_budget(check, current or defaults(health_check_fields()), is_kept=current is not None)
    else:
        _put_budget(check, startup, current)
    _put_timeout_and_success(check, endpoint, current, most_successes=3)
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
        usual = defaults(health_check_fields(is_liveness=True))
        _leave_budget(check, current or usual, is_kept=current is not None)
    else:
        _put_liveness_budget(check, startup, current)
    _put_timeout_and_success(check, endpoint, current, most_successes=1)
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
    why = "the platform's default" if fresh == _PERIOD_SECONDS else "longer than the timeout"
    if fresh < needed:
        fresh, why = needed, "so long that 50 failures, the most, cover the start"
    longest = max(_LONGEST_KEPT_SECONDS, min(2 * fresh, _most("period_seconds")))
    if current and max(timeout + 1, needed) <= current.period_seconds <= longest:
        fresh, why = current.period_seconds, "kept"
    check.put("period_seconds", fresh, why)


def _leave_budget(check: CheckValues, given: HealthCheck, *, is_kept: bool) -> None:
    who = "kept" if is_kept else "the platform's default"
    delay, failures = (
        min(max(value, _BOUNDS[name].least or 0), _most(name))
        for name, value in (
            ("initial_delay_seconds", given.initial_delay_seconds),
            ("failure_threshold", given.failure_threshold),
        )
    )
    check.put_budget(delay, failures, f"{who}: the start was not measured")


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
    if current and budget == _current(current, check.period):
        why = f"kept: {budget.seconds} s are enough for a start of {takes}"
        check.put_budget(budget.delay, budget.failures, why)
        return
    why = "a quick start goes live at once; failed checks during the start cost nothing"
    if budget.delay:
        why = f"half of the start ({takes}): before that no check can pass"
    sums = f"{budget.delay} + {check.period} x {budget.failures} = {budget.seconds} s"
    check.put_budget(budget.delay, budget.failures, why, f"{sums}, for a start of {takes}")


def _current(current: HealthCheck, period: int) -> _Budget:
    """What the spec has now, but with the new period, which may be another."""
    return _Budget(current.initial_delay_seconds, period, current.failure_threshold)


def _budgets(startup: Startup, current: HealthCheck | None, period: int) -> Iterator[_Budget]:
    if current:
        yield _current(current, period)
        if _current(current, period).is_in_bounds and current.budget_seconds > startup.target_seconds:
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
    now = _current(current, check.period) if current else None
    if now and now.is_in_bounds and now.failures >= _LEAST_FAILURES and now.seconds >= startup.target_seconds:
        check.put_budget(now.delay, now.failures, f"kept: a start of {takes} is over before it counts")
        return
    factor, times = (1.5, "one and a half times") if startup.is_exact else (1.0, "as long as")
    delay = min(max(5, math.ceil(factor * startup.seconds / 5) * 5), _most("initial_delay_seconds"))
    silence = f"a restart after {check.period * _LIVENESS_FAILURES} s without an answer"
    check.put_budget(delay, _LIVENESS_FAILURES, f"{times} the start ({takes})", silence)


def _put_timeout_and_success(
    check: CheckValues, endpoint: Measured | None, current: HealthCheck | None, most_successes: int
) -> None:
    """Last, since whether the current timeout is kept depends on the final period."""
    slowest = endpoint.slowest_seconds if endpoint else 0.0
    shown = f"{slowest * 1000:.0f} ms" if slowest < 1 else f"{slowest:.1f} s"
    speed = f"the slowest answer took {shown}" if endpoint else "it must be shorter than the period"
    longest = min(check.period - 1, _most("timeout_seconds"))
    if current and max(2, math.ceil(2 * slowest)) <= current.timeout_seconds <= longest:
        check.put("timeout_seconds", current.timeout_seconds, f"kept: {speed}")
    else:
        check.put("timeout_seconds", _timeout(endpoint), speed)
    if current and 1 < current.success_threshold <= most_successes:
        check.put("success_threshold", current.success_threshold, "kept")
    else:
        check.put("success_threshold", 1, "one ready answer is enough")
