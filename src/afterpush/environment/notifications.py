"""Whether the command that notifies can be run, and its fields are ones that are filled in."""

import re
import shutil
from collections.abc import Sequence

from afterpush.digitalocean.notify import FIELDS
from afterpush.environment.report import Check, Problem, warning

_BRACES = re.compile(r"\{(\w+)\}")


def notify_check(command: Sequence[str], path: str | None) -> tuple[Check, list[Problem]]:
    """`notify.command`: is its program there, and are there no fields that nobody fills in?"""
    if not command:
        return Check("notify", True, "no command is configured"), []
    works = "all but the notification"
    problems = []
    if shutil.which(command[0], path=path) is None:
        what = f"notify.command: {command[0]} is not on PATH"
        problems.append(warning(what, f"install it, or correct notify.command: {command[0]}", works))
    unknown = sorted({name for word in command for name in _BRACES.findall(word)} - set(FIELDS))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        what = f"notify.command: nothing fills in {', '.join(f'{{{name}}}' for name in unknown)}"
        problems.append(warning(what, f"use one of {known}", works))
    return Check("notify", not problems, command[0]), problems
