"""Commands on another machine over SSH, as the user's own ssh configuration reaches it."""

import contextlib
import logging
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from afterpush.infra.errors import AfterpushError, ExitCode

CONNECT_SECONDS = 15
# Keeps routers from forgetting a connection on which nothing is said for long.
KEEPALIVE_SECONDS = 30


@dataclass(frozen=True)
class RemoteAnswer:
    """How a remote command ended, and what it said."""

    code: int
    out: str
    err: str


class Conversation:
    """A command that runs there as long as we talk to it: its stdin ends when we close, or die in any way."""

    def __init__(self, host: str, channel: Any) -> None:
        self.host = host
        self._channel = channel
        self._pending = b""
        self._saying = threading.Lock()

    def say(self, content: bytes) -> None:
        """Writes to its stdin, from any thread. Raises AfterpushError (unreachable) when nobody reads it any
        more."""
        try:
            with self._saying:
                self._channel.sendall(content)
        except (OSError, EOFError) as error:
            raise _lost(self.host, error) from error

    def hear(self, timeout_seconds: float) -> bytes | None:
        """The next line of its stdout without the line end; None when it has ended.

        Raises AfterpushError (unreachable) when it says nothing within the time.
        """
        self._channel.settimeout(timeout_seconds)
        while b"\n" not in self._pending:
            try:
                piece = self._channel.recv(1 << 16)
            except TimeoutError as error:
                raise AfterpushError(
                    f"{self.host} has not answered for {timeout_seconds:g} s", ExitCode.UNREACHABLE
                ) from error
            if not piece:
                return None
            self._pending += piece
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def end(self, timeout_seconds: float) -> None:
        """Closes its stdin and waits for it to end, at most so long."""
        with contextlib.suppress(OSError, EOFError):  # The connection may have ended first.
            self._channel.shutdown_write()
            self._channel.status_event.wait(timeout_seconds)
            self._channel.close()


class Remote:
    """A machine that is connected."""

    def __init__(self, host: str, connection: Any) -> None:
        self.host = host
        self._connection = connection

    def run(self, script: str, content: bytes = b"") -> RemoteAnswer:
        """Runs a shell script there with these bytes as its stdin.

        Raises AfterpushError when the connection breaks.
        """
        from paramiko import SSHException

        channel = self._started(script)
        try:
            # A script that has ended early takes no more input; what it said is the answer.
            with contextlib.suppress(OSError):
                channel.sendall(content)
                channel.shutdown_write()
            with channel.makefile("rb") as out, channel.makefile_stderr("rb") as err:
                said = [stream.read().decode(errors="replace") for stream in (out, err)]
            code = channel.recv_exit_status()
            if code == -1 and not channel.get_transport().is_active():
                raise EOFError("it closed")
            return RemoteAnswer(code, *said)
        except (SSHException, OSError, EOFError) as error:
            raise _lost(self.host, error) from error

    def start(self, script: str) -> Conversation:
        """Starts a shell script there to talk with. Raises AfterpushError when the connection breaks."""
        return Conversation(self.host, self._started(script))

    def _started(self, script: str) -> Any:
        """The user's own shell there may be any: it only starts sh."""
        from paramiko import SSHException

        try:
            channel = self._connection.create_session()
            channel.exec_command(f"exec sh -c {shlex.quote(script)}")
        except (SSHException, OSError, EOFError) as error:
            raise _lost(self.host, error) from error
        return channel

    def cut(self) -> None:
        """Gives the connection up at once, without a word to a machine that does not answer any more."""
        self._connection.transport.close()


def _lost(host: str, error: Exception) -> AfterpushError:
    return AfterpushError(
        f"the connection to {host} was lost ({error}); what runs there goes on: ask again",
        ExitCode.UNREACHABLE,
    )


@contextmanager
def connected(host: str) -> Iterator[Remote]:
    """A connection to `user@host`, or to an alias of ~/.ssh/config, for a block.

    Keys come from the agent and the configuration; nobody is asked. A machine that is not in known_hosts is
    refused. Raises AfterpushError (unreachable) when it cannot be reached.
    """
    from fabric import Connection
    from paramiko import RejectPolicy, SSHException

    # What goes wrong is said by our errors, once; paramiko would print it to stderr as well.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    connection = Connection(host, connect_timeout=CONNECT_SECONDS)
    connection.client.load_system_host_keys()
    connection.client.set_missing_host_key_policy(RejectPolicy())
    try:
        connection.open()
    except (SSHException, OSError, EOFError) as error:
        raise AfterpushError(
            f"connecting to {host} over SSH: {getattr(error, 'strerror', None) or error}; "
            f"check that `ssh {host} true` works without a question",
            ExitCode.UNREACHABLE,
        ) from error
    connection.transport.set_keepalive(KEEPALIVE_SECONDS)
    try:
        yield Remote(host, connection)
    finally:
        connection.close()
