"""Why there was no answer: the cause is named, and what others act on is a flag."""

import contextlib
import socket
import threading

import pytest

from afterpush.infra.http import Client, NoAnswer
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


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"], ids=["head", "body"]
)
def test_a_server_that_sends_a_byte_now_and_then_holds_nobody(head: bytes) -> None:
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(head or b"HTTP/1.1 200 OK\r\n")
            while not stop.wait(0.05):
                connection.sendall(b"{" if head else b"X: y\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        # Without the one deadline it ends with the hundredth header, or never.
        with pytest.raises(NoAnswer, match="in time"):
            Client(timeout_seconds=0.5).get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        stop.set()
        thread.join()


def test_no_request_outlasts_what_is_left_to_whoever_waits() -> None:
    with health_server({"/": Reply(delay_seconds=30)}) as server:
        with pytest.raises(NoAnswer, match="no answer in time"):
            Client(timeout_seconds=600, left=lambda: -3.0).get(f"{server.url}/")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            200,
        ),
        (b"HTTP/1.1 503 Sorry\r\n" + b"X: y\r\n" * 500 + b"Content-Length: 0\r\n\r\n", 503),
        (b"SSH-2.0-something\r\n", "what answers there speaks no HTTP"),
    ],
    ids=["interim", "many headers", "a banner"],
)
def test_interim_answers_long_heads_and_other_protocols(sent: bytes, told: int | str) -> None:
    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(sent)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        if isinstance(told, int):
            assert Client(timeout_seconds=10).get(url).status == told
        else:
            with pytest.raises(NoAnswer, match=told):
                Client(timeout_seconds=10).get(url)
        thread.join()
