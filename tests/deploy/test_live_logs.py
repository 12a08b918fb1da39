"""Live logs as the platform gives them: sockets, and what is left where there are none."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from afterpush.deploy.logs.follow import Connection
from afterpush.deploy.logs.lines import lines
from afterpush.deploy.logs.live import live_pieces
from afterpush.deploy.logs.platform_logs import PlatformLog
from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.deployment import read_deployment
from afterpush.infra.http import Client
from afterpush.infra.secrets import Secret
from afterpush.simulator import scenario
from afterpush.simulator.api.server import CONTINUATION, PING, frame
from afterpush.simulator.model import TOKEN
from afterpush.simulator.scenario import Plan, Stage
from afterpush.simulator.specs import app_spec, from_github
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform
from tests.support.live_log import CLOSED, Step, data, live_log
from tests.support.platform import SHA, Served, served

WORDS = tuple(f"line {number}" for number in range(40))


def told(steps: list[Step], **more: object) -> list[bytes]:
    with live_log(steps, **more) as log:
        return list(lines(live_pieces(Client(), log.url, quiet_seconds=9)))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (data("a\nb\n"), [b"a\n", b"b\n"]),
        (data(""), []),
        (frame(b'{"data": null}'), []),
        (frame(b"{}"), []),
        (frame(b"plain words"), [b"plain words\n"]),
        (frame(b'{"error": "gone"}'), [b'{"error": "gone"}\n']),
        (frame(b'"a string"'), [b"a string\n"]),
        (frame(b'{"data": ["a", "b\\n"]}'), [b"a\n", b"b\n"]),
        (frame(b'{"data": 7}'), [b"7\n"]),
        (frame(b"[" * 100_000), [b"[" * 100_000 + b"\n"]),
        (frame(b'{"data": "\\ud800 half\\n"}'), [b"? half\n"]),
        (frame(b'{"da', is_last=False) + frame(b"", PING) + frame(b'ta": "x\\n"}', CONTINUATION), [b"x\n"]),
    ],
)
def test_a_message_of_whatever_form_is_told_and_the_log_goes_on(message: bytes, text: list[bytes]) -> None:
    assert b"".join(told([message, data("after\n"), CLOSED])) == b"".join([*text, b"after\n"])


def test_a_line_may_come_in_several_messages_and_one_without_an_end_does_not_wait_for_it() -> None:
    steps: list[Step] = [data("one "), data("line\n"), data("web 2026-11-24T16:00:00.1Z no end")]
    steps += [data("web 2026-11-24T16:00:00.2Z next"), 1.3, data("web 2026-11-24T16:00:01Z last"), CLOSED]
    assert told(steps) == [
        b"one line\n",
        b"web 2026-11-24T16:00:00.1Z no end\n",
        b"web 2026-11-24T16:00:00.2Z next\n",
        b"web 2026-11-24T16:00:01Z last\n",
    ]


def test_where_there_is_no_socket_the_plain_address_is_read() -> None:
    assert told([], refusal=404, body=b"all there is\n") == [b"all there is\n"]


@pytest.fixture
def here() -> Iterator[Served]:
    with served() as found:
        yield found


def log_of(here: Served, plan: Plan, type: str = "build") -> PlatformLog:
    """The log of a deployment that has just begun."""
    api = AppPlatform(Client(), Secret(TOKEN), here.url)
    (pushed,) = here.platform.push(SHA, plan=replace(plan, appears_after_seconds=0))
    wire = here.document(f"/v2/apps/{here.app_id}/deployments/{pushed.id}")["deployment"]
    return PlatformLog.of(api, here.app_id, read_deployment(wire), type)


def building() -> Plan:
    return Plan(stages=(Stage("BUILDING", 30),), ending="ERROR", logs={"BUILD": WORDS})


def grown(here: Served, connection: Connection) -> bytes:
    """All that a connection gives of a log whose second half is written while it is read."""
    here.platform.clock.sleep(15)
    first = next(filter(None, connection.pieces))
    here.platform.clock.sleep(15)
    return first + b"".join(connection.pieces)


def test_a_growing_log_is_told_over_a_socket_until_the_server_closes_it(here: Served) -> None:
    connection = log_of(here, building()).connect(quiet_seconds=9)
    text = grown(here, connection)
    assert [line.split(b" ", 2)[2] for line in text.splitlines()] == [word.encode() for word in WORDS]
    assert connection.is_closed and not connection.is_archive


def test_a_log_that_is_over_comes_from_its_archive_past_the_redirect(here: Served) -> None:
    log = log_of(here, building())
    grown(here, log.connect(quiet_seconds=9))
    whole = log.connect(quiet_seconds=9)
    assert whole.is_archive and len(b"".join(whole.pieces).splitlines()) == len(WORDS)
    assert here.platform.active(here.app_id) is None


def test_a_proxy_without_sockets_gives_what_it_held_back(here: Served) -> None:
    here.platform.refuses_sockets = True
    connection = log_of(here, building()).connect(quiet_seconds=9)
    here.platform.clock.sleep(30)
    pieces = list(connection.pieces)
    assert len(pieces) == 1 and len(pieces[0].splitlines()) == len(WORDS)
    assert not connection.is_closed


def test_where_an_app_has_functions_the_components_are_read_one_by_one() -> None:
    platform = FakePlatform(FakeClock())
    spec = app_spec() | {
        "workers": [from_github("queue", "acme/shop")],
        "functions": [from_github("hooks", "acme/shop")],
    }
    platform.add_app(spec)
    with served(platform) as here:
        connection = log_of(here, building()).connect(quiet_seconds=9)
        found = list(lines([grown(here, connection)]))
    for name in (b"web", b"queue"):
        own = [line.split(b" ", 2)[2].strip() for line in found if line.startswith(name)]
        assert own == [word.encode() for word in WORDS]
    assert len(found) == 2 * len(WORDS)
    assert connection.is_closed


def test_one_component_and_the_last_lines_are_asked_for(here: Served) -> None:
    log = log_of(here, scenario.stuck())
    here.platform.clock.sleep(10)
    logs = replace(log, component="web", tail=3).again_and_again()
    next(logs).connect(quiet_seconds=9)
    next(logs).connect(quiet_seconds=9)
    asked = [request.query for request in here.platform.requests if request.path.endswith("/logs")][-2:]
    assert [(query["component_name"], query["tail_lines"]) for query in asked] == [
        ("web", "3"),
        ("web", "1000"),
    ]
