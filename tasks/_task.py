"""What all tasks share: the one error boundary, and numbers from flags."""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, get_origin

from invoke import Exit
from invoke import task as invoke_task

from afterpush.infra.errors import AfterpushError, ExitCode, depth_limit
from afterpush.workflows.app_repository import redacted, redactor_here

Body = Callable[..., ExitCode | int | None]


Json = Annotated[bool, "print one JSON document on stdout"]


def task(**options: Any) -> Callable[[Body], Any]:
    """Makes a task of a function: its return value is the exit code (None is 0).

    Its parameters are the flags, their help in the annotation: `sha: Annotated[Any, "the commit"] = None`.
    The context that Invoke passes first is looked at here only.

    An AfterpushError becomes one line on stderr and its exit code; with `--json` also the document
    `{"error", "code", "exit_code"}` on stdout. Invoke's `--dry` acts as `--dry-run`, or is refused where a
    task has no such flag; its `--echo` shows every command before it is run. Ctrl-C exits with 130, and so
    does what `interruptible` makes of other signals. Anything else is a bug and keeps its traceback.
    """

    def make(body: Body) -> Any:
        own = inspect.signature(body)

        @functools.wraps(body)
        def opened(context: Any, *arguments: Any, **flags: Any) -> None:
            from afterpush.infra.console import note, print_json, tolerate_any_encoding
            from afterpush.infra.processes.signals import Interrupted

            tolerate_any_encoding()
            try:
                _obey_invoke(context, body.__name__, own, flags)
                with depth_limit(f"running {body.__name__.replace('_', '-')} with this repository's files"):
                    code = body(*arguments, **flags)
                sys.stdout.flush()
            except AfterpushError as error:
                message = " ".join(redacted(str(error)).split())
                note(f"afterpush: {message}")
                if flags.get("json"):
                    print_json(error.document(message))
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

        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_ONLY)
        whole = own.replace(parameters=[context, *own.parameters.values()])
        opened.__signature__ = whole  # type: ignore[attr-defined]
        return invoke_task(opened, help=_help_of(own), auto_shortflags=False, **options)

    return make


def _help_of(signature: inspect.Signature) -> dict[str, str]:
    hints = {name: one.annotation for name, one in signature.parameters.items()}
    return {name: hint.__metadata__[0] for name, hint in hints.items() if get_origin(hint) is Annotated}


def _obey_invoke(context: Any, name: str, own: inspect.Signature, flags: dict[str, Any]) -> None:
    """Gives Invoke's own `--dry` and `--echo` the meaning that their help promises."""
    if context.config.run.dry:
        if "dry_run" not in own.parameters:
            raise AfterpushError(
                f"running {name.replace('_', '-')} with Invoke's --dry: this task has no dry run; "
                "leave --dry out"
            )
        flags["dry_run"] = True
    if context.config.run.echo:
        import shlex

        from afterpush.infra.console import note
        from afterpush.infra.processes import echo_commands

        redact = redactor_here()  # Once, before: it asks git where the configuration is.
        echo_commands(lambda words: note(redact(shlex.join(words))))


def answer(document: Any, text: Callable[[Any], str], *, json: bool, is_good: bool = True) -> ExitCode:
    """Prints what a task found, as one JSON document or as `text` of it for people; gives the exit code."""
    from afterpush.infra.console import print_json, say

    print_json(document) if json else say(text(document))
    return ExitCode.GOOD if is_good else ExitCode.BAD_ANSWER


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
