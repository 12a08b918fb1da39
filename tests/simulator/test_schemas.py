"""Every answer of the simulated platform satisfies the published description of the API."""

import json
from typing import Any

import pytest

from afterpush.simulator import scenario
from afterpush.simulator.specs import app_spec, from_github
from tests.support.api_schema import complaints
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform
from tests.support.platform import OTHER_SHA, SHA, Served, from_image, served

GO_CLIENT_ONLY = frozenset({"cause_details", "previous_deployment_id", "timing"})
EVERYTHING: dict[str, Any] = {
    **app_spec("big"),
    "workers": [from_github("queue", "acme/shop")],
    "jobs": [from_github("seed-data", "acme/tools", "release")],
    "static_sites": [from_github("site", "acme/shop", deploy_on_push=False)],
    "functions": [from_github("hooks", "acme/shop")],
}
EVERYTHING["services"] = [*EVERYTHING["services"], from_image("cache", "cache", "7")]


def check(model: str, document: Any) -> None:
    assert complaints(model, document, beside=GO_CLIENT_ONLY) == []


def check_all(here: Served) -> None:
    """Asks for everything that there is about the app, and holds it against the description."""
    base = f"/v2/apps/{here.app_id}"
    check("apps_response", here.document("/v2/apps"))
    check("app_response", here.document(base))
    listed = here.document(f"{base}/deployments?per_page=200")
    check("apps_deployments_response", listed)
    for deployment in listed["deployments"]:
        check("apps_deployment_response", here.document(f"{base}/deployments/{deployment['id']}"))
    check("app_health_response", here.document(f"{base}/health"))


@pytest.mark.parametrize("name", [name for name in scenario.SCENARIOS if name != "odd-phases"])
def test_answers_satisfy_the_description_at_every_moment_of_a_scenario(name: str, clock: FakeClock) -> None:
    platform = FakePlatform(clock)
    platform.add_app(EVERYTHING, live_sha=OTHER_SHA)
    with served(platform) as here:
        platform.push(SHA, plan=scenario.SCENARIOS[name]())
        for _ in range(12):
            check_all(here)
            clock.sleep(25)


def test_the_check_would_notice_a_wrong_answer(clock: FakeClock) -> None:
    with served(FakePlatform(clock), live_sha=SHA) as here:
        document = here.document(f"/v2/apps/{here.app_id}")
    text = json.dumps(document)
    for right, wrong in (
        ('"ACTIVE"', '"LIVE"'),
        ('"total_steps"', '"totl_steps"'),
        ('"SUCCESS"', '"OK"'),
        ('"wait"', "7"),
    ):
        assert right in text
        assert complaints("app_response", json.loads(text.replace(right, wrong)), beside=GO_CLIENT_ONLY)


def test_logs_and_proposals_satisfy_the_description(clock: FakeClock) -> None:
    with served(FakePlatform(clock), live_sha=SHA) as here:
        base = f"/v2/apps/{here.app_id}"
        for type in ("BUILD", "DEPLOY", "RUN", "RUN_RESTARTED"):
            check("apps_get_logs_response", here.document(f"{base}/logs?type={type}"))
            check("apps_get_logs_response", here.document(f"{base}/components/web/logs?type={type}"))
        body = {"spec": app_spec("another"), "app_id": here.app_id}
        check("app_propose_response", here.document("/v2/apps/propose", "POST", body))
        check("app_response", here.document(base, "PUT", {"spec": app_spec("renamed")}))
        check("apps_deployment_response", here.document(f"{base}/deployments", "POST", {"force_build": True}))


def test_answers_carry_the_published_rate_limit_headers_and_a_date(clock: FakeClock) -> None:
    with served(FakePlatform(clock)) as here:
        first = here.ask("/v2/apps")
        clock.sleep(10)
        second = here.ask("/v2/apps")
    assert first.headers["ratelimit-limit"] == "5000"
    assert [int(answer.headers["ratelimit-remaining"]) for answer in (first, second)] == [4999, 4998]
    # The reset is when the oldest request expires: the second request does not move it.
    assert first.headers["ratelimit-reset"] == second.headers["ratelimit-reset"] == "1764003600"
    assert second.headers["date"] == "Mon, 24 Nov 2025 16:00:10 GMT"
