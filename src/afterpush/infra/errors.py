"""The one expected error, and what every exit code means."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every task, as docs/reference/exit-codes.md lists them."""

    GOOD = 0
    BAD_ANSWER = 1
    USAGE = 2
    SUPERSEDED = 3
    TIMEOUT = 4
    NO_DEPLOYMENT = 5
    UNREACHABLE = 6
    RUNNING = 7
    CRASHED = 8
    INTERRUPTED = 130

    @property
    def word(self) -> str:
        """The `code` of an error document: one word of a closed list."""
        return _TABLE[self][0]

    @property
    def meaning(self) -> str:
        """What the code says to a script."""
        return _TABLE[self][1]


_TABLE = {
    ExitCode.GOOD: ("", "good"),
    ExitCode.BAD_ANSWER: (
        "failed",
        "the answer is bad: deployment failed, conflicts left, migrations uncovered, stale",
    ),
    ExitCode.USAGE: ("usage", "usage or configuration error; the line on stderr says what to correct"),
    ExitCode.SUPERSEDED: (
        "superseded",
        "superseded, canceled or rolled back: another deployment took its place, or none",
    ),
    ExitCode.TIMEOUT: ("timeout", "no verdict in the time allowed; this is never called a failure"),
    ExitCode.NO_DEPLOYMENT: ("none", "no deployment can be tied to this commit"),
    ExitCode.UNREACHABLE: ("unreachable", "no source could be reached"),
    ExitCode.RUNNING: ("running", "still running"),
    ExitCode.CRASHED: ("crashed", "a monitor ended without a verdict; this is never called a failure"),
    ExitCode.INTERRUPTED: ("interrupted", "interrupted, or the watch was stopped; a deployment goes on"),
}
# What the exit code alone does not say: errors of the same exit code that a program treats differently.
CONFIGURATION, UNTRUSTED = "configuration", "untrusted"
ERROR_CODES = (*(code.word for code in ExitCode if code), CONFIGURATION, UNTRUSTED)


class AfterpushError(Exception):
    """An expected failure, shown to the user as one line without a traceback.

    The message says what was being done, to which thing, and what to do next. `code` is one of
    `ERROR_CODES`; by default it follows from the exit code. An error never exits with 0.
    """

    def __init__(
        self, message: str, exit_code: ExitCode = ExitCode.USAGE, *, code: str | None = None
    ) -> None:
        if exit_code is ExitCode.GOOD:
            raise ValueError(f"an error cannot end well: {message}")
        super().__init__(message)
        self.exit_code: ExitCode = exit_code
        self.code = code or exit_code.word

    def document(self, message: str) -> dict[str, object]:
        """The document that `--json` prints for it."""
        return {"error": message, "code": self.code, "exit_code": int(self.exit_code)}


@contextmanager
def depth_limit(doing: str) -> Iterator[None]:
    """Raises AfterpushError where the block reads what is nested deeper than Python's stack, or follows a
    path that the system takes for too long; `doing` begins the message.

    Readers of JSON, TOML, YAML, Markdown and shell text all follow nesting by calling themselves.
    """
    try:
        yield
    except RecursionError as error:
        raise AfterpushError(f"{doing}: something in it is nested too deeply; correct it by hand") from error
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        path = f"{error.filename!s:.60}"
        raise AfterpushError(f"{doing}: {path!r}...: {error.strerror}; correct it by hand") from error
