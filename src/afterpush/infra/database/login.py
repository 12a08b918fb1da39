"""Logging in where the server asks for the password itself: only a server that was verified gets it.

PyMySQL sends the password to any server that asks for it (`mysql_clear_password`, and PAM's `dialog`), even
without TLS; MySQL's own client wants a flag for that. Encryption alone does not help: it hides the password
from those in between, not from the wrong server.
"""

from collections.abc import Callable
from typing import Any

_REFUSED = (
    "the server asks for the password in the clear, and nobody verified that it is yours; set DB_SSL_CA, and "
    "DB_SSL_MODE=VERIFY_IDENTITY"
)


def plugins_for(password: str, *, is_verified: bool) -> dict[str, Callable[[Any], Any]]:
    """PyMySQL's `auth_plugin_map` for a connection; `is_verified`: over TLS, its certificate checked."""

    class InTheClear:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def authenticate(self, _packet: Any) -> Any:
            if not is_verified:
                raise RuntimeError(_REFUSED)
            self._connection.write_packet(password.encode() + b"\0")
            answer = self._connection._read_packet()
            answer.check_error()
            return answer

    return {"mysql_clear_password": InTheClear, "dialog": InTheClear}
