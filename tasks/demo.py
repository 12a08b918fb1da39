"""The whole thing at once, on a simulated platform."""

from typing import Any

from afterpush.infra.console import note, print_json, say_folded
from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import task


@task(
    name="demo",
    help={
        "fast": "a few seconds instead of half a minute",
        "json": "print one JSON document on stdout; the story goes to stderr",
    },
)
def demo(context: Any, fast: bool = False, json: bool = False) -> ExitCode:
    """Show three pushes, three monitors and three verdicts, on a simulated platform."""
    from afterpush.workflows.demo.story import FAST, NORMAL, demonstrate

    shown = demonstrate(FAST if fast else NORMAL, note if json else say_folded)
    if json:
        print_json({"pushes": shown.pushes})
    return shown.exit_code
