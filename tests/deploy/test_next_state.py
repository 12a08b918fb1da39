"""The rules of a watch, without a clock or a network."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.deploy.watch.facts import (
    Fact,
    Finished,
    Inconclusive,
    Limits,
    NotYet,
    RolledBack,
    Seen,
    Serving,
    Silence,
    State,
    Successor,
    Vanished,
    Verdict,
    Watching,
)
from afterpush.deploy.watch.verdict import begin, next_state
from afterpush.digitalocean.deployed_commits import Ours, carried
from afterpush.digitalocean.deployment import Deployment, read_deployment
from afterpush.digitalocean.steps import Progress, Step, StepReason
from tests.support.kin import Kin

SHA = "9a4df0b" + "1" * 33
LATER = "c0ffee5" + "2" * 33
LIMITS = Limits(grace_seconds=180, timeout_seconds=1800)


def seen(phase: str, successor: Successor | None = None, *, steps: tuple[Step, ...] = ()) -> Seen:
    deployment = Deployment(id="d1", phase=phase, progress=Progress(steps=steps) if steps else None)
    return Seen("platform", deployment, successor, went_live=deployment.is_wholly_successful())


def run(*looks: tuple[float, Fact], limits: Limits = LIMITS) -> State:
    """The state after these looks at these seconds."""
    state: State = begin(SHA, 0.0)
    for at, fact in looks:
        assert isinstance(state, Watching), "a verdict came too early"
        state = next_state(state, fact, at, limits)
    return state


def verdict(*looks: tuple[float, Fact], limits: Limits = LIMITS) -> Verdict:
    state = run(*looks, limits=limits)
    assert isinstance(state, Finished)
    return state.verdict


GOOD = (
    Step(name="build", steps=(Step(name="web", status="SUCCESS"),)),
    Step(name="deploy", status="SUCCESS"),
)
HALF = (Step(name="build", status="SUCCESS"), Step(name="deploy", status="PENDING"))


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (seen("ACTIVE"), Verdict.LIVE),
        (seen("SUPERSEDED", Successor("d2", LATER), steps=GOOD), Verdict.LIVE),
        (seen("SUPERSEDED", Successor("d2", LATER), steps=HALF), Verdict.SUPERSEDED),
        (seen("SUPERSEDED", Successor("d2", LATER)), Verdict.SUPERSEDED),
        (seen("CANCELED", Successor("d2", LATER)), Verdict.SUPERSEDED),
        (seen("CANCELED"), Verdict.CANCELED),
        (seen("ERROR"), Verdict.FAILED),
        (Serving("health"), Verdict.LIVE),
        (Serving("health", LATER), Verdict.LIVE),
        (RolledBack("platform", Deployment(id="d1"), Successor("d0", LATER), 5.0), Verdict.ROLLED_BACK),
        (NotYet("platform", never="deploy_on_push is off"), Verdict.NONE),
        (Silence(("the token was refused (401)",), is_final=True), Verdict.UNREACHABLE),
    ],
)
def test_one_look_is_enough_for_what_is_final(fact: Fact, expected: Verdict) -> None:
    assert verdict((1, fact)) is expected


@pytest.mark.parametrize(
    "phase", ["PENDING_BUILD", "BUILDING", "PENDING_DEPLOY", "DEPLOYING", "UNKNOWN", "NEW_ONE"]
)
def test_a_phase_that_is_not_final_goes_on_and_is_shown(phase: str) -> None:
    state = run((1, seen(phase)))
    assert isinstance(state, Watching) and state.phase == phase


def test_who_replaced_it_is_told() -> None:
    state = run((1, seen("CANCELED", Successor("d2", LATER))))
    assert isinstance(state, Finished)
    assert state.superseded_by == LATER and LATER[:7] in state.message


def test_a_failure_names_step_code_and_message() -> None:
    broken = Step(
        name="build",
        message_base="Building service",
        component_name="web",
        status="ERROR",
        reason=StepReason(code="BuildJobExitNonZero", message="Your build\n failed."),
    )
    state = run((1, seen("ERROR", steps=(Step(name="top", status="ERROR", steps=(broken,)),))))
    assert isinstance(state, Finished)
    assert "'Building service web' (BuildJobExitNonZero): Your build failed." in state.message


def test_no_deployment_by_the_end_of_the_grace_is_none() -> None:
    assert isinstance(run((179, NotYet("platform"))), Watching)
    assert verdict((179, NotYet("platform")), (180, NotYet("platform"))) is Verdict.NONE


def test_nothing_ever_answered_is_unreachable_at_the_end_of_the_grace() -> None:
    silence = Silence(("connection refused",))
    assert isinstance(run((179, silence)), Watching)
    assert verdict((179, silence), (180, silence)) is Verdict.UNREACHABLE


def test_answered_once_and_never_again_is_timeout_and_says_since_when() -> None:
    silence = Silence(("answered 503",))
    state = run((5, NotYet("platform")), (200, silence), (1800, silence))
    assert isinstance(state, Finished) and state.verdict is Verdict.TIMEOUT
    assert "no source has answered since 1970-01-01T00:00:05.000Z" in state.message


def test_running_out_of_time_is_timeout_with_the_last_phase_and_never_failed() -> None:
    state = run((5, seen("BUILDING")), (1800, seen("BUILDING")))
    assert isinstance(state, Finished) and state.verdict is Verdict.TIMEOUT and "BUILDING" in state.message


def test_a_verdict_in_the_last_look_beats_the_time_limit() -> None:
    assert verdict((5, seen("BUILDING")), (1801, seen("ACTIVE"))) is Verdict.LIVE


def test_health_alone_ends_in_timeout_not_none() -> None:
    other = Inconclusive("health", "the app still shows c0ffee5")
    assert verdict((5, other), (500, other), (1800, other)) is Verdict.TIMEOUT


def test_three_misses_over_ten_seconds_are_a_vanished_deployment() -> None:
    gone = Vanished("platform")
    assert verdict((1, seen("BUILDING")), (10, gone), (15, gone), (20, gone)) is Verdict.NONE


@pytest.mark.parametrize(
    "looks", [[(10, 0), (11, 0), (12, 0)], [(10, 0), (25, 0)], [(10, 0), (15, 1), (21, 0), (26, 0)]]
)
def test_fewer_or_faster_misses_are_not(looks: list[tuple[float, int]]) -> None:
    facts: list[tuple[float, Fact]] = [(1, seen("BUILDING"))]
    facts += [(at, seen("BUILDING") if found else Vanished("platform")) for at, found in looks]
    assert isinstance(run(*facts), Watching)


def test_phases_are_kept_with_the_time_of_their_first_sight() -> None:
    state = run((1, seen("BUILDING")), (9, Silence(("x",))), (20, seen("BUILDING")), (50, seen("DEPLOYING")))
    assert isinstance(state, Watching) and state.phases == (("BUILDING", 1), ("DEPLOYING", 50))


PHASES = ["PENDING_BUILD", "BUILDING", "DEPLOYING", "ACTIVE", "ERROR", "CANCELED", "SUPERSEDED", "ODD"]
facts = st.one_of(
    st.builds(seen, st.sampled_from(PHASES), st.sampled_from([None, Successor("d2", LATER)])),
    st.just(NotYet("platform")),
    st.just(Vanished("platform")),
    st.just(Inconclusive("health", "other")),
    st.just(Silence(("answered 502",))),
)


@given(st.lists(st.tuples(st.floats(0.1, 400), facts), min_size=1, max_size=40))
def test_any_sequence_of_looks_keeps_the_rules(steps: list[tuple[float, Fact]]) -> None:
    state: State = begin(SHA, 0.0)
    now = 0.0
    for wait, fact in steps:
        assert isinstance(state, Watching)
        now += wait
        before, state = state, next_state(state, fact, now, LIMITS)
        if isinstance(state, Finished):
            failed = isinstance(fact, Seen) and fact.deployment.phase == "ERROR"
            assert (state.verdict is Verdict.FAILED) == failed
            live = isinstance(fact, Seen) and fact.deployment.phase == "ACTIVE"
            assert (state.verdict is Verdict.LIVE) == live
            if state.verdict is Verdict.TIMEOUT:
                assert now >= LIMITS.timeout_seconds
            if state.verdict is Verdict.UNREACHABLE:
                assert before.answered_at is None
            assert "\n" not in state.message and state.finished_at == now
            return
        assert state.now == now < LIMITS.timeout_seconds


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["id", "phase", "cause", "cause_details", "created_at", "progress", "services", "spec", "jobs"]


@given(st.dictionaries(st.sampled_from(KEYS), json_values) | json_values)
def test_any_json_is_a_deployment_or_a_value_error(wire: Any) -> None:
    try:
        deployment = read_deployment(wire)
    except ValueError:
        return
    carried(deployment, Ours(frozenset({"a/b"}), frozenset({"main"})), None, Kin(SHA)).told()
    assert isinstance(deployment.is_rollback, bool)
    assert isinstance(deployment.is_wholly_successful(), bool)
    assert deployment.created is None or deployment.created > 0
    assert deployment.failure is None or deployment.failure.title
