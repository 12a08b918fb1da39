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


class AfterpushError(Exception):
    """An expected failure, shown to the user as one line without a traceback.

    The message says what was being done, to which thing, and what to do next.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
