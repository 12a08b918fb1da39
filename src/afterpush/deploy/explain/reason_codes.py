"""What the platform's own reason codes mean, where the log says nothing better.

The codes are those of DigitalOcean's document "App Platform error codes"; seen with and without `Deploy`
before `Container`. A decisive code names the cause itself. The others only say where it happened: a line of
the log that names the cause comes before them.
"""

import re
from dataclasses import dataclass

_EXIT_CODE = re.compile(r"\bexit(?:ed)?\b[^0-9\n]{0,30}?\b(\d{1,3})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Coded:
    """A code in our words: one of our categories, one line, what to do."""

    category: str
    title: str
    hint: str
    is_decisive: bool = True


_LIMIT_HINT = "Ask for a higher limit in the control panel, or remove apps and resources that nobody uses."
_CODES = {
    "InternalError": Coded(
        "platform_error",
        "The platform failed by itself.",
        "Deploy again; if it stays, ask the platform's support with the deployment's id.",
        is_decisive=False,
    ),
    "BuildJobFailed": Coded(
        "build_command_failed", "The build failed.", "Read the end of the build log.", is_decisive=False
    ),
    "BuildJobExitNonZero": Coded(
        "build_command_failed",
        "The build command ended with an error.",
        "Run the build command locally, in a clean checkout.",
        is_decisive=False,
    ),
    "BuildJobTimeout": Coded(
        "timeout",
        "The build took longer than the platform allows (60 minutes).",
        "Make the build shorter: cache dependencies, leave tests to CI, split what is built.",
    ),
    "BuildJobOutOfMemory": Coded(
        "out_of_memory",
        "The build needed more memory than it was given.",
        "Limit the build (NODE_OPTIONS=--max-old-space-size, fewer workers), or build an image elsewhere.",
    ),
    "BuildRateLimit": Coded(
        "rate_limited",
        "Too many builds of this account run at once.",
        "Nothing: the platform tries again by itself; push less often at once.",
    ),
    "DatabaseNotAvailable": Coded(
        "database_unreachable",
        "The database of the app is not available.",
        "Look at the database cluster in the control panel; deploy again when it is up.",
        is_decisive=False,
    ),
    "DatabaseNotFound": Coded(
        "database_unreachable",
        "The spec names a database cluster that does not exist.",
        "Check cluster_name, db_name and the engine of the database in the app spec.",
    ),
    "DatabaseLimitExceeded": Coded("platform_error", "The account may not have more databases.", _LIMIT_HINT),
    "ResourceExhausted": Coded(
        "platform_error", "The account may not use more of the platform's resources.", _LIMIT_HINT
    ),
    "ContainerCommandNotExecutable": Coded(
        "app_crash",
        "The run command is not there, or nobody may execute it.",
        "Correct or clear run_command of the component; a script needs its execute bit and a shebang line.",
    ),
    "ContainerExitNonZero": Coded(
        "app_crash",
        "The app ended soon after its start.",
        "Read the run log; start the app locally with the run command and the same variables.",
        is_decisive=False,
    ),
    "ContainerHealthChecksFailed": Coded(
        "health_check_failed",
        "The app did not pass its health checks in time.",
        "Check port and path of the health check, and give the start more time (initial_delay_seconds).",
        is_decisive=False,
    ),
    "ContainerOutOfMemory": Coded(
        "out_of_memory",
        "The app needed more memory than its instance has.",
        "Take a larger instance size for this component, or limit the process.",
    ),
}
# What a shell and the kernel say with an exit code (128 and a signal's number).
_EXITS = {
    0: "It ended by itself, though it should have gone on: run it in the foreground.",
    1: "It ended with an error of its own; its last lines say which.",
    2: "It was started with wrong arguments, or a file that it needs is missing.",
    126: "The run command is there, but may not be executed: give it its execute bit.",
    127: "The run command was not found: check run_command and PATH.",
    128: "It ended with an exit code that is none; look at how the run command exits.",
    134: "It aborted itself (SIGABRT): an assertion, or a heap that is full.",
    137: "It was killed (SIGKILL): out of memory, or its health checks failed.",
    139: "It crashed (SIGSEGV): a native module, or one that was built for another system.",
    143: "It was asked to end (SIGTERM): by a newer deployment, or by failed health checks.",
    145: "It was stopped by a signal; look at who sends it.",
    217: "The user that the container names does not exist in the image.",
    255: "It ended with an exit code out of range; its last lines say more.",
}


def meaning_of(code: str, message: str = "") -> Coded | None:
    """The meaning of a code, with that of the exit code which its message names; None for one not known."""
    found = _CODES.get(code.removeprefix("Deploy"))
    if found is None or not code.endswith("ContainerExitNonZero"):
        return found
    exit_code = _EXIT_CODE.search(message)
    hint = _EXITS.get(int(exit_code[1])) if exit_code else None
    return Coded(found.category, found.title, hint, is_decisive=False) if hint else found
