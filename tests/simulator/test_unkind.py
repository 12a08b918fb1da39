"""What the real platform does to its clients, and a kind simulation would not."""

import json
from collections.abc import Iterator

import pytest

from afterpush.simulator.apps import App
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform, Fault
from tests.support.platform import OTHER_SHA, SHA, Served, served
from tests.support.without_push import autoscale, pipeline, restart, roll_back


@pytest.fixture
def here(clock: FakeClock) -> Iterator[Served]:
    with served(FakePlatform(clock, list_limit=20), live_sha=OTHER_SHA) as found:
        yield found


def app_of(here: Served) -> App:
    return here.platform.apps[here.app_id]


def test_a_long_list_times_out_at_the_proxy_while_the_app_itself_answers(
    here: Served, clock: FakeClock
) -> None:
    for _ in range(21):
        autoscale(here.platform, app_of(here))
        clock.sleep(300)
    base = f"/v2/apps/{here.app_id}"
    answer = here.ask(f"{base}/deployments?per_page=20")
    assert (answer.status, answer.headers["content-type"]) == (524, "text/html; charset=UTF-8")
    assert here.ask(f"{base}/deployments?per_page=5").status == 200
    assert here.ask(f"{base}/deployments?per_page=20&deployment_types=AUTOSCALED").status == 200
    assert here.document(base)["app"]["active_deployment"]["phase"] == "ACTIVE"


def test_later_deployments_of_one_commit_carry_its_hash(here: Served, clock: FakeClock) -> None:
    here.platform.push(SHA)
    clock.sleep(300)
    for make, type in ((restart, "MANUAL"), (autoscale, "AUTOSCALED")):
        made = make(here.platform, app_of(here))
        clock.sleep(1)
        told = here.document(f"/v2/apps/{here.app_id}/deployments/{made.id}")["deployment"]
        assert told["services"][0]["source_commit_hash"] == SHA
        assert told["cause_details"]["type"] == type
        clock.sleep(300)


def test_a_pipeline_brings_a_commit_that_no_push_deployed(here: Served, clock: FakeClock) -> None:
    made = pipeline(here.platform, app_of(here), SHA)
    clock.sleep(1)
    told = here.document(f"/v2/apps/{here.app_id}/deployments/{made.id}")["deployment"]
    assert told["services"][0]["source_commit_hash"] == SHA
    assert told["cause_details"]["digitalocean_user_action"]["name"] == "UPDATE_SPEC"


def test_a_rollback_by_hand_pins_the_app_and_pushes_do_nothing_then(here: Served, clock: FakeClock) -> None:
    first = here.platform.active(here.app_id)
    assert first
    here.platform.push(SHA)
    clock.sleep(300)
    back = roll_back(here.platform, app_of(here), first)
    clock.sleep(300)
    app = here.document(f"/v2/apps/{here.app_id}")["app"]
    assert app["pinned_deployment"]["id"] == app["active_deployment"]["id"] == back.id
    assert here.platform.push(SHA) == []


def test_a_proxy_forbids_with_a_page_and_the_api_with_its_own_words(here: Served) -> None:
    here.platform.fail(Fault.html(403), Fault.forbidden())
    page, words = here.ask("/v2/apps"), here.ask("/v2/apps")
    assert page.status == words.status == 403
    assert page.text.startswith("<!DOCTYPE html>")
    assert json.loads(words.body)["request_id"] == words.headers["x-request-id"]


def test_a_deployment_tells_how_long_its_stages_took(here: Served, clock: FakeClock) -> None:
    (pushed,) = here.platform.push(SHA)
    told = []
    for seconds in (10, 200, 200):
        clock.sleep(seconds)
        told.append(here.document(f"/v2/apps/{here.app_id}/deployments/{pushed.id}")["deployment"]["timing"])
    assert [list(timing) for timing in told] == [
        ["pending"], ["pending", "build_total"], ["pending", "build_total", "deploying"],
    ]  # fmt: skip
    assert told[2]["build_total"] == "150.000000000s"
