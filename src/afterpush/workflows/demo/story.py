"""The story of the demo: real repositories, pushes and monitors, with a platform that is simulated."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

from afterpush.deploy.monitor.history import History
from afterpush.deploy.monitor.stopping import stop_all
from afterpush.deploy.report.figures import distinct, figures
from afterpush.deploy.report.terminal import history_text
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import ExitCode
from afterpush.infra.files import temporary_folder
from afterpush.infra.git import clean_environment
from afterpush.infra.invocation import VARIABLE, program
from afterpush.infra.processes.signals import Interrupted, interruptible, uninterrupted
from afterpush.infra.state import StateFolder, state_folder
from afterpush.workflows.demo.acts import (
    DemoContext,
    DemoPush,
    Tell,
    act_failure,
    act_live,
    act_superseded,
)
from afterpush.workflows.demo.cleanup import looked_after
from afterpush.workflows.demo.clones import BRANCH, REPO, two_clones
from afterpush.workflows.demo.platform import simulated

_OURS = re.compile(r"DIGITALOCEAN_|AFTERPUSH|DB_|HEALTH_URL$|HUSKY$|GIT_")


@dataclass(frozen=True)
class Tempo:
    """How many times faster than real the platform goes, and how often the monitors look."""

    speed: float
    look_seconds: float


NORMAL = Tempo(speed=20, look_seconds=0.4)
FAST = Tempo(speed=150, look_seconds=0.1)


@dataclass
class Shown:
    """What has been shown so far."""

    pushes: list[DemoPush] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        if self.is_interrupted:
            return ExitCode.INTERRUPTED
        as_told = [push.verdict for push in self.pushes] == ["live", "failed", "superseded", "live"]
        return ExitCode.GOOD if as_told else ExitCode.BAD_ANSWER


def demonstrate(tempo: Tempo, tell: Tell) -> Shown:
    """Plays the three acts; whatever happens, no process and no file of them is left afterwards."""
    shown = Shown()
    clock = SystemClock()
    try:
        with interruptible(), _folder() as folder:
            _play_all(folder, tempo, tell, shown, clock)
    except Interrupted as ended:
        tell(f"\n{ended.name}: stopped; the platform, the monitors and the folder are gone")
        shown.is_interrupted = True
    return shown


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that is gone afterwards, however often Ctrl-C is pressed, and even after a kill."""
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        with looked_after(folder, _environment()):
            try:
                yield folder
            finally:
                with uninterrupted():
                    stack.close()


def _play_all(folder: Path, tempo: Tempo, tell: Tell, shown: Shown, clock: SystemClock) -> None:
    tell(
        "afterpush demo: four pushes to main, each watched by a background monitor.\n"
        "The platform is SIMULATED: a server on this machine that speaks the App Platform API, "
        f"{tempo.speed:g} times faster than real.\n"
        "Repositories, commits, pushes and monitors are real, in a temporary folder; "
        "nothing leaves this machine."
    )
    environment = _environment()
    ours, theirs = two_clones(folder, environment, ("Ada", "Bob"), _first_files(tempo))
    live_sha = ours.git("rev-parse", "HEAD")
    scenarios = ("live", "build-failure", "stuck", "live")
    with simulated(tempo.speed, scenarios, "shop", REPO, BRANCH, live_sha) as served:
        state = state_folder(ours.path)
        variables = environment | served.variables
        demo = DemoContext(ours, theirs, served.platform, state, variables, clock, tell)
        with _monitors_ended(state, clock):
            shown.pushes.append(act_live(demo))
            shown.pushes.append(act_failure(demo))
            shown.pushes.extend(act_superseded(demo))
            records = distinct(History(state.history).records(limit=10))
            known = indent(history_text(records, figures(records)), "   ", lambda line: True)
            tell(f"\nWhat {program()} deploy.history knows of it:\n{known}")
    tell(
        "\nNext, in your own repository (the README says how to install afterpush there): "
        "afterpush env.check, afterpush hooks.install, then git push as always."
    )


def _environment() -> dict[str, str]:
    """This process's environment without anything that could lead to a real platform or repository."""
    kept = {name: value for name, value in clean_environment().items() if not _OURS.match(name)}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        VARIABLE: program(),
    }


def _first_files(tempo: Tempo) -> dict[str, str]:
    look = tempo.look_seconds
    return {
        "config/afterpush.yaml": (
            f"deploy:\n  timeout_seconds: 60\n  grace_seconds: 20\n  poll: {{discover_seconds: {look}, "
            f"building_seconds: {look}, deploying_seconds: {look}, backoff_max_seconds: 1}}\n"
            "health: {ready_seconds: 5}\n"
        ),
        "package.json": '{"name": "shop", "version": "1.0.0"}\n',
        "server.js": "console.log('open')\n",
    }


@contextmanager
def _monitors_ended(state: StateFolder, clock: SystemClock) -> Iterator[None]:
    """No monitor survives the block."""
    try:
        yield
    finally:
        with uninterrupted():
            stop_all(state, clock)
