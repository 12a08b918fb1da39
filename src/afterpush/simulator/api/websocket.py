"""The server's half of a WebSocket (RFC 6455), as far as sending a log needs it."""

import base64
import hashlib

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
NORMAL = 1000
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3.


def accept_key(key: str) -> str:
    """What the answer to a handshake proves: that its key was read."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def frame(payload: bytes, kind: int = TEXT, *, is_last: bool = True) -> bytes:
    """One frame, unmasked as a server sends it."""
    size = len(payload)
    head = bytes([(0x80 if is_last else 0) | kind])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 1 << 16:
        return head + b"\x7e" + size.to_bytes(2, "big") + payload
    return head + b"\x7f" + size.to_bytes(8, "big") + payload


def close_frame(code: int = NORMAL) -> bytes:
    """The frame that ends it."""
    return frame(code.to_bytes(2, "big"), CLOSE)
