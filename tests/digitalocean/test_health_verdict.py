"""What an answer of a health endpoint means, over real HTTP."""

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.digitalocean.health_verdict import Readiness, answered, judge, settled
from afterpush.infra.http import Client, Response
from tests.support.clock import FakeClock
from tests.support.health_server import HealthServer, Reply, health_server, page


@pytest.fixture
def server() -> Iterator[HealthServer]:
    with health_server() as running:
        yield running


def asked(server: HealthServer, reply: Reply) -> Readiness:
    server.routes["/health"] = reply
    client = Client(timeout_seconds=10)
    try:
        return judge(client.get(f"{server.url}/health"))
    finally:
        client.close()


def says(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


@pytest.mark.parametrize(
    "reply",
    [
        says({"status": "ok"}),
        says({"status": "UP", "components": {"db": {"status": "UP"}}}),
        says({"status": "healthy", "checks": {"database": {"status": "ok", "latency": 3}}}),
        says({"status": "ok", "error": None, "errors": []}),
        says({"ready": True}),
        says({"uptime": 12.5, "log_level": "error"}),
        says("ok"),
        says(None),
        Reply(204),
        Reply(200, b"OK", "text/plain"),
        Reply(200, b"OK", "text/html; charset=utf-8"),
        Reply(200, b"OK", "application/json"),
        Reply(200, b"\xef\xbb\xbfok", "text/plain"),
        Reply(200, b"error rate: 0.02\nerrors: 0\n", "text/plain"),
        Reply(200, b'{"status":"ok"}', "text/html"),
        Reply(200, b'{"status":"healthy","version":"1"}', chunked=True),
    ],
)
def test_an_answer_that_says_nothing_against_it_is_ready(server: HealthServer, reply: Reply) -> None:
    readiness = asked(server, reply)
    assert (readiness.ready, readiness.degraded) == (True, False), readiness.why


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (says({"status": "unhealthy"}), "unhealthy"),
        (says({"status": "not_ready", "reason": "db"}), "not_ready"),
        (says({"status": "DOWN"}), "DOWN"),
        (says({"status": "error"}), "error"),
        (says({"status": "fail"}), "fail"),
        (says({"status": "starting"}), "starting"),
        (says({"ready": False}), "ready: false"),
        (says({"ok": False, "status": "running"}), "ok: false"),
        (says({"status": 503}), "status 503"),
        (says({"error": "no connection to the database"}), "error"),
        (says({"database": "down", "cache": "up"}), "database says down"),
        (says({"checks": [{"name": "db", "status": "failed"}]}), "checks.0 says failed"),
        (says("down"), "down"),
        (says(False), "false"),
        (Reply(200, b"Unhealthy", "text/plain"), "Unhealthy"),
        (Reply(200, b"NOT READY", "text/plain"), "NOT READY"),
        (Reply(200, b"cache: ok\ndatabase: down\n", "text/plain"), "down"),
        (Reply(200, b"error: cannot reach the database", "text/plain"), "error"),
        (Reply(200, b"<?xml version='1.0'?>", "text/html"), ""),
        (Reply(200, b"<?xml version='1.0'?>\n<health>ok</health>", "application/xml"), ""),
        (page(), "catch-all"),
        (page("  \n<!-- built by vite -->\n<html><head>"), "catch-all"),
        (page("<div id=app></div>"), "catch-all"),
        (
            page("<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml'>"),
            "catch-all",
        ),
        (page("<?xml version='1.0'?><html>"), "catch-all"),
        (Reply(200, b"<html></html>", "application/json"), "HTML"),
        (
            Reply(302, headers={"Location": "https://app.example.org/login?next=secret"}),
            "redirect to https://app.example.org/login",
        ),
        (Reply(308, headers={"Location": "/health/"}), "redirect to /health/"),
        (Reply(304), "304"),
        (Reply(500, b"boom", "text/plain"), "500"),
        (
            says({"status": "unhealthy", "checks": {"database": {"status": "error"}}}, 503),
            "checks.database says error",
        ),
        (Reply(404), "404"),
        (Reply(401), "401"),
        (Reply(429), "429"),
    ],
)
def test_an_answer_that_is_no_health_check_or_says_otherwise_is_not_ready(
    server: HealthServer, reply: Reply, reason: str
) -> None:
    readiness = asked(server, reply)
    if reason:
        assert not readiness.ready
        assert reason in readiness.why
        assert "secret" not in readiness.why
    else:
        assert readiness.ready  # XML is neither a page nor a word


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (says({"status": "degraded"}), "degraded"),
        (says({"status": "warn"}), "warn"),
        (
            says({"status": "ok", "checks": {"cache": {"status": "down"}}}),
            "the body says ok, but checks.cache says down",
        ),
        (says({"checks": {"cache": "degraded"}}), "checks.cache says degraded"),
        (Reply(200, b"degraded: cache is cold", "text/plain"), "degraded"),
    ],
)
def test_degraded_is_ready_with_a_warning(server: HealthServer, reply: Reply, reason: str) -> None:
    readiness = asked(server, reply)
    assert (readiness.ready, readiness.degraded) == (True, True)
    assert reason in readiness.why


def test_a_verdict_that_only_memory_accounts_for_is_called_in_question(server: HealthServer) -> None:
    body = {
        "status": "unhealthy",
        "checks": {"database": {"status": "ok"}, "memory": {"status": "critical", "percentage": 95.77}},
    }
    readiness = asked(server, says(body, 503))
    assert not readiness.ready
    assert "checks.memory says critical" in readiness.why
    assert "false alarm" in readiness.why


@given(st.integers(100, 999), st.binary(max_size=60), st.sampled_from(["", "text/html", "application/json"]))
def test_any_answer_gets_a_judgement_and_only_2xx_can_be_ready(status: int, body: bytes, kind: str) -> None:
    readiness = judge(Response(status, {"content-type": kind}, body))
    assert readiness.why
    assert not readiness.ready or 200 <= status < 300
    assert readiness.ready or not readiness.degraded


def test_deeply_nested_bodies_are_judged_without_an_error() -> None:
    assert judge(Response(200, {}, b"[" * 100_000)).ready
    assert judge(Response(200, {}, b'{"a":' * 500 + b"1" + b"}" * 500)).ready


def test_settled_asks_until_the_app_is_ready(server: HealthServer, clock: FakeClock) -> None:
    server.routes["/health"] = lambda count: says({"status": "ok" if count == 4 else "starting"})
    client = Client()
    readiness = settled(lambda: answered(client, f"{server.url}/health"), clock, 30, 1)
    assert readiness
    client.close()
    assert readiness.ready
    assert server.requests == ["/health"] * 4


def test_settled_gives_the_last_judgement_when_the_time_is_over(
    server: HealthServer, clock: FakeClock
) -> None:
    server.routes["/health"] = says({"status": "unhealthy"}, 503)
    client = Client()
    readiness = settled(lambda: answered(client, f"{server.url}/health"), clock, 5, 1)
    assert readiness
    client.close()
    assert not readiness.ready
    assert "unhealthy" in readiness.why
    assert sum(clock.slept) == pytest.approx(5)


def test_settled_counts_no_answer_as_not_ready_and_names_the_cause(clock: FakeClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    client = Client()
    readiness = settled(lambda: answered(client, f"http://127.0.0.1:{port}/"), clock, 0, 1)
    assert readiness
    assert not readiness.ready
    assert readiness.why == "gave no usable answer: connection refused"
    assert clock.slept == []
