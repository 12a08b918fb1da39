"""What all tasks share: the one error boundary, and numbers from flags."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

from invoke import Exit
from invoke import task as invoke_task

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.workflows.app_repository import redacted

Body = Callable[..., ExitCode | int | None]


def task(*, help: dict[str, str] | None = None, **options: Any) -> Callable[[Body], Any]:
    """Makes a task of a function: its return value is the exit code (None is 0).

    An AfterpushError becomes one line on stderr and its exit code; with `--json` also the document
    `{"error", "exit_code"}` on stdout. Ctrl-C exits with 130, and so does what `interruptible` makes of other
    signals. Anything else is a bug and keeps its traceback.
    """

    def make(body: Body) -> Any:
        @functools.wraps(body)
        def opened(context: Any, *arguments: Any, **flags: Any) -> None:
            from afterpush.infra.console import note, print_json, tolerate_any_encoding
            from afterpush.infra.processes.signals import Interrupted

            tolerate_any_encoding()
            try:
                code = body(context, *arguments, **flags)
                sys.stdout.flush()
            except AfterpushError as error:
                message = " ".join(redacted(str(error)).split())
                note(f"afterpush: {message}")
                if flags.get("json"):
                    print_json({"error": message, "exit_code": int(error.exit_code)})
                code = error.exit_code
            except (KeyboardInterrupt, Interrupted):
                note("afterpush: interrupted")
                code = ExitCode.INTERRUPTED
            except BrokenPipeError:
                # The reader went away (`| head`): silence the flush at exit, and end as it would.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                code = ExitCode.GOOD
            if code:
                raise Exit(code=int(code))

        return invoke_task(opened, help=help or {}, auto_shortflags=False, **options)

    return make


def number(text: str | None, flag: str, *, default: float | None = None, least: float = 0) -> float | None:
    """The value of a numeric flag. Raises AfterpushError naming the flag."""
    if text is None or text == "":
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value < float("inf"):
        raise AfterpushError(f"{flag}={text}: expected a number of at least {least:g}")
    return value


def whole_number(text: str | None, flag: str, *, default: int, least: int = 0) -> int:
    """The value of a flag that counts. Raises AfterpushError naming the flag."""
    value = number(text, flag, default=default, least=least)
    if value is None or value != int(value):
        raise AfterpushError(f"{flag}={text}: expected a whole number of at least {least}")
    return int(value)
