"""The official Python client of the API works against the simulated platform, unchanged."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from afterpush.simulator import scenario
from afterpush.simulator.model import TOKEN
from afterpush.simulator.specs import app_spec
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform
from tests.support.platform import OTHER_SHA, READ_ONLY, SHA, Served, served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def here(clock: FakeClock) -> Iterator[Served]:
    platform = FakePlatform(clock, tokens={TOKEN: FakePlatform().tokens[TOKEN], "reader": READ_ONLY})
    with served(platform, live_sha=OTHER_SHA) as found:
        yield found


def client(here: Served, token: str = TOKEN) -> Any:
    """pydo without its own retries: what it says is what was answered.

    Its own policy for tokens refuses to send one without TLS; the header is therefore set by another.
    """
    import pydo
    from azure.core.pipeline.policies import HeadersPolicy

    policy = HeadersPolicy({"Authorization": f"Bearer {token}"})
    return pydo.Client(token=token, endpoint=here.url, retry_total=0, authentication_policy=policy)


def refused() -> Any:
    """pydo's exception for an error answer."""
    from azure.core.exceptions import HttpResponseError

    return pytest.raises(HttpResponseError)


def test_pydo_finds_the_app_and_its_active_deployment(here: Served) -> None:
    apps = client(here).apps.list()
    assert [app["spec"]["name"] for app in apps["apps"]] == ["shop"]
    app = client(here).apps.get(here.app_id)["app"]
    assert app["active_deployment"]["phase"] == "ACTIVE"
    assert app["active_deployment"]["services"][0]["source_commit_hash"] == OTHER_SHA


def test_pydo_pages_through_the_deployments_newest_first(here: Served, clock: FakeClock) -> None:
    shas = [f"{number:040x}" for number in range(44)]
    for sha in shas:
        here.platform.push(sha)
        clock.sleep(300)
    found, page = [], 1
    while page:
        answer = client(here).apps.list_deployments(here.app_id, page=page, per_page=20)
        assert answer["meta"]["total"] == 45
        found += [entry["services"][0]["source_commit_hash"] for entry in answer["deployments"]]
        page = page + 1 if "next" in answer["links"].get("pages", {}) else 0
    assert found == [*reversed(shas), OTHER_SHA]


def test_pydo_filters_the_deployments_by_type(here: Served, clock: FakeClock) -> None:
    here.platform.push(SHA)
    here.platform.deploy(here.platform.apps[here.app_id], type="MAINTENANCE", cause="maintenance")
    clock.sleep(10)
    api = client(here).apps
    pushed = api.list_deployments(here.app_id, deployment_types=["DEPLOY_ON_PUSH"])["deployments"]
    assert [entry["cause"] for entry in pushed] == ["commit 9a4df0b pushed to github/acme/shop"]
    both = api.list_deployments(here.app_id, deployment_types=["DEPLOY_ON_PUSH", "MAINTENANCE"])
    assert both["meta"]["total"] == 2


def test_pydo_creates_follows_and_cancels_a_deployment(here: Served, clock: FakeClock) -> None:
    api = client(here).apps
    made = api.create_deployment(here.app_id, body={"force_build": True})["deployment"]
    clock.sleep(20)
    assert api.get_deployment(here.app_id, made["id"])["deployment"]["phase"] == "BUILDING"
    assert api.cancel_deployment(here.app_id, made["id"])["deployment"]["phase"] == "CANCELED"
    with refused() as error:
        api.cancel_deployment(here.app_id, made["id"])
    assert error.value.status_code == 400


def test_pydo_reads_the_logs_of_a_failed_build_without_a_token(here: Served, clock: FakeClock) -> None:
    (pushed,) = here.platform.push(SHA, plan=scenario.build_failure())
    clock.sleep(120)
    urls = client(here).apps.get_logs(here.app_id, pushed.id, "web", type="BUILD")["historic_urls"]
    text = here.log_text(urls[0])
    assert "ERR_PNPM_OUTDATED_LOCKFILE" in text
    assert text.splitlines()[0].startswith("web 2025-11-24T16:00:")
    assert client(here).apps.get_logs_aggregate(here.app_id, pushed.id, type="BUILD")["historic_urls"]


def test_pydo_proposes_and_updates_apps_and_reads_their_health(here: Served) -> None:
    api = client(here).apps
    good = api.validate_app_spec(body={"spec": app_spec("other")})
    assert good["app_name_available"] is True
    assert good["app_cost"] == 5
    with refused() as error:
        api.validate_app_spec(body={"spec": {"name": "No Capitals", "services": []}})
    assert error.value.status_code == 400
    assert api.update(here.app_id, body={"spec": app_spec("shop2")})["app"]["spec"]["name"] == "shop2"
    assert api.get_health(here.app_id)["app_health"]["components"][0]["state"] == "HEALTHY"


def test_a_token_that_may_only_read_reads_but_does_not_cancel(here: Served) -> None:
    reader = client(here, "reader").apps
    assert reader.list()["meta"]["total"] == 1
    assert reader.validate_app_spec(body={"spec": app_spec("other")})["spec"]["name"] == "other"
    with refused() as error:
        reader.create_deployment(here.app_id, body={})
    assert error.value.status_code == 403


def test_an_unknown_token_is_refused_as_published(here: Served) -> None:
    with refused() as error:
        client(here, "wrong").apps.list()
    assert error.value.status_code == 401
    told = json.loads(here.ask("/v2/apps", token="wrong").body)
    assert (told["id"], told["message"]) == ("unauthorized", "Unable to authenticate you")
