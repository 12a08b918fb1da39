"""What happens on the simulated platform: the order of things, as the real one was seen to do them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.simulator import scenario
from afterpush.simulator.api.exchange import Request
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.model import TOKEN
from afterpush.simulator.scenario import Plan, Stage
from afterpush.simulator.specs import app_spec, from_github
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform
from tests.support.more_routes import first_mistake
from tests.support.platform import OTHER_SHA, SHA, from_image


def phases(platform: FakePlatform, deployment: Deployment, until_seconds: int) -> list[str]:
    """The phases that a client which looks every second sees, without repetitions."""
    seen: list[str] = []
    for _ in range(until_seconds):
        platform.advance()
        phase = deployment.phase(platform.clock.now())[0]
        if deployment.has_appeared and phase not in seen[-1:]:
            seen.append(phase)
        platform.clock.sleep(1)
    return seen


def shown(platform: FakePlatform) -> list[tuple[str, str, str]]:
    """Type, commit and phase of every deployment of the first app, newest first."""
    app_id = next(iter(platform.apps))
    now = platform.clock.now()
    return [
        (one.cause.type, next(iter(one.commits.values()))[:7], one.phase(now)[0])
        for one in platform.history(app_id)
    ]


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    made = FakePlatform(clock)
    made.add_app(live_sha=OTHER_SHA)
    return made


def test_a_push_appears_after_a_while_and_goes_through_the_phases(platform: FakePlatform) -> None:
    (pushed,) = platform.push(SHA)
    assert shown(platform) == [("MANUAL", "c0ffee5", "ACTIVE")]
    assert phases(platform, pushed, 300) == [
        "PENDING_BUILD",
        "BUILDING",
        "PENDING_DEPLOY",
        "DEPLOYING",
        "ACTIVE",
    ]
    assert shown(platform) == [("DEPLOY_ON_PUSH", "9a4df0b", "ACTIVE"), ("MANUAL", "c0ffee5", "SUPERSEDED")]


def test_a_failure_is_followed_by_a_rollback_that_ends_active(platform: FakePlatform) -> None:
    platform.push(SHA, plan=scenario.build_failure())
    platform.clock.sleep(300)
    assert shown(platform) == [
        ("AUTO_ROLLBACK", "c0ffee5", "ACTIVE"),
        ("DEPLOY_ON_PUSH", "9a4df0b", "ERROR"),
        ("MANUAL", "c0ffee5", "SUPERSEDED"),
    ]


def test_a_newer_push_cancels_the_one_in_flight_and_freezes_its_steps(platform: FakePlatform) -> None:
    (first,) = platform.push(SHA)
    platform.clock.sleep(60)
    platform.push("f" * 40)
    platform.clock.sleep(10)
    platform.advance()
    frozen = first.document(platform.clock.now())["progress"]
    platform.clock.sleep(600)
    assert shown(platform)[:2] == [
        ("DEPLOY_ON_PUSH", "fffffff", "ACTIVE"),
        ("DEPLOY_ON_PUSH", "9a4df0b", "CANCELED"),
    ]
    assert first.document(platform.clock.now())["progress"] == frozen
    assert frozen["running_steps"] == 1


def test_the_one_in_flight_may_be_superseded_instead(platform: FakePlatform) -> None:
    platform.replaced_phase = "SUPERSEDED"
    (first,) = platform.push(SHA)
    platform.clock.sleep(60)
    platform.push("f" * 40)
    platform.clock.sleep(10)
    platform.advance()
    assert first.final == "SUPERSEDED"
    progress = first.document(platform.clock.now())["progress"]
    assert (progress["success_steps"], progress["total_steps"]) == (1, 6)


def test_without_deploy_on_push_nothing_happens(clock: FakeClock) -> None:
    platform = FakePlatform(clock)
    platform.add_app(app_spec(deploy_on_push=False))
    assert platform.push(SHA) == []
    platform.add_app({"name": "images", "services": [from_image("web", "shop")]})
    assert platform.push(SHA) == []


def test_only_the_components_of_the_pushed_branch_get_the_commit(clock: FakeClock) -> None:
    spec = app_spec() | {"workers": [from_github("tools", "acme/tools"), from_image("cache", "redis")]}
    platform = FakePlatform(clock)
    platform.add_app(spec, live_sha=OTHER_SHA)
    (pushed,) = platform.push(SHA, repo="acme/shop")
    document = pushed.document(clock.now() + 10)
    assert document["services"] == [{"name": "web", "source_commit_hash": SHA}]
    assert document["workers"] == [{"name": "tools", "source_commit_hash": OTHER_SHA}, {"name": "cache"}]
    assert platform.push(SHA, branch="topic") == []


def test_a_failed_step_carries_the_reason_and_what_follows_stays_pending(platform: FakePlatform) -> None:
    (failed,) = platform.push(SHA, plan=scenario.build_failure(message="exit status 1"))
    platform.clock.sleep(120)
    platform.advance()
    progress = failed.document(platform.clock.now())["progress"]
    build, deploy = progress["steps"]
    (web,) = build["steps"][1]["steps"]
    assert web["reason"] == {"code": "BuildJobExitNonZero", "message": "exit status 1"}
    assert [build["status"], web["status"], deploy["status"]] == ["ERROR", "ERROR", "PENDING"]
    counts = {key: progress[key] for key in progress if key.endswith("_steps") and key != "summary_steps"}
    assert counts == {"pending_steps": 4, "success_steps": 1, "error_steps": 1, "total_steps": 6}


def test_ready_images_and_repeated_builds_say_so_in_a_successful_step(clock: FakeClock) -> None:
    spec = app_spec() | {"workers": [from_image("cache", "redis")]}
    platform = FakePlatform(clock)
    app = platform.add_app(spec, live_sha=OTHER_SHA)
    again = platform.deploy(app)
    clock.sleep(400)
    platform.advance()
    parts = again.document(clock.now())["progress"]["steps"][0]["steps"][1]["steps"]
    assert [(part["status"], part["reason"]["code"]) for part in parts] == [
        ("SUCCESS", "PreviousBuildReused"),
        ("SUCCESS", "PreBuiltImage"),
    ]


def test_unknown_phases_are_shown_as_they_are(platform: FakePlatform) -> None:
    (pushed,) = platform.push(SHA, plan=scenario.odd_phases())
    seen = phases(platform, pushed, 400)
    assert seen[0] == "QUEUED_FOR_CAPACITY"
    assert seen[-1] == "ACTIVE"


def test_a_stuck_deployment_never_ends(platform: FakePlatform) -> None:
    (pushed,) = platform.push(SHA, plan=scenario.stuck("DEPLOYING"))
    platform.clock.sleep(1e6)
    platform.advance()
    document = pushed.document(platform.clock.now())
    assert document["phase"] == "DEPLOYING"
    assert document["progress"]["running_steps"] == 1
    assert document["progress"]["pending_steps"] == 1


def test_speed_divides_every_duration(clock: FakeClock) -> None:
    platform = FakePlatform(clock, speed=100)
    platform.add_app()
    (pushed,) = platform.push(SHA)
    clock.sleep(2.5)
    platform.advance()
    assert pushed.final == "ACTIVE"


def answer(platform: FakePlatform, target: str) -> tuple[int, Any]:
    """Without a network: what a simulation of many deployments uses."""
    said = platform.answer(Request("GET", target, token=TOKEN))
    return said.status, json.loads(said.body)


def test_running_logs_are_gone_after_a_rollback_with_the_platforms_own_words(
    platform: FakePlatform,
) -> None:
    (failed,) = platform.push(SHA, plan=scenario.deploy_failure())
    target = f"/v2/apps/{failed.app_id}/deployments/{failed.id}/logs?type="
    platform.clock.sleep(10)
    assert answer(platform, f"{target}DEPLOY")[0] == 400
    platform.clock.sleep(205)
    status, document = answer(platform, f"{target}RUN")
    assert (status, "live_url" in document) == (200, True)
    platform.clock.sleep(300)
    status, document = answer(platform, f"{target}RUN")
    assert (status, document["message"]) == (
        400,
        f"cannot get running logs from deployment {failed.id} in phase final_cleanup",
    )
    assert answer(platform, f"{target}DEPLOY")[0] == 200


def test_too_many_requests_in_a_minute_are_refused_with_retry_after(platform: FakePlatform) -> None:
    for _ in range(250):
        assert answer(platform, "/v2/apps")[0] == 200
    refused = platform.answer(Request("GET", "/v2/apps", token=TOKEN))
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    platform.clock.sleep(61)
    assert answer(platform, "/v2/apps")[0] == 200


def test_too_many_requests_in_an_hour_are_refused_without_retry_after(clock: FakeClock) -> None:
    platform = FakePlatform(clock, hourly_limit=3)
    for _ in range(3):
        answer(platform, "/v2/apps")
        clock.sleep(1)
    refused = platform.answer(Request("GET", "/v2/apps", token=TOKEN))
    assert refused.status == 429
    assert "retry-after" not in refused.headers
    assert refused.headers["ratelimit-remaining"] == "0"
    assert refused.headers["ratelimit-reset"] == str(1_764_000_000 + 3600)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(scenario.SCENARIOS)), st.floats(0, 400)), min_size=1, max_size=8
    ),
    st.floats(0, 2000),
)
@settings(max_examples=60, deadline=None)
def test_at_most_one_deployment_serves_and_at_most_one_is_in_flight(
    pushes: list[tuple[str, float]], rest: float
) -> None:
    clock = FakeClock()
    platform = FakePlatform(clock)
    app = platform.add_app(live_sha=OTHER_SHA)
    for number, (name, pause) in enumerate(pushes):
        platform.push(f"{number:040x}", plan=scenario.SCENARIOS[name]())
        clock.sleep(pause)
    clock.sleep(rest)
    history = platform.history(app.id)
    assert sum(one.final == "ACTIVE" for one in history) == 1
    assert sum(one.is_in_flight for one in history) <= 1
    for one in history:
        counts = one.document(clock.now())["progress"]
        kinds = ("pending_steps", "running_steps", "success_steps", "error_steps")
        assert sum(counts.get(kind, 0) for kind in kinds) == counts["total_steps"] == 6


@given(st.lists(st.floats(0.1, 500), min_size=1, max_size=5), st.floats(0, 5000))
@settings(max_examples=60, deadline=None)
def test_steps_never_end_before_they_begin(seconds: list[float], elapsed: float) -> None:
    names = ("PENDING_BUILD", "BUILDING", "PENDING_DEPLOY", "DEPLOYING", "SCANNING")
    plan = Plan(stages=tuple(Stage(name, each) for name, each in zip(names, seconds, strict=False)))
    made = Deployment("id", "app", 1000.0, plan, app_spec(), {"web": SHA}, _cause())
    for step in made.tree:
        for leaf in step.leaves():
            assert leaf.begins is None or leaf.ends is None or leaf.begins <= leaf.ends
    assert json.dumps(made.document(1000.0 + elapsed))


def _cause() -> Any:
    from afterpush.simulator.deployments import Cause

    return Cause("MANUAL", "manual")


def test_only_the_first_mistake_of_a_proposed_spec_is_named() -> None:
    spec = {"name": "BAD", "services": [{"name": "web"}]}
    assert first_mistake(spec) == (
        'error validating app spec field "name": must match the regex ^[a-z][a-z0-9-]{0,30}[a-z0-9]$'
    )
    assert first_mistake(None) == "app spec is required"
    assert first_mistake({"name": "ok", "service": []}) == 'json: unknown field "service"'
    wrong = app_spec()
    wrong["services"][0]["health_check"] = {"period_seconds": 0}
    assert "services.health_check.period_seconds" in (first_mistake(wrong) or "")
    assert first_mistake(app_spec()) is None
