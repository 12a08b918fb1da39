"""Commands on another machine over SSH, as the user's own ssh configuration reaches it."""

import contextlib
import logging
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.remote.ports import LOOPBACK, free_ports

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

    @property
    def is_open(self) -> bool:
        """Whether the command still runs and the connection holds, as far as that is known here."""
        return not (self._channel.closed or self._channel.exit_status_ready())

    def has_spoken(self) -> bool:
        """Whether it has written anything since it was last asked or heard; what it wrote is dropped."""
        spoken = bool(self._pending)
        self._pending = b""
        while self._channel.recv_ready():
            spoken = bool(self._channel.recv(8192)) or spoken
        return spoken

    def say(self, text: str) -> None:
        """Writes to its stdin. Raises AfterpushError (unreachable) when nobody reads it any more."""
        try:
            self._channel.sendall(text.encode())
        except OSError as error:
            raise _lost(self.host, error) from error

    def hear(self, timeout_seconds: float) -> str | None:
        """The next line of its stdout without the line end; None when it has ended.

        Raises AfterpushError (unreachable) when it says nothing within the time.
        """
        self._channel.settimeout(timeout_seconds)
        while b"\n" not in self._pending:
            try:
                piece = self._channel.recv(8192)
            except TimeoutError as error:
                raise AfterpushError(
                    f"{self.host} has not answered for {timeout_seconds:g} s", ExitCode.UNREACHABLE
                ) from error
            if not piece:
                return None
            self._pending += piece
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("utf-8", "replace")

    def end(self, timeout_seconds: float) -> int | None:
        """Closes its stdin and waits for it to end; its exit code, or None when it does not end in time."""
        with contextlib.suppress(OSError, EOFError):
            self._channel.shutdown_write()
        ended = self._channel.status_event.wait(timeout_seconds)
        self._channel.close()
        return int(self._channel.exit_status) if ended else None


class Remote:
    """A machine that is connected."""

    def __init__(self, host: str, connection: Any) -> None:
        self.host = host
        self._connection = connection

    def run(self, script: str) -> RemoteAnswer:
        """Runs a shell script there, without stdin. Raises AfterpushError when the connection breaks."""
        from paramiko import SSHException

        try:
            done = self._connection.run(_by_sh(script), hide=True, warn=True, in_stream=False)
        except (SSHException, OSError, EOFError) as error:
            raise _lost(self.host, error) from error
        return RemoteAnswer(done.exited, done.stdout, done.stderr)

    def feed(self, script: str, content: bytes) -> RemoteAnswer:
        """Runs a shell script there with these bytes as its stdin.

        Raises AfterpushError when the connection breaks.
        """
        from paramiko import SSHException

        try:
            channel = self._connection.create_session()
            channel.exec_command(_by_sh(script))
            # A script that has ended early takes no more input; what it said is the answer.
            with contextlib.suppress(OSError):
                channel.sendall(content)
                channel.shutdown_write()
            with channel.makefile("rb") as out, channel.makefile_stderr("rb") as err:
                said = RemoteAnswer(
                    -1, out.read().decode(errors="replace"), err.read().decode(errors="replace")
                )
            code = channel.recv_exit_status()
            if code == -1 and not channel.get_transport().is_active():
                raise EOFError("it closed")
            return RemoteAnswer(code, said.out, said.err)
        except (SSHException, OSError, EOFError) as error:
            raise _lost(self.host, error) from error

    def start(self, script: str) -> Conversation:
        """Starts a shell script there to talk with. Raises AfterpushError when the connection breaks."""
        from paramiko import SSHException

        try:
            channel = self._connection.create_session()
            channel.exec_command(_by_sh(script))
        except (SSHException, OSError, EOFError) as error:
            raise _lost(self.host, error) from error
        return Conversation(self.host, channel)

    def cut(self) -> None:
        """Gives the connection up at once, without a word to a machine that does not answer any more."""
        self._connection.transport.close()

    @contextmanager
    def leading_here(self, port_there: int, port_here: int) -> Iterator[None]:
        """A port on loopback there leads to one on loopback here, for a block.

        Raises AfterpushError when the machine does not allow it.
        """
        from paramiko import SSHException

        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(
                    self._connection.forward_remote(
                        port_there, port_here, remote_host=LOOPBACK, local_host=LOOPBACK
                    )
                )
            except (SSHException, OSError) as error:
                raise AfterpushError(
                    f"{self.host} does not forward a port ({error}); its sshd must allow it: "
                    "AllowTcpForwarding yes"
                ) from error
            yield

    @contextmanager
    def leading_there(self, port_there: int) -> Iterator[int]:
        """A port on loopback here that leads to one on loopback there, for a block."""
        from fabric.tunnels import ThreadException

        [port_here] = free_ports(1)
        with contextlib.suppress(ThreadException):  # A tunnel whose machine is gone ends with an error.
            with self._connection.forward_local(
                port_here, port_there, remote_host=LOOPBACK, local_host=LOOPBACK
            ):
                yield port_here


def _by_sh(script: str) -> str:
    """The user's own shell there may be any: it only starts sh."""
    return f"exec sh -c {shlex.quote(script)}"


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
