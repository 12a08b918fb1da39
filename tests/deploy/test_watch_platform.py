"""Every verdict against the simulated platform, over real HTTP, in fake time."""

from dataclasses import replace

import pytest

from afterpush.deploy.watch.facts import Verdict, Watching
from afterpush.infra.errors import AfterpushError
from afterpush.simulator import Plan
from afterpush.simulator.scenario import (
    Stage,
    build_failure,
    canceled,
    deploy_failure,
    live,
    odd_phases,
    stuck,
)
from afterpush.simulator.specs import app_spec
from tests.deploy.conftest import World
from tests.support.faults import Fault


def test_a_push_that_goes_live(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha)
    end = world.verdict(sha)
    assert end.verdict is Verdict.LIVE and end.source == "platform"
    seen = [phase for phase, _ in end.known.phases]
    assert seen[-1] == "ACTIVE" and seen.index("BUILDING") < seen.index("DEPLOYING")


def test_the_deployment_that_appears_late_is_found(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=replace(live(), appears_after_seconds=100))
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_a_200_from_the_old_instance_or_another_deployment_is_not_ours(world: World) -> None:
    sha = world.commit()
    end = world.verdict(sha)
    assert end.verdict is Verdict.NONE and "appeared" in end.message
    assert 180 <= end.finished_at - end.known.started_at < 190


def test_a_failed_build_says_step_code_and_message(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=build_failure())
    end = world.verdict(sha)
    assert end.verdict is Verdict.FAILED and "BuildJobExitNonZero" in end.message


def test_the_rollback_after_our_failure_is_not_taken_for_our_success(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=deploy_failure())
    assert world.verdict(sha).verdict is Verdict.FAILED
    world.clock.sleep(600)
    assert world.platform.live_commit(world.served.app_id) != sha
    assert world.verdict(sha).verdict is Verdict.FAILED, "a late look, when the rollback is long live"


def test_a_commit_that_somebody_went_back_to_serves_again(world: World) -> None:
    sha = world.commit()
    app = world.platform.apps[world.served.app_id]
    world.platform.deploy(app, type="MANUAL_ROLLBACK", sha=sha, cause="rollback to deployment x")
    end = world.verdict(sha)
    assert end.verdict is Verdict.LIVE


def test_a_newer_push_supersedes_and_is_named(world: World) -> None:
    first = world.commit("one")
    world.platform.push(first)
    states = world.states(first)
    next(states)
    world.clock.sleep(30)
    second = world.commit("two")
    world.platform.push(second)
    end = list(states)[-1]
    assert getattr(end, "verdict", None) is Verdict.SUPERSEDED
    assert getattr(end, "superseded_by", None) == second


def test_it_went_live_and_was_replaced_before_anybody_looked(world: World) -> None:
    first = world.commit("one")
    world.platform.push(first)
    world.clock.sleep(600)
    second = world.commit("two")
    world.platform.push(second)
    world.clock.sleep(600)
    end = world.verdict(first)
    assert end.verdict is Verdict.LIVE and end.superseded_by == second


def test_canceled_by_hand_without_a_newer_one(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=canceled())
    assert world.verdict(sha).verdict is Verdict.CANCELED


def test_the_same_commit_deployed_anew_decides(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha)
    states = world.states(sha)
    next(states)
    world.clock.sleep(30)
    world.platform.deploy(world.platform.apps[world.served.app_id], sha=sha)
    end = list(states)[-1]
    assert getattr(end, "verdict", None) is Verdict.LIVE


def test_a_failed_deployment_that_was_begun_anew_is_not_the_last_word(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=build_failure())
    states = world.states(sha)
    for state in states:
        if isinstance(state, Watching) and state.phase == "BUILDING":
            break
    world.platform.deploy(world.platform.apps[world.served.app_id], sha=sha)
    assert getattr(list(states)[-1], "verdict", None) is Verdict.LIVE


def test_what_failed_in_between_did_not_replace_it(world: World) -> None:
    first, second, third = (world.commit(text) for text in ("one", "two", "three"))
    world.platform.push(first)
    world.clock.sleep(600)
    world.platform.push(second, plan=deploy_failure())
    world.clock.sleep(600)
    assert world.platform.live_commit(world.served.app_id) == first, "the platform rolled back to it"
    end = world.verdict(first)
    assert end.verdict is Verdict.LIVE and end.superseded_by is None
    world.platform.push(third)
    world.clock.sleep(600)
    end = world.verdict(first)
    assert end.verdict is Verdict.LIVE and end.superseded_by == third


def test_a_manual_deployment_of_the_commit_counts(world: World) -> None:
    sha = world.commit()
    world.platform.deploy(world.platform.apps[world.served.app_id], sha=sha)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_unknown_phases_are_shown_and_end_nothing(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=odd_phases())
    end = world.verdict(sha)
    assert end.verdict is Verdict.LIVE
    assert {"QUEUED_FOR_CAPACITY", "SCANNING"} <= {phase for phase, _ in end.known.phases}


def test_a_stuck_deployment_is_timeout(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=stuck())
    end = world.verdict(sha, timeout_seconds=600)
    assert end.verdict is Verdict.TIMEOUT and "BUILDING" in end.message
    assert end.finished_at - end.known.started_at == pytest.approx(600, abs=1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.error(500), Fault.html(502), Fault.html(524), Fault.html(200), Fault.reset(), Fault.cut_off(),
        Fault.truncated(), Fault.too_many_requests("7"), Fault.too_many_requests(), Fault.not_found(),
    ],
    ids=lambda fault: f"{fault.status}-{fault.wire.value}-{len(fault.body)}-{fault.keeps}",
)  # fmt: skip
def test_one_bad_poll_never_ends_a_watch(world: World, fault: Fault) -> None:
    sha = world.commit()
    world.platform.push(sha)
    states = world.states(sha)
    for state in states:
        if isinstance(state, Watching) and state.phase == "BUILDING":
            break
    world.platform.fail(fault)
    end = list(states)[-1]
    assert getattr(end, "verdict", None) is Verdict.LIVE


def test_retry_after_is_obeyed(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha)
    states = world.states(sha)
    next(states)
    world.platform.fail(Fault.too_many_requests("77"))
    next(states)
    world.clock.slept.clear()
    next(states)
    assert world.clock.slept[0] >= 77


@pytest.mark.parametrize("status", [429, 503])
def test_no_limit_of_the_watch_overrules_retry_after(world: World, status: int) -> None:
    world.platform.fail(Fault(status=status, headers={"Retry-After": "120"}), times=None)
    end = world.verdict(world.commit(), timeout_seconds=100)
    assert end.verdict is Verdict.UNREACHABLE
    assert len(world.platform.requests) == 1


def test_a_platform_that_is_down_for_minutes_is_waited_out(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha)
    world.platform.fail(Fault.error(503), times=5)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_down_from_the_beginning_is_unreachable_at_the_end_of_the_grace(world: World) -> None:
    world.platform.fail(Fault.error(503), times=None)
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.UNREACHABLE and "503" in end.message
    assert end.finished_at - end.known.started_at == pytest.approx(180, abs=1)


def test_gone_after_one_answer_is_timeout_since_when(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha)
    states = world.states(sha, timeout_seconds=600)
    next(states)
    world.platform.fail(Fault.reset(), times=None)
    end = list(states)[-1]
    assert getattr(end, "verdict", None) is Verdict.TIMEOUT
    assert "no source has answered since" in str(getattr(end, "message", ""))


def test_a_refused_token_without_another_source_ends_at_once_naming_token_and_scope(world: World) -> None:
    world.variables["DIGITALOCEAN_TOKEN"] = "wrong-token-wrong"
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.UNREACHABLE
    assert "DIGITALOCEAN_TOKEN" in end.message and "app:read" in end.message
    assert "wrong-token" not in end.message
    assert end.finished_at == end.known.started_at


def test_a_vanished_deployment_is_none(world: World) -> None:
    sha = world.commit()
    (deployment,) = world.platform.push(sha)
    states = world.states(sha)
    for state in states:
        if isinstance(state, Watching) and state.phase == "BUILDING":
            break
    world.platform.deployments.remove(deployment)
    end = list(states)[-1]
    assert getattr(end, "verdict", None) is Verdict.NONE and "vanished" in str(getattr(end, "message", ""))


def test_deploy_on_push_off_is_said_at_once(world: World) -> None:
    spec = app_spec()
    spec["services"][0]["github"]["deploy_on_push"] = False
    app = world.platform.add_app(spec)
    world.variables["AFTERPUSH_APP"] = app.id
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.NONE and "deploy_on_push" in end.message
    assert end.finished_at == end.known.started_at


def test_deploy_on_push_left_out_is_no_reason_not_to_wait(world: World) -> None:
    spec = app_spec()
    del spec["services"][0]["github"]["deploy_on_push"]
    app = world.platform.add_app(spec)
    world.variables["AFTERPUSH_APP"] = app.id
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.NONE and "does not say deploy_on_push" in end.message
    assert end.finished_at - end.known.started_at == pytest.approx(180, abs=1)
    sha = world.commit("deployed after all")
    world.platform.deploy(app, sha=sha)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_deploy_on_push_off_but_deployed_by_hand_is_watched(world: World) -> None:
    spec = app_spec()
    spec["services"][0]["github"]["deploy_on_push"] = False
    app = world.platform.add_app(spec)
    world.variables["AFTERPUSH_APP"] = app.id
    sha = world.commit()
    world.platform.deploy(app, sha=sha)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_an_app_of_images_is_said_at_once(world: World) -> None:
    app = world.platform.add_app(
        {
            "name": "images",
            "services": [{"name": "web", "image": {"registry_type": "DOCR", "repository": "x"}}],
        }
    )
    world.variables["AFTERPUSH_APP"] = app.id
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.NONE and "image" in end.message


def test_an_old_commit_is_found_on_a_later_page(world: World) -> None:
    sha = world.commit()
    app = world.platform.apps[world.served.app_id]
    world.platform.push(sha, plan=live(5, 5))
    world.clock.sleep(60)
    for number in range(45):
        world.platform.deploy(app, sha=f"{number:040x}", plan=live(1, 1), cause="app spec updated")
        world.clock.sleep(30)
    end = world.verdict(sha)
    assert end.verdict is Verdict.LIVE and end.superseded_by == f"{0:040x}"


def test_a_committer_whose_clock_is_ahead_is_found_on_a_later_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(world.clock.now()) + 90_000} +0000")
    sha = world.commit()
    app = world.platform.apps[world.served.app_id]
    world.platform.push(sha, plan=live(5, 5))
    world.clock.sleep(60)
    for number in range(25):
        world.platform.deploy(app, sha=f"{number:040x}", plan=live(1, 1))
        world.clock.sleep(30)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_a_scan_that_broke_off_begins_anew(world: World) -> None:
    sha = world.commit()
    app = world.platform.apps[world.served.app_id]
    world.platform.push(sha, plan=live(5, 5))
    world.clock.sleep(60)
    for number in range(30):
        world.platform.deploy(app, sha=f"{number:040x}", plan=live(1, 1))
        world.clock.sleep(30)
    prepared = world.prepare(sha)
    world.platform.fail(Fault.error(502), path="page=2|deployments$")
    assert list(world.states(sha, prepared))[-1].known.deployment is not None


def test_components_from_elsewhere_with_the_same_hash_do_not_count(world: World) -> None:
    spec = app_spec()
    spec["services"][0]["github"] = {"repo": "acme/shop", "branch": "staging", "deploy_on_push": True}
    spec["workers"] = [
        {"name": "w", "github": {"repo": "acme/shop", "branch": "main", "deploy_on_push": True}}
    ]
    app = world.platform.add_app(spec)
    world.variables["AFTERPUSH_APP"] = app.id
    sha = world.commit()
    world.platform.push(sha, "staging")
    assert world.verdict(sha).verdict is Verdict.NONE


@pytest.mark.parametrize("configured", ["id", "name"])
def test_the_app_may_be_configured_by_id_or_name(world: World, configured: str) -> None:
    app = world.platform.apps[world.served.app_id]
    world.variables["AFTERPUSH_APP"] = app.id if configured == "id" else str(app.spec["name"])
    sha = world.commit()
    world.platform.push(sha)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_the_app_is_found_by_the_push_remote(world: World) -> None:
    del world.variables["AFTERPUSH_APP"]
    world.repository.git("remote", "set-url", "--push", "origin", "git@github.com:Acme/Shop.git")
    sha = world.commit()
    world.platform.push(sha)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_a_rewritten_url_does_not_hide_the_repository(world: World) -> None:
    del world.variables["AFTERPUSH_APP"]
    world.repository.git("remote", "set-url", "origin", "https://github.com/acme/shop.git")
    world.repository.git("config", "url./srv/mirror/copy.git.insteadOf", "https://github.com/acme/shop.git")
    sha = world.commit()
    world.platform.push(sha)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_an_app_built_from_the_clone_url_is_found_and_said_to_deploy_no_push(world: World) -> None:
    del world.variables["AFTERPUSH_APP"]
    world.repository.git("remote", "set-url", "--push", "origin", "git@example.org:acme/other.git")
    clone = {"repo_clone_url": "https://example.org/acme/other.git", "branch": "main"}
    world.platform.add_app({"name": "other", "services": [{"name": "web", "git": clone}]})
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.NONE and "no push deploys" in end.message


@pytest.mark.parametrize(
    ("prepare_world", "said"),
    [
        ("unknown", "no app has the id or name 'nonesuch'"),
        ("none", "no app is built from"),
        ("several", "several apps are built from acme/shop"),
    ],
)
def test_an_app_that_cannot_be_determined_is_a_configuration_error(
    world: World, prepare_world: str, said: str
) -> None:
    world.repository.git("remote", "set-url", "--push", "origin", "https://github.com/acme/shop.git")
    world.variables.pop("AFTERPUSH_APP")
    if prepare_world == "unknown":
        world.variables["AFTERPUSH_APP"] = "nonesuch"
    elif prepare_world == "none":
        world.repository.git("remote", "set-url", "--push", "origin", "https://github.com/acme/other.git")
    else:
        world.platform.add_app()
    with pytest.raises(AfterpushError, match=said) as raised:
        world.verdict(world.commit())
    assert raised.value.exit_code == 2 and "AFTERPUSH_APP" in str(raised.value)


def test_a_deployment_of_stages_without_time_is_still_seen(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=Plan(stages=(Stage("BUILDING", 0.5),)))
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_economy_a_usual_deployment_costs_few_requests(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha)
    prepared = world.prepare(sha)
    list(world.states(sha, prepared))
    assert prepared.requests == len(world.platform.requests) <= 42
