"""Commands on another machine over SSH, as the user's own ssh configuration reaches it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from afterpush.ground.errors import AfterpushError, ExitCode

CONNECT_SECONDS = 15


@dataclass(frozen=True)
class Answer:
    """How a remote command ended, and what it said."""

    code: int
    out: str
    err: str


class Remote:
    """A machine that is connected."""

    def __init__(self, host: str, connection: Any) -> None:
        self.host = host
        self._connection = connection

    def run(self, script: str) -> Answer:
        """Runs a shell script there, without stdin. Raises AfterpushError when the connection breaks."""
        from paramiko import SSHException

        try:
            done = self._connection.run(script, hide=True, warn=True, in_stream=False)
        except (SSHException, OSError, EOFError) as error:
            raise AfterpushError(
                f"the connection to {self.host} was lost ({error}); what runs there goes on: ask again",
                ExitCode.UNREACHABLE,
            ) from error
        return Answer(done.exited, done.stdout, done.stderr)


@contextmanager
def connected(host: str) -> Iterator[Remote]:
    """A connection to `user@host`, or to an alias of ~/.ssh/config, for a block.

    Keys come from the agent and the configuration; nobody is asked. A machine that is not in known_hosts is
    refused. Raises AfterpushError (unreachable) when it cannot be reached.
    """
    from fabric import Connection
    from paramiko import RejectPolicy, SSHException

    connection = Connection(host, connect_timeout=CONNECT_SECONDS)
    connection.client.load_system_host_keys()
    connection.client.set_missing_host_key_policy(RejectPolicy())
    try:
        connection.open()
    except (SSHException, OSError, EOFError) as error:
        raise AfterpushError(
            f"connecting to {host} over SSH: {error}; check that `ssh {host} true` works without a question",
            ExitCode.UNREACHABLE,
        ) from error
    try:
        yield Remote(host, connection)
    finally:
        connection.close()
