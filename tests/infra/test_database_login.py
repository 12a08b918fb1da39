"""A server that asks for the password itself: nobody but one that was verified gets it."""

import socket
import struct
import threading

import pytest

from afterpush.infra.database import Address, DatabaseFailure, connected
from afterpush.infra.secrets import Secret

_GREETING = (
    b"\x0a8.0.30\0"
    + struct.pack("<I", 7)
    + b"abcdefgh\0"
    + struct.pack("<H", 0xA209)
    + b"\x21"
    + struct.pack("<H", 2)
    + struct.pack("<H", 0x000A)
    + b"\x15"
    + bytes(10)
    + b"ijklmnopqrst\0"
    + b"mysql_native_password\0"
)


def _packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_an_unverified_server_does_not_get_the_password_in_the_clear(plugin: bytes) -> None:
    heard: list[bytes] = []
    door = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with door, door.accept()[0] as client:
            client.settimeout(10)
            client.sendall(_packet(0, _GREETING))
            heard.append(client.recv(65536))
            client.sendall(_packet(2, b"\xfe" + plugin + b"\0\x03Password: "))
            heard.append(client.recv(65536))

    server = threading.Thread(target=serve)
    server.start()
    address = Address("127.0.0.1", door.getsockname()[1], "ada", Secret("hunter2hunter2"), None, "DISABLED")
    with pytest.raises(DatabaseFailure, match="asks for the password in the clear") as raised:
        with connected(address):
            pass
    server.join()
    assert b"hunter2" not in b"".join(heard) and "hunter2" not in str(raised.value)
