"""The background monitor's entrance: `python -m afterpush.deploy --repo=PATH --sha=SHA`.

It runs the same watch and the same reporting as `inv deploy.monitor`, without the cost of Invoke.
Exit codes are those of the verdict; 0 also when another monitor watches the commit already.
"""

import contextlib
import getopt
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from afterpush.deploy.monitor.background import REFUSED, SETTINGS
from afterpush.deploy.monitor.lock_and_result import AlreadyRunning
from afterpush.deploy.monitor.session import open_session
from afterpush.infra.clock import SystemClock, rfc3339
from afterpush.infra.configuration.app_repository import AppRepository
from afterpush.infra.configuration.config import load_settings, settings_from_text
from afterpush.infra.errors import AfterpushError


def main() -> int:
    """Watches one commit; stdout is the log file."""
    clock = SystemClock()
    redact: Callable[[str], str] = str
    try:
        arguments = _arguments()
        here = AppRepository(Path(arguments["repo"]))
        handed_on = os.environ.pop(SETTINGS, None)
        here.settings = settings_from_text(handed_on) if handed_on else load_settings(here.root)
        redact = here.environment.redactor()

        def warn(text: str) -> None:
            _tell(f"{rfc3339(clock.now())}  note: {redact(text)}")

        notes: list[str] = []
        here.environment = replace(here.environment, tell=notes.append)
        timeout = float(arguments["timeout"]) if "timeout" in arguments else None
        session = open_session(here, arguments["sha"], clock, warn=warn, timeout_seconds=timeout)
        return int(session.run_in_background(notes, strict="strict" in arguments))
    except AlreadyRunning:
        return 0
    except AfterpushError as error:
        _tell(f"{REFUSED}{redact(str(error))}")
        return int(error.exit_code)


def _tell(line: str) -> None:
    """A line of the log. Unbuffered, and a full disk costs the line: what `print` cannot write would fail
    again at the end and take the place of the verdict's exit code.
    """
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode("utf-8", "replace"))


def _arguments() -> dict[str, str]:
    # getopt and not argparse: 1.6 MB less for a process that lives for half an hour.
    try:
        options, rest = getopt.getopt(sys.argv[1:], "", ["repo=", "sha=", "timeout=", "strict"])
    except getopt.GetoptError as error:
        raise AfterpushError(f"python -m afterpush.deploy: {error}") from error
    arguments = {name.removeprefix("--"): value for name, value in options}
    if rest or not {"repo", "sha"} <= arguments.keys():
        raise AfterpushError(
            "usage: python -m afterpush.deploy --repo=PATH --sha=SHA [--timeout=S] [--strict]"
        )
    return arguments


if __name__ == "__main__":
    sys.exit(main())
