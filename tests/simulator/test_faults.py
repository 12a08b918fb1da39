"""Every fault that can be injected is one that a client really meets on the wire."""

import json
from collections.abc import Iterator

import pytest

from afterpush.infra.http import Client, NoAnswer
from afterpush.simulator.model import TOKEN
from tests.support.app_server import FakeApp, serve_app
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform, Fault
from tests.support.platform import SHA, Served, served


@pytest.fixture
def here(clock: FakeClock) -> Iterator[Served]:
    with served(FakePlatform(clock), live_sha=SHA) as found:
        yield found


def test_a_fault_lasts_for_its_number_of_requests(here: Served) -> None:
    here.platform.fail(Fault.error(503), times=2)
    assert [here.ask("/v2/apps").status for _ in range(3)] == [503, 503, 200]


def test_a_fault_until_healed_hits_only_the_matching_requests(here: Served) -> None:
    here.platform.fail(Fault.not_found(), times=None, path=r"^GET .*/deployments")
    assert here.ask(f"/v2/apps/{here.app_id}/deployments").status == 404
    assert here.ask("/v2/apps").status == 200
    here.platform.heal()
    assert here.ask(f"/v2/apps/{here.app_id}/deployments").status == 200


def test_several_faults_queue_up(here: Served) -> None:
    here.platform.fail(Fault.html(502), Fault.too_many_requests("7"), Fault.unauthorized(), Fault.forbidden())
    answers = [here.ask("/v2/apps") for _ in range(5)]
    assert [answer.status for answer in answers] == [502, 429, 401, 403, 200]
    assert answers[0].text.startswith("<!DOCTYPE html>")
    assert answers[1].headers["retry-after"] == "7"
    assert "retry-after" not in Fault.too_many_requests().headers


def test_json_can_end_early_in_a_complete_answer(here: Served) -> None:
    here.platform.fail(Fault.truncated())
    answer = here.ask("/v2/apps")
    assert answer.status == 200
    with pytest.raises(ValueError, match=r"char|delimiter|Unterminated|Expecting"):
        json.loads(answer.body)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.reset(), "connection reset"),
        (Fault.cut_off(), "broke off"),
        (Fault.hang(0.2), "broke off"),
    ],
)
def test_the_connection_itself_can_fail(here: Served, fault: Fault, said: str) -> None:
    here.platform.fail(fault)
    with pytest.raises(NoAnswer, match=said):
        here.ask("/v2/apps")
    assert here.ask("/v2/apps").status == 200


def test_a_hang_outlasts_the_client_and_does_not_keep_the_server_from_closing(clock: FakeClock) -> None:
    client = Client(timeout_seconds=0.2)
    with served(FakePlatform(clock)) as here:
        here.platform.fail(Fault.hang())
        with pytest.raises(NoAnswer, match="no answer in time"):
            client.get(f"{here.url}/v2/apps")
    client.close()


def test_requests_are_remembered_without_their_tokens(here: Served) -> None:
    here.ask("/v2/apps?page=2")
    (seen,) = here.platform.requests
    assert (seen.method, seen.path, seen.query, seen.status) == ("GET", "/v2/apps", {"page": "2"}, 200)
    assert TOKEN not in repr(here.platform.requests)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v2/apps/unknown", 404),
        ("/v2/droplets", 404),
        ("/v2/apps?per_page=201", 400),
        ("/v2/apps?page=0", 400),
        ("/v2/apps?page=one", 400),
        ("/logs/unknown/BUILD/-", 404),
    ],
)
def test_a_wrong_request_gets_an_error_in_the_apis_form(here: Served, target: str, status: int) -> None:
    answer = here.ask(target)
    assert answer.status == status
    assert set(json.loads(answer.body)) == {"id", "message", "request_id"}
    assert answer.headers["x-request-id"] == json.loads(answer.body)["request_id"]


def test_the_app_answers_as_it_is_switched_and_tells_the_live_commit(here: Served) -> None:
    app = FakeApp(commit=lambda: here.platform.live_commit(here.app_id))
    with serve_app(app) as url:
        healthy = here.ask(f"{url}/health")
        assert json.loads(healthy.body) == {"status": "healthy", "commit": SHA}
        app.status, app.health, app.commit = 503, "unhealthy", "1234567"
        assert here.ask(f"{url}/health").status == 503
        assert json.loads(here.ask(f"{url}/health").body) == {"status": "unhealthy", "commit": "1234567"}
        app.body, app.content_type, app.status = "<html></html>", "text/html", 200
        page = here.ask(f"{url}/anything")
        assert (page.headers["content-type"], page.text) == ("text/html", "<html></html>")
        assert here.ask(f"{url}/missing").status == 404
    assert app.asked[0] == "/health"
