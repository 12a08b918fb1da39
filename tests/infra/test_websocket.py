"""A listening WebSocket against a server that does what the test says."""

import re

import pytest

from afterpush.infra.http import Client, NoAnswer, websocket
from afterpush.infra.http.websocket import UpgradeRefused, messages
from afterpush.simulator.api.server import BINARY, CONTINUATION, PING, PONG, TEXT, close_frame, frame
from tests.support.live_log import CLOSED, LiveLog, Step, hears, live_log


def heard(log: LiveLog, quiet_seconds: float = 10) -> list[bytes]:
    url = log.url.replace("http:", "ws:")
    told = messages(url, lambda: Client().tls, quiet_seconds=quiet_seconds)
    return [message for message in told if message]


def test_messages_come_whole_in_whatever_frames_until_the_normal_close() -> None:
    steps: list[Step] = [
        frame(b"one"),
        frame(b"tw", is_last=False),
        frame(b"in between", PING),
        frame(b"o", CONTINUATION),
        frame(b"\xff\x00", BINARY),
        frame(b"x" * 70_000),
        frame(b"late")[:3],
        0.05,
        frame(b"late")[3:],
        CLOSED,
        hears,
    ]
    with live_log(steps) as log:
        assert heard(log) == [b"one", b"two", b"\xff\x00", b"x" * 70_000, b"late"]
    assert log.received[0] == bytes([PONG]) + b"in between"


def test_several_messages_in_one_packet_and_a_message_of_a_megabyte_arrive() -> None:
    big = b"y" * (3 << 20)
    with live_log([frame(b"a") + frame(b"b") + frame(big) + close_frame(1000)]) as log:
        assert heard(log) == [b"a", b"b", big]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([frame(b"a")], "the connection broke off"),
        ([frame(b"a"), close_frame(1011)], "code 1011"),
        ([frame(b"a"), close_frame(1001)], "code 1001"),
        ([b"\xff\x01\xff\xff"], "no WebSocket frame"),
        ([frame(b"")[:1] + b"\x7f" + (1 << 40).to_bytes(8, "big") + b"z" * (17 << 20)], "more than 16 MiB"),
        ([frame(b"z" * (9 << 20), is_last=False), frame(b"z" * (9 << 20), CONTINUATION)], "more than 16 MiB"),
    ],
)
def test_every_other_end_is_trouble(steps: list[Step], words: str) -> None:
    with live_log(steps) as log, pytest.raises(NoAnswer, match=words) as raised:
        heard(log)
    assert "token" not in str(raised.value)


def test_a_silent_server_is_pinged_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "TICK_SECONDS", 0.05)
    with live_log([frame(b"a"), hears, frame(b"still here", PONG), 9.0]) as log:
        with pytest.raises(NoAnswer, match=re.escape("silent for 0.4 s")):
            heard(log, quiet_seconds=0.4)
    assert log.received[0][:1] == bytes([PING])


@pytest.mark.parametrize("status", [200, 302, 400, 403, 502])
def test_an_answer_that_is_no_upgrade_is_told_apart(status: int) -> None:
    with live_log(refusal=status) as log, pytest.raises(UpgradeRefused):
        heard(log)


def test_nobody_there_is_refused_and_a_wait_gives_empty_messages() -> None:
    with live_log([frame(b"a"), 1.2, frame(b"b"), CLOSED]) as log:
        told = list(messages(log.url.replace("http:", "ws:"), lambda: Client().tls, quiet_seconds=9))
    assert told == [b"a", b"", b"b"]
    with pytest.raises(NoAnswer) as raised:
        heard(log)
    assert raised.value.refused and not isinstance(raised.value, UpgradeRefused)


def test_a_text_frame_that_is_no_utf_8_is_passed_on() -> None:
    with live_log([frame(b"caf\xe9", TEXT), CLOSED]) as log:
        assert heard(log) == [b"caf\xe9"]
