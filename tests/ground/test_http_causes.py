"""Why there was no answer: the cause is named, and what others act on is a flag."""

import socket

import pytest

from afterpush.ground.http import Client, NoAnswer
from tests.support.health_server import Reply, health_server


def test_a_closed_port_is_a_refused_connection_and_no_timeout() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with pytest.raises(NoAnswer, match="connection refused") as raised:
            Client().get(address)
    assert raised.value.refused
    assert not raised.value.untrusted


def test_a_hanging_server_is_a_timeout() -> None:
    with health_server({"/": Reply(delay_seconds=1)}) as server:
        with pytest.raises(NoAnswer, match="no answer in time") as raised:
            Client(timeout_seconds=0.2).get(f"{server.url}/")
    assert not raised.value.refused
