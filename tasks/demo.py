"""The whole thing at once, on a simulated platform."""

from typing import Annotated as Flag
from typing import Any

from afterpush.infra.console import note, print_json, say, say_folded
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.tasks._task import task

SCENARIO = (
    "with --serve: what becomes of the pushes, in order "
    "(default: live, build-failure, deploy-failure, then live)"
)


@task(name="demo")
def demo(
    fast: Flag[bool, "a few seconds instead of half a minute"] = False,
    serve: Flag[bool, "a simulated platform for the repository you are in, until Ctrl-C"] = False,
    scenario: Flag[Any, SCENARIO] = None,
    json: Flag[bool, "print one JSON document on stdout; the story goes to stderr"] = False,
) -> ExitCode:
    """Show pushes that go live, fail and are superseded, on a simulated platform."""
    from afterpush.workflows.demo.story import FAST, NORMAL, demonstrate

    tempo = FAST if fast else NORMAL
    if serve:
        return _serve(tempo.speed, scenario, json=json)
    if scenario is not None:
        raise AfterpushError("--scenario belongs to --serve")
    shown = demonstrate(tempo, note if json else say_folded)
    if json:
        print_json({"pushes": shown.pushes})
    return shown.exit_code


def _serve(speed: float, scenario: str | None, *, json: bool) -> ExitCode:
    from afterpush.workflows.app_repository import app_repository
    from afterpush.workflows.demo.serve import chosen, instructions, serve_here

    here, scenarios = app_repository(), chosen(scenario)
    return serve_here(
        here.repo,
        here.settings,
        speed,
        scenarios,
        print_json if json else lambda served: say(instructions(served, speed)),
        note if json else say,
    )
