"""The three acts of the demo: each pushes, and shows the monitors' logs until every push has its verdict."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from afterpush.deploy.logs.platform_logs import PlatformLog
from afterpush.deploy.monitor import status
from afterpush.deploy.monitor.background import start_monitor
from afterpush.deploy.monitor.setup import app_platform
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import RUNNING, Outcome
from afterpush.infra.clock import SystemClock
from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.invocation import program
from afterpush.infra.processes.detached import exit_code_of_child
from afterpush.infra.state import StateFolder
from afterpush.simulator import FakePlatform
from afterpush.workflows.demo.clones import BRANCH, Clone

Tell = Callable[[str], None]

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z  ")
_POLL_SECONDS = 0.05
_LOG_LINES = 6


@dataclass(frozen=True)
class DemoPush:
    """One push: the keys of the demo's document."""

    sha: Annotated[str, "the full sha of the commit"]
    verdict: Annotated[str, "what its watch ended with"]
    category: Annotated[str | None, "the category of a failure; null otherwise"]


@dataclass(frozen=True)
class DemoContext:
    """Everything that an act needs."""

    ours: Clone
    theirs: Clone
    platform: FakePlatform
    state: StateFolder
    environment: Mapping[str, str]
    clock: SystemClock
    tell: Tell


def act_live(demo: DemoContext) -> DemoPush:
    demo.tell("\n1. Ada pushes a change that is good.")
    sha = _commit_and_push(demo, demo.ours, "Greet the customers", {"server.js": "console.log('hello')\n"})
    return _watched(demo, sha)


def act_failure(demo: DemoContext) -> DemoPush:
    demo.tell("\n2. Ada adds a dependency and forgets the lock file: the build will fail.")
    manifest = '{"name": "shop", "version": "1.0.1", "dependencies": {"left-pad": "^1.3.0"}}\n'
    return _watched(demo, _commit_and_push(demo, demo.ours, "Pad the prices", {"package.json": manifest}))


def act_superseded(demo: DemoContext) -> Iterator[DemoPush]:
    demo.tell("\n3. Ada takes it back, and Bob pushes while her deployment is still building.")
    manifest = '{"name": "shop", "version": "1.0.2"}\n'
    sha = _commit_and_push(demo, demo.ours, "Do not pad the prices", {"package.json": manifest})
    bobs: list[str] = []
    yield _watched(demo, sha, lambda: bobs.append(_bob_pushes(demo)))
    demo.ours.git("fetch", "--quiet")
    for newer in bobs:
        yield _watched(demo, newer)


def _bob_pushes(demo: DemoContext) -> str:
    bob = demo.theirs
    bob.git("pull", "--quiet", "--rebase")
    return _commit_and_push(demo, bob, "Close on Sundays", {"hours.txt": "closed on Sundays\n"})


def _commit_and_push(demo: DemoContext, clone: Clone, message: str, files: Mapping[str, str]) -> str:
    sha = clone.commit(message, files)
    clone.push()
    demo.platform.push(sha, BRANCH, message, clone.person)  # What a forge's webhook tells the real one.
    demo.tell(f"   $ git push      {clone.person}: {sha[:7]} {message}")
    return sha


def _watched(demo: DemoContext, sha: str, while_building: Callable[[], None] | None = None) -> DemoPush:
    """Starts a background monitor of a commit in our clone and shows its log until it has a verdict."""
    started = start_monitor(demo.ours.path, demo.state, sha, demo.environment, demo.clock)
    demo.tell(f"   monitor of {sha[:7]} in the background, pid {started.pid}; its log:")
    log = LogTail(Path(started.log_path), demo.tell)
    # The process itself tells when it is over: on a busy machine it may not have begun to watch by now.
    while started.pid is not None and exit_code_of_child(started.pid) is None:
        log.show_new()
        if while_building and _phase(demo, sha) == "BUILDING":
            while_building()
            while_building = None
        demo.clock.sleep(_POLL_SECONDS)
    log.show_new()
    found = status.status(demo.state, sha, demo.clock.now())
    if found.verdict == Verdict.FAILED:
        _show_log_end(demo, found)
    return DemoPush(sha, found.verdict, found.category)


def _phase(demo: DemoContext, sha: str) -> str | None:
    found = status.status(demo.state, sha, demo.clock.now())
    return found.phase if found.verdict == RUNNING else None


def _show_log_end(demo: DemoContext, outcome: Outcome) -> None:
    """The end of the failed build's log; what is behind it, the monitor has said."""
    log = _build_log(demo, outcome)
    # Each line begins with the component and the time; those with nothing behind them are left out.
    lines = [line for line in log.decode("utf-8", "replace").splitlines() if len(line.split(maxsplit=2)) == 3]
    demo.tell(f"   the end of its build log ({program()} deploy.logs):")
    for line in lines[-_LOG_LINES:]:
        demo.tell(f"   | {line}")


def _build_log(demo: DemoContext, outcome: Outcome) -> bytes:
    """The build log of the deployment that an outcome tells of, from the platform."""
    api = app_platform(read_environment(demo.ours.path, demo.environment), demo.clock)
    assert api and outcome.app and outcome.deployment_id  # The platform reported the failure.
    return b"".join(PlatformLog(api, outcome.app, outcome.deployment_id, "build").read())


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
