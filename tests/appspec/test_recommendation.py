"""From what was seen to health check values: examples, and laws that must hold for every start."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.recommendation import Recommendation, recommend
from afterpush.appspec.healthcheck.startup import startup_of
from afterpush.appspec.healthcheck.survey import Observed
from afterpush.appspec.healthcheck.target import HealthTarget
from afterpush.appspec.schema import health_check_fields
from afterpush.appspec.spec import AppSpec, SpecComponent, parse_spec
from afterpush.digitalocean.health_verdict import Readiness

READY = Readiness(True, False, "answered 200, and the body says ok")
NOT_READY = Readiness(False, False, "answered 503")
PAGE = Readiness(False, False, "answered 200 with an HTML page")

READINESS = health_check_fields()
LIVENESS = health_check_fields(is_liveness=True)


def endpoint(
    path: str, readiness: Readiness = READY, *, seconds: float = 0.01, database: bool = False
) -> Measured:
    return Measured(
        path, 200, readiness, (seconds,), "application/json", database, readiness is PAGE, digest=path
    )


def saw(*what: Any) -> Observed:
    return Observed(HealthTarget("http://127.0.0.1", "/"), *what)


def spec_with(check: str, more: str = "") -> tuple[AppSpec, SpecComponent]:
    spec = parse_spec(f"name: s\nservices:\n- name: web\n  health_check: {{{check}}}\n{more}", "app.yaml")
    return spec, spec.components[0]


def advice(
    seen: Observed | None, told: float | None = None, check: str | None = None, more: str = ""
) -> Recommendation:
    spec, component = spec_with(check, more) if check is not None else (None, None)
    return recommend(seen, startup_of(told, None, []), spec, component)


def test_a_window_shorter_than_the_start_becomes_one_that_covers_it_twice() -> None:
    """60 + 10 x 3 = 90 s, while the app took 110 s."""
    check = "http_path: /health, initial_delay_seconds: 60, period_seconds: 10, failure_threshold: 3"
    given = advice(saw(endpoint("/health", database=True)), 110, check)
    assert given.readiness.budget_seconds >= 220
    assert given.readiness.values["http_path"] == "/health"
    assert "for a start of 1 m 50 s" in given.readiness.reasons["failure_threshold"]
    assert any("gives web up after 90 s, but a start takes 1 m 50 s" in said for said in given.warnings)


def test_a_window_that_the_start_nearly_fills_is_not_kept() -> None:
    """60 + 10 x 3 = 90 s for a start of 55 s: a busy machine needs more, and it was changed five times."""
    check = "http_path: /health, initial_delay_seconds: 60, period_seconds: 10, failure_threshold: 3"
    assert advice(saw(endpoint("/health")), 55, check).readiness.budget_seconds >= 110


def test_a_quick_start_on_a_quick_machine_takes_no_time_away_from_the_platform() -> None:
    """The idle delay of 60 s goes; that the platform waits 90 s in all stays."""
    check = "http_path: /health, initial_delay_seconds: 60, period_seconds: 10, failure_threshold: 3"
    values = advice(saw(endpoint("/health")), 9, check).readiness
    assert values.values["initial_delay_seconds"] == 0
    assert values.budget_seconds == 90
    far_too_wide = check.replace("threshold: 3", "threshold: 50")
    assert advice(saw(endpoint("/health")), 9, far_too_wide).readiness.budget_seconds == 60


def test_values_that_are_good_enough_are_kept() -> None:
    check = (
        "http_path: /health, initial_delay_seconds: 20, period_seconds: 8, timeout_seconds: 5, "
        "failure_threshold: 12"
    )
    given = advice(saw(endpoint("/health")), 40, check)
    assert given.readiness.values == {
        "http_path": "/health",
        "period_seconds": 8,
        "timeout_seconds": 5,
        "success_threshold": 1,
        "initial_delay_seconds": 20,
        "failure_threshold": 12,
    }
    assert given.readiness.reasons["failure_threshold"].startswith("kept")


@settings(max_examples=150, deadline=None)
@example(seconds=751.0, again=1.0, slowest=5.0, is_exact=False, current=None)
@example(
    seconds=9667.0,
    again=1.0,
    slowest=0.9,
    is_exact=True,
    current={
        "initial_delay_seconds": 0,
        "period_seconds": 11,
        "timeout_seconds": 10,
        "success_threshold": 1,
        "failure_threshold": 1,
    },
)
@given(
    seconds=st.floats(0.1, 20_000),
    again=st.floats(0.9, 1.1),
    slowest=st.floats(0.0005, 25),
    is_exact=st.booleans(),
    current=st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {
                name: st.integers(field.least or 0, field.most or 0)
                for name, field in READINESS.items()
                if field.type == "whole" and name != "port"
            }
        ),
    ),
)
def test_every_recommendation_is_in_bounds_covers_the_start_and_is_kept_by_the_next_run(
    seconds: float, again: float, slowest: float, is_exact: bool, current: dict[str, int] | None
) -> None:
    seen = saw(endpoint("/health/ready", seconds=slowest), (endpoint("/health/live"),))

    def run(check: dict[str, object] | None, alive: dict[str, object] | None, start: float) -> Recommendation:
        startup = startup_of(start, None, []) if is_exact else startup_of(None, None, [start])
        blocks = {"health_check": check, "liveness_health_check": alive}
        lines = "".join(
            f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in block.items())}}}\n"
            for name, block in blocks.items()
            if block
        )
        spec = parse_spec(f"name: s\nservices:\n- name: web\n{lines}", "a")
        return recommend(seen, startup, spec, spec.components[0])

    first = run(dict(current) if current else None, None, seconds)
    for fields, check in ((READINESS, first.readiness), (LIVENESS, first.liveness)):
        for name, value in check.values.items():
            if isinstance(value, int):
                field = fields[name]
                assert (field.least or 0) <= value <= (field.most or 0), (name, value)
        assert int(check.values["timeout_seconds"]) < int(check.values["period_seconds"])
        assert set(check.values) == set(check.reasons)
    if seconds < 9000:
        assert first.readiness.budget_seconds >= seconds
        assert first.liveness.budget_seconds >= seconds or seconds > 3000
    second = run(dict(first.readiness.values), dict(first.liveness.values), seconds)
    assert second.readiness.values == first.readiness.values
    assert second.liveness.values == first.liveness.values
    if seconds < 200 and slowest < 2:  # Beyond, a change of ten percent may well want other values.
        third = run(dict(first.readiness.values), dict(first.liveness.values), seconds * again)
        assert third.readiness.values == first.readiness.values


def test_without_a_known_start_the_budget_is_left_alone_and_that_is_said() -> None:
    given = advice(
        saw(endpoint("/h")), None, "http_path: /h, initial_delay_seconds: 7, failure_threshold: 11"
    )
    assert given.readiness.values["initial_delay_seconds"] == 7
    assert given.readiness.values["failure_threshold"] == 11
    assert any("not known" in said for said in given.warnings)
    assert advice(saw(endpoint("/h"))).readiness.budget_seconds == 90


def test_the_history_gives_an_upper_bound_and_no_delay() -> None:
    startup = startup_of(None, None, [70.0, 95.0, 80.0])
    assert startup is not None
    assert (startup.seconds, startup.is_exact) == (95.0, False)
    given = recommend(saw(endpoint("/h")), startup, None, None)
    assert given.readiness.values["initial_delay_seconds"] == 0
    assert 125 <= given.readiness.budget_seconds <= 140


def test_told_wins_over_followed_and_followed_over_history() -> None:
    told, followed = startup_of(5, 6, [7]), startup_of(None, 6, [7])
    assert told is not None and followed is not None
    assert (told.seconds, followed.seconds) == (5, 6)
    assert startup_of(None, None, []) is None


def test_a_slow_endpoint_gets_a_longer_timeout_below_a_longer_period() -> None:
    values = advice(saw(endpoint("/h", seconds=4.2)), 10).readiness.values
    assert values["timeout_seconds"] == 17
    assert values["period_seconds"] == 22


def test_where_the_asked_endpoint_is_a_page_the_one_that_asks_the_database_is_recommended() -> None:
    others = (
        endpoint("/health"),
        endpoint("/health/live"),
        endpoint("/health/ready", database=True),
        endpoint("/ready", NOT_READY, database=True),
    )
    given = advice(saw(endpoint("/", PAGE), others), 10, "path: /")
    assert given.readiness.values["http_path"] == "/health/ready"
    assert given.liveness.values["http_path"] == "/health/live"
    assert given.refusal is None
    assert any("/ is not ready" in said and "/health/ready is ready" in said for said in given.warnings)


def test_without_any_ready_endpoint_no_path_is_recommended_and_nothing_is_proven() -> None:
    given = advice(saw(endpoint("/health", NOT_READY), (endpoint("/health/live"),)), 10, "http_path: /health")
    assert "http_path" not in given.readiness.values
    assert given.refusal


def test_without_an_endpoint_the_timing_is_still_recommended() -> None:
    given = advice(None, 100, "http_path: /h, failure_threshold: 3")
    assert "http_path" not in given.readiness.values
    assert given.readiness.budget_seconds >= 200
    assert given.refusal is None


def test_liveness_that_depends_on_the_database_is_warned_of_and_never_recommended() -> None:
    live = endpoint("/health/live", database=True)
    given = advice(saw(endpoint("/health/ready", database=True), (live,)), 10, "http_path: /health/ready")
    assert "http_path" not in given.liveness.values
    assert any("liveness endpoint /health/live depends on the database" in said for said in given.warnings)
    configured = "  liveness_health_check: {http_path: /health}\n"
    given = advice(
        saw(endpoint("/health/ready", database=True), (endpoint("/health", database=True),)),
        10,
        "http_path: /health/ready",
        configured,
    )
    assert any("liveness endpoint /health depends" in said for said in given.warnings)


@pytest.mark.parametrize(
    ("more", "is_warned"),
    [
        ("databases: [{name: db, engine: MYSQL}]\n", True),
        ("envs: [{key: DATABASE_URL, value: x}]\n", True),
        ("", False),
    ],
)
def test_readiness_that_shows_no_database_is_warned_of_where_there_is_one(more: str, is_warned: bool) -> None:
    given = advice(saw(endpoint("/health"), (endpoint("/readyz"),)), 10, "http_path: /health", more)
    assert any("database" in text for text in given.warnings) is is_warned


def test_a_database_that_an_endpoint_shows_counts_for_more_than_a_spec_that_names_none() -> None:
    seen = saw(endpoint("/health/live"), (endpoint("/readyz", database=True),))
    given = advice(seen, 10, "http_path: /health/live")
    [said] = [text for text in given.warnings if "database" in text]
    assert "/health/live does not show that it asks the database; /readyz does" in said


def test_an_app_without_a_database_may_use_its_one_endpoint_for_both() -> None:
    given = advice(saw(endpoint("/health")), 10, "http_path: /health")
    assert given.liveness.values["http_path"] == "/health"


def test_catch_alls_degraded_and_slow_endpoints_are_warned_of() -> None:
    nowhere = Measured("/x", 200, PAGE, (0.1,), "text/html", False, is_page=True)
    degraded = endpoint("/h", Readiness(True, True, "says degraded"), seconds=1.5)
    said = " | ".join(advice(saw(degraded, (), nowhere), 10).warnings)
    assert "catch-all" in said
    assert "degraded" in said
    assert "up to 1.5 s" in said
    same = endpoint("/h")
    assert "every path answers" in " ".join(advice(saw(same, (), same), 10).warnings)
