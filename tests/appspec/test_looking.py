"""Looking at real servers: what they answer, how fast, how they start."""

import datetime
import ipaddress
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterpush.appspec.healthcheck.survey import Observed, look_at
from afterpush.appspec.healthcheck.target import HealthTarget, target_of
from afterpush.infra import http
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Client, NoAnswer, Response
from tests.support.clock import FakeClock
from tests.support.health_server import HealthServer, Reply, health_server, page

OK = Reply(200, b'{"status":"ok"}')
ASKS_DATABASE = Reply(200, b'{"status":"ok","checks":{"database":{"status":"up","latency":2}}}')


@pytest.fixture
def server() -> Iterator[HealthServer]:
    with health_server() as running:
        yield running


def aimed(url: str, path: str) -> HealthTarget:
    """The URL's own path, else the one that a spec would name."""
    target = target_of(url)
    return target if target.is_named else HealthTarget(target.base, path)


def look(
    url: str,
    *,
    path: str = "/health",
    wait_seconds: float = 5,
    tries: int = 3,
    client: Client | None = None,
    notices: list[str] | None = None,
) -> Observed:
    told = [] if notices is None else notices
    return look_at(
        client or Client(timeout_seconds=10),
        aimed(url, path),
        SystemClock(),
        wait_seconds=wait_seconds,
        tries=tries,
        notice=told.append,
    )


def test_a_ready_endpoint_is_asked_many_times_and_timed(server: HealthServer) -> None:
    server.routes["/health"] = Reply(200, b'{"status":"ok"}', delay_seconds=0.02)
    seen = look(server.url, tries=7)
    assert (seen.endpoint.status, seen.endpoint.readiness.ready) == (200, True)
    assert (seen.endpoint.tries, seen.endpoint.ready_tries, len(seen.endpoint.seconds)) == (7, 7, 7)
    assert seen.endpoint.median_seconds is not None
    assert 0.02 <= seen.endpoint.median_seconds <= seen.endpoint.slowest_seconds
    assert seen.endpoint.content_type == "application/json"
    assert seen.start_seconds is None


def test_an_endpoint_that_is_ready_only_now_and_then_is_not_ready(server: HealthServer) -> None:
    server.routes["/health"] = lambda count: OK if count % 2 else Reply(503, b'{"status":"unhealthy"}')
    seen = look(server.url, tries=6)
    assert not seen.endpoint.readiness.ready
    assert seen.endpoint.status == 503
    assert seen.endpoint.readiness.why.startswith("was ready in only 3 of 6 tries; one answered 503")


def test_chunked_answers_and_queries_are_understood(server: HealthServer) -> None:
    server.routes["/health"] = Reply(200, b'{"status":"degraded","why":"cold"}', chunked=True)
    seen = look(f"{server.url}/health?deep=1")
    assert (seen.endpoint.readiness.ready, seen.endpoint.readiness.degraded) == (True, True)
    assert seen.endpoint.path == "/health"


def test_an_endpoint_that_hangs_is_not_ready_and_holds_nobody_up(server: HealthServer) -> None:
    server.routes["/health"] = Reply(200, b"ok", delay_seconds=1)
    seen = look(server.url, client=Client(timeout_seconds=0.2), wait_seconds=0.3, tries=2)
    assert (seen.endpoint.status, seen.endpoint.readiness.ready) == (None, False)
    assert "no answer in time" in seen.endpoint.readiness.why
    assert seen.others == ()


def test_a_hanging_endpoint_costs_no_more_than_the_wait_and_one_try(server: HealthServer) -> None:
    """With 20 s a request and five tries, it once took a minute and more."""
    asked: list[float] = []

    class Patient(Client):
        def request(self, *words: Any, timeout_seconds: float | None = None, **more: Any) -> Response:
            limit = self.timeout_seconds if timeout_seconds is None else timeout_seconds
            asked.append(limit)
            clock.sleep(limit)
            raise NoAnswer("GET /", "no answer in time", connected=True)

    clock = FakeClock()
    seen = look_at(Patient(timeout_seconds=20), aimed(server.url, "/health"), clock, wait_seconds=3, tries=5)
    assert not seen.endpoint.readiness.ready
    assert asked == [3, 20, 1]


def test_an_answer_without_an_end_is_an_answer_and_not_asked_for_again(
    server: HealthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1000)
    server.routes["/health"] = Reply(200, b"x" * 5000)
    seen = look(server.url, wait_seconds=600, tries=2)
    assert (seen.endpoint.status, seen.endpoint.readiness.ready) == (None, False)
    assert "larger than" in seen.endpoint.readiness.why
    assert server.requests == ["/health"] * 3


def test_plain_http_where_tls_is_expected_is_said_in_words(server: HealthServer) -> None:
    seen = look(server.url.replace("http:", "https:"), wait_seconds=0, tries=1)
    assert seen.endpoint.readiness.why.endswith("no TLS could be agreed on: wrong version number")


def test_a_redirect_is_an_answer_and_is_not_followed(server: HealthServer) -> None:
    server.routes["/health"] = Reply(301, headers={"Location": "/login"})
    server.routes["/login"] = OK
    seen = look(server.url)
    assert (seen.endpoint.status, seen.endpoint.readiness.ready) == (301, False)
    assert "/login" not in server.requests


def test_a_catch_all_page_hides_every_endpoint_that_is_not_there(server: HealthServer) -> None:
    server.fallback = page()
    server.routes["/health/ready"] = ASKS_DATABASE
    server.routes["/health/live"] = OK
    seen = look(server.url, path="/health")
    assert not seen.endpoint.readiness.ready
    assert seen.any_path_answers_a_page
    assert [(other.path, other.shows_database) for other in seen.others] == [
        ("/health/ready", True),
        ("/health/live", False),
    ]


def test_a_server_that_says_ok_to_everything_proves_nothing_and_has_no_neighbours(
    server: HealthServer,
) -> None:
    server.fallback = Reply(200, b'{"status":"ok","uptime":17}')
    seen = look(server.url)
    assert seen.endpoint.readiness.ready
    assert seen.any_path_answers_ready
    assert seen.others == ()


def test_a_page_is_ready_where_an_unknown_path_is_refused(server: HealthServer) -> None:
    """Rails' and Laravel's /up."""
    server.routes["/up"] = page("<!DOCTYPE html><html><body style='background-color: green'></body></html>")
    seen = look(f"{server.url}/up")
    assert seen.endpoint.readiness.ready
    assert seen.endpoint.readiness.why == "answered 200 with a page, and a path that nobody has answers 404"
    server.fallback = page("<html>another page</html>")
    assert not look(f"{server.url}/up").endpoint.readiness.ready


def test_a_redirect_that_adds_a_slash_is_followed_and_a_circle_ends(server: HealthServer) -> None:
    server.routes["/health"] = Reply(301, headers={"Location": "/health/"})
    server.routes["/health/"] = OK
    seen = look(server.url)
    assert [other.path for other in seen.others if other.readiness.ready] == ["/health/"]
    server.routes["/health/"] = Reply(301, headers={"Location": "/health"})
    assert not any(other.readiness.ready for other in look(server.url).others)


def test_a_neighbour_that_may_be_recommended_is_measured_like_what_was_asked(server: HealthServer) -> None:
    server.routes["/health/ready"] = lambda count: OK if count < 3 else Reply(503)
    server.routes["/ready"] = OK
    seen = look(f"{server.url}/old", tries=4)
    told = {other.path: (other.readiness.ready, other.tries) for other in seen.others}
    assert told == {"/health/ready": (False, 4), "/ready": (True, 4)}


def test_an_endpoint_that_says_not_ready_is_told_from_one_that_is_not_there(server: HealthServer) -> None:
    server.routes["/down"] = Reply(200, b'{"status":"down"}')
    server.routes["/busy"] = Reply(429)
    server.routes["/error"] = page(status=500)
    server.routes["/page"] = page()
    server.fallback = page("<html>app</html>")
    said = {path: look(f"{server.url}{path}", tries=1).endpoint.says_not_ready for path in server.routes}
    assert said == {"/down": True, "/busy": True, "/error": True, "/page": False}


def test_a_query_is_left_out_where_the_path_alone_is_ready(server: HealthServer) -> None:
    server.routes["/health"] = OK
    seen = look(f"{server.url}/health?verbose=1")
    assert (seen.endpoint.readiness.ready, seen.endpoint.needs_query) == (True, False)
    server.routes["/health"] = lambda count: OK if count <= 11 else Reply(403)
    assert look(f"{server.url}/health?key=abc").endpoint.needs_query


def test_where_nobody_chose_a_path_the_best_one_found_is_what_was_asked(server: HealthServer) -> None:
    server.routes["/healthz"] = OK
    seen = look_at(Client(), target_of(server.url), SystemClock(), wait_seconds=1, tries=2)
    assert (seen.endpoint.path, seen.endpoint.readiness.ready) == ("/healthz", True)


@pytest.mark.parametrize(
    ("body", "shows"),
    [
        (b'{"checks":{"database":{"status":"ok"}}}', True),
        (b'{"connectionPool":{"active":1}}', True),
        (b'{"db":"up"}', True),
        (b'{"postgres_latency_ms":3}', True),
        (b"mysql: ok", True),
        (b'{"status":"ok","feedback":"none"}', False),
        (b'{"status":"ok"}', False),
        (b"<html>database</html>", False),
    ],
)
def test_whether_an_endpoint_asks_the_database_is_read_from_its_body(
    server: HealthServer, body: bytes, shows: bool
) -> None:
    server.routes["/health"] = Reply(200, body)
    assert look(server.url, tries=1).endpoint.shows_database is shows


def test_a_start_is_followed_from_the_first_refused_connection_to_the_first_ready_answer() -> None:
    port = _free_port()
    started: list[HealthServer] = []
    notices: list[str] = []

    def start() -> None:
        server = HealthServer(port)
        server.routes["/health"] = lambda count: OK if count > 4 else Reply(503, b'{"status":"starting"}')
        started.append(server)

    timer = threading.Timer(0.6, start)
    timer.start()
    try:
        seen = look(f"http://127.0.0.1:{port}", wait_seconds=30, notices=notices)
    finally:
        timer.join()
        for server in started:
            server.close()
    assert seen.endpoint.readiness.ready
    assert seen.start_seconds is not None
    assert seen.start_seconds >= 0.6 + 4 * 0.1 - 0.2
    assert "connection refused" in notices[0]
    assert "starting" in notices[1]


def test_an_app_that_was_up_before_has_no_measured_start_and_is_not_waited_for(
    server: HealthServer,
) -> None:
    server.routes["/health"] = Reply(503, b'{"status":"unhealthy"}')
    seen = look(server.url, wait_seconds=600)
    assert (seen.start_seconds, seen.endpoint.status) == (None, 503)


def test_where_nobody_ever_listens_the_exit_code_is_6() -> None:
    with pytest.raises(AfterpushError, match=r"nobody listened there within 0\.3 s") as raised:
        look(f"http://127.0.0.1:{_free_port()}", wait_seconds=0.3)
    assert raised.value.exit_code is ExitCode.UNREACHABLE


def test_a_listener_that_speaks_something_else_is_somebody_but_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        is_over = threading.Event()

        def answer() -> None:
            while not is_over.is_set():
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"SSH-2.0-something\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        seen = look(f"http://127.0.0.1:{port}", wait_seconds=0.3, tries=1)
        is_over.set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()
    assert (seen.endpoint.status, seen.endpoint.readiness.ready) == (None, False)


def test_a_private_certificate_authority_is_trusted_when_it_is_named(tmp_path: Path) -> None:
    authority, certificate = _certificates(tmp_path)
    with health_server({"/health": OK}, certificate) as server:
        trusted = look(server.url, client=Client(ca_file=authority))
        untrusted = look(server.url, wait_seconds=600)
    assert trusted.endpoint.readiness.ready
    assert untrusted.endpoint.status is None
    assert "certificate is not trusted" in untrusted.endpoint.readiness.why


@pytest.mark.parametrize("url", ["localhost:3000/health", "ftp://x/y", "http://", "http://x:99999/", ""])
def test_what_is_no_http_url_is_a_usage_error(url: str) -> None:
    with pytest.raises(AfterpushError) as raised:
        target_of(url)
    assert raised.value.exit_code is ExitCode.USAGE


def test_the_shown_address_has_no_password_and_no_query() -> None:
    target = target_of("https://user:pass@example.org:8443/h?token=abc")
    assert target.shown == "https://example.org:8443/h"
    assert HealthTarget("https://example.org/api", "/h").shown == "https://example.org/api/h"
    assert (target_of("http://x").path, target_of("http://x").is_named) == ("/", False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificates(folder: Path) -> tuple[Path, Path]:
    """(the authority's certificate, a server certificate for 127.0.0.1 with its key)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def built(subject: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named("Private CA"))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    authority = (
        built("Private CA", authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = (
        built("server", key.public_key())
        .add_extension(address, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem) + private)
    return folder / "ca.pem", folder / "server.pem"
