"""The story of the demo: real repositories, pushes and monitors, with a platform that is simulated."""

import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.deploy import register
from afterpush.deploy.background import start_monitor
from afterpush.deploy.facts import Verdict
from afterpush.deploy.history import History
from afterpush.deploy.logs import log_urls, read_logs
from afterpush.deploy.outcome import RUNNING, Outcome
from afterpush.deploy.setup import app_platform
from afterpush.deploy.tables import history_table
from afterpush.ground.clock import SystemClock
from afterpush.ground.config import read_environment
from afterpush.ground.errors import ExitCode
from afterpush.ground.files import temporary_folder
from afterpush.ground.git import clean_environment
from afterpush.ground.http import Client
from afterpush.ground.signals import Interrupted, interruptible, uninterrupted
from afterpush.ground.state import StateFolder, state_folder
from afterpush.platform.process import Running, platform_process
from afterpush.platform.scene import REPO, Clone, Stage, build_stage

Tell = Callable[[str], None]

_OURS = re.compile(r"DIGITALOCEAN_|AFTERPUSH|DB_|HEALTH_URL$|HUSKY$|GIT_")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z  ")
_POLL_SECONDS = 0.05
_LOG_LINES = 6


@dataclass(frozen=True)
class Tempo:
    """How many times faster than real the platform goes, and how often the monitors look."""

    speed: float
    look_seconds: float


NORMAL = Tempo(speed=20, look_seconds=0.4)
FAST = Tempo(speed=150, look_seconds=0.1)


@dataclass(frozen=True)
class Pushed:
    """One push of ours: the keys of the demo's document."""

    sha: str
    verdict: str
    category: str | None


@dataclass
class Shown:
    """What has been shown so far."""

    pushes: list[Pushed] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        if self.is_interrupted:
            return ExitCode.INTERRUPTED
        as_told = [push.verdict for push in self.pushes] == ["live", "failed", "superseded"]
        return ExitCode.GOOD if as_told else ExitCode.BAD_ANSWER


@dataclass(frozen=True)
class Play:
    """Everything that an act needs."""

    stage: Stage
    state: StateFolder
    environment: Mapping[str, str]
    clock: SystemClock
    tell: Tell


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
    """A temporary folder that is gone afterwards, however often Ctrl-C is pressed."""
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("afterpush-demo-"))
        try:
            yield folder
        finally:
            with uninterrupted():
                stack.close()


def _play_all(folder: Path, tempo: Tempo, tell: Tell, shown: Shown, clock: SystemClock) -> None:
    tell(
        "afterpush demo: three pushes to main, each watched by a background monitor.\n"
        "The platform is SIMULATED: a process on this machine that speaks the App Platform API, "
        f"{tempo.speed:g} times faster than real.\n"
        "Repositories, commits, pushes and monitors are real, in a temporary folder; "
        "nothing leaves this machine."
    )
    environment = _environment()
    stage = build_stage(folder, environment, ("Ada", "Bob"), _first_files(tempo))
    arguments = [
        *("live", "build-failure", "stuck", "live"),
        f"--speed={tempo.speed}",
        f"--repo={REPO}",
        f"--live-sha={stage.ours.git('rev-parse', 'HEAD')}",
    ]
    with platform_process(folder, arguments, environment, clock) as platform:
        stage.announce_pushes(platform.url)
        state = state_folder(stage.ours.path)
        play = Play(stage, state, environment | _addresses(platform), clock, tell)
        with _monitors_ended(state, clock):
            shown.pushes.append(_act_live(play))
            shown.pushes.append(_act_failure(play))
            shown.pushes.append(_act_superseded(play))
            tell(f"\nWhat inv deploy.history knows of it:\n{_indented(_history(state))}")
    tell("\nIn your repository: inv env.check, then inv hooks.install, then git push as always.")


def _environment() -> dict[str, str]:
    """This process's environment without anything that could lead to a real platform or repository."""
    kept = {name: value for name, value in clean_environment().items() if not _OURS.match(name)}
    return kept | {
        "DIGITALOCEAN_TOKEN": f"simulated-{secrets.token_hex(8)}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _addresses(platform: Running) -> dict[str, str]:
    return {"DIGITALOCEAN_API_URL": platform.url, "HEALTH_URL": f"{platform.app_url}/health"}


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
            register.stop_all(state, clock)


def _act_live(play: Play) -> Pushed:
    play.tell("\n1. Ada pushes a change that is good.")
    sha = _commit_and_push(
        play, play.stage.ours, "Greet the customers", {"server.js": "console.log('hello')\n"}
    )
    return _watched(play, sha)


def _act_failure(play: Play) -> Pushed:
    play.tell("\n2. Ada adds a dependency and forgets the lock file: the build will fail.")
    manifest = '{"name": "shop", "version": "1.0.1", "dependencies": {"left-pad": "^1.3.0"}}\n'
    return _watched(
        play, _commit_and_push(play, play.stage.ours, "Pad the prices", {"package.json": manifest})
    )


def _act_superseded(play: Play) -> Pushed:
    play.tell("\n3. Ada takes it back, and Bob pushes while her deployment is still building.")
    manifest = '{"name": "shop", "version": "1.0.2"}\n'
    sha = _commit_and_push(play, play.stage.ours, "Do not pad the prices", {"package.json": manifest})
    return _watched(play, sha, lambda: _bob_pushes(play))


def _bob_pushes(play: Play) -> None:
    bob = play.stage.theirs
    bob.git("pull", "--quiet", "--rebase")
    _commit_and_push(play, bob, "Close on Sundays", {"hours.txt": "closed on Sundays\n"})


def _commit_and_push(play: Play, clone: Clone, message: str, files: Mapping[str, str]) -> str:
    sha = clone.commit(message, files)
    pushing = Clone(clone.path, clone.person, {**clone.environment, **play.environment})
    pushing.push()
    play.tell(f"   $ git push      {clone.person}: {sha[:7]} {message}")
    return sha


def _watched(play: Play, sha: str, while_building: Callable[[], None] | None = None) -> Pushed:
    """Starts a background monitor of our clone's commit and shows its log until it has a verdict."""
    started = start_monitor(play.stage.ours.path, play.state, sha, play.environment, play.clock)
    play.tell(f"   monitor of {sha[:7]} in the background, pid {started.pid}; its log:")
    log = LogTail(Path(started.log_path), play.tell)
    while (found := register.status(play.state, sha, play.clock.now())).verdict == RUNNING:
        log.show_new()
        if while_building and found.phase == "BUILDING":
            while_building()
            while_building = None
        play.clock.sleep(_POLL_SECONDS)
    log.show_new()
    if found.verdict == Verdict.FAILED:
        _show_build_log(play, found)
    return Pushed(sha, found.verdict, found.category)


def _show_build_log(play: Play, outcome: Outcome) -> None:
    """The end of the failed build's log, from the platform."""
    root = play.stage.ours.path
    api = app_platform(read_environment(root, play.environment), play.clock)
    if api is None or outcome.app is None or outcome.deployment_id is None:
        return
    urls = log_urls(api, outcome.app, outcome.deployment_id, "build", follow=False)
    text = b"".join(read_logs(Client(), urls, quiet_seconds=20)).decode("utf-8", "replace")
    # Each line begins with the component and the time; those with nothing behind them are left out.
    lines = [line for line in text.splitlines() if len(line.split(maxsplit=2)) == 3]
    play.tell(f"   $ inv deploy.logs --sha={outcome.sha[:7]}")
    for line in lines[-_LOG_LINES:]:
        play.tell(f"   | {line}")


class LogTail:
    """The lines of a growing log that were not shown yet."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        self._offset = 0

    def show_new(self) -> None:
        try:
            data = self._path.read_bytes()[self._offset :]
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode("utf-8", "replace").splitlines():
            self._tell("   | " + _STAMP.sub(r"\1  ", line))


def _history(state: StateFolder) -> str:
    return history_table(History(state.history).records(limit=10))


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())
