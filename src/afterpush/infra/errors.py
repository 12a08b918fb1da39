"""The one expected error, and what every exit code means."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every task (DESIGN, section 4)."""

    GOOD = 0
    BAD_ANSWER = 1
    USAGE = 2
    SUPERSEDED = 3
    TIMEOUT = 4
    NO_DEPLOYMENT = 5
    UNREACHABLE = 6
    RUNNING = 7
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What the code says to a script."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.GOOD: "good",
    ExitCode.BAD_ANSWER: "the answer is bad: deployment failed, conflicts left, migrations uncovered, stale",
    ExitCode.USAGE: "usage or configuration error; the line on stderr says what to correct",
    ExitCode.SUPERSEDED: "superseded or canceled: a newer deployment took its place, or somebody canceled it",
    ExitCode.TIMEOUT: "no verdict in the time allowed; this is never called a failure",
    ExitCode.NO_DEPLOYMENT: "no deployment can be tied to this commit",
    ExitCode.UNREACHABLE: "no source could be reached",
    ExitCode.RUNNING: "still running",
    ExitCode.INTERRUPTED: "interrupted, or the watch was stopped; a deployment goes on",
}


class AfterpushError(Exception):
    """An expected failure, shown to the user as one line without a traceback.

    The message says what was being done, to which thing, and what to do next.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
