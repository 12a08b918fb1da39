"""A law of the advice: running it on its own result changes nothing, whatever was measured."""

from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterpush.appspec.healthcheck.check_values import CheckValues, liveness_check, readiness_check
from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.schema import health_check_fields
from afterpush.appspec.spec import HealthCheck
from afterpush.digitalocean.health_verdict import Readiness

READY = Readiness(True, False, "answered 200")
WHOLE = st.integers(-5, 5000) | st.integers(0, 60)
CHECKS = st.builds(
    HealthCheck,
    http_path=st.sampled_from([None, "/", "/health"]),
    port=st.none(),
    initial_delay_seconds=WHOLE,
    period_seconds=WHOLE,
    timeout_seconds=WHOLE,
    success_threshold=st.integers(-1, 60),
    failure_threshold=st.integers(-1, 200),
)
SECONDS = st.floats(0, 100_000) | st.floats(0, 120)
STARTS = st.none() | st.builds(Startup, SECONDS, st.just("(measured)"), st.booleans())
ENDPOINTS = st.none() | st.builds(
    lambda slowest: Measured("/health", 200, READY, (slowest,), "", False), st.floats(0, 60) | st.floats(0, 1)
)
TOLD_ONCE = HealthCheck("/health", None, 0, 11, 10, 1, 1)


def after(current: HealthCheck | None, check: CheckValues, usual: HealthCheck) -> HealthCheck:
    whole: dict[str, Any] = dict(check.values)
    return replace(current or usual, **whole)


@settings(max_examples=1000)
@given(current=st.none() | CHECKS, startup=STARTS, endpoint=ENDPOINTS)
@example(
    current=TOLD_ONCE,
    startup=Startup(9667.0, "(measured)"),
    endpoint=Measured("/health", 200, READY, (0.9,), "", False),
)
@example(
    current=replace(TOLD_ONCE, period_seconds=24, failure_threshold=12),
    startup=Startup(289.0, ""),
    endpoint=None,
)
def test_advice_on_its_own_result_is_the_same_advice_in_the_platforms_bounds(
    current: HealthCheck | None, startup: Startup | None, endpoint: Measured | None
) -> None:
    for advise, is_liveness in ((readiness_check, False), (liveness_check, True)):
        fields = health_check_fields(is_liveness=is_liveness)
        usual = HealthCheck(None, None, 0, 10, 1, 1, 9)
        first = advise(endpoint, startup, current)
        again = advise(endpoint, startup, after(current, first, usual))
        assert again.values == first.values
        for name, value in first.values.items():
            if isinstance(value, int):
                assert (fields[name].least or 0) <= value <= (fields[name].most or value), name
        assert int(first.values["timeout_seconds"]) < int(first.values["period_seconds"])


@settings(max_examples=500)
@given(current=st.none() | CHECKS, seconds=st.floats(0, 3600), endpoint=ENDPOINTS)
def test_a_start_of_up_to_an_hour_is_covered(
    current: HealthCheck | None, seconds: float, endpoint: Measured | None
) -> None:
    assert readiness_check(endpoint, Startup(seconds, ""), current).budget_seconds >= seconds
