"""A repository that a simulated platform deploys, for tests that run the tasks as a user does."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afterpush.deploy.monitor.stopping import stop_all
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.state import state_folder
from afterpush.simulator import Plan
from afterpush.simulator.scenario import Stage, live
from tests.support.cli import Answer, afterpush
from tests.support.faults import FakePlatform
from tests.support.platform import Served, served
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

# The grace is long: on a busy machine a platform may take seconds to answer, and that is no verdict.
FAST = (
    "deploy:\n  grace_seconds: 60\n"
    "  poll: {discover_seconds: 0.1, building_seconds: 0.1, deploying_seconds: 0.1}\n"
)
IMPATIENT = FAST.replace("60", "1.5")
QUICK = live(0.3, 0.3)


@dataclass
class Site:
    """A repository that is deployed by a simulated platform."""

    repository: Repository
    served: Served
    variables: dict[str, str]

    @property
    def state(self) -> Path:
        return self.repository.path / ".git" / "afterpush"

    @property
    def platform(self) -> FakePlatform:
        return self.served.platform

    def run(self, *words: str, **variables: str) -> Answer:
        return afterpush(*words, cwd=self.repository.path, env=self.variables | variables)

    def commit(self, plan: Plan | None = QUICK) -> str:
        """A commit, and what becomes of it on the platform; None: nothing comes."""
        sha = self.repository.commit(f"Change {time.monotonic()}")
        if plan:
            stages = tuple(_hurried(stage) for stage in plan.stages)
            self.platform.push(sha, plan=replace(plan, stages=stages, appears_after_seconds=0.05))
        return sha

    def go_on(self, sha: str) -> None:
        """Ends the phase in which a `stuck` deployment is held: BUILDING, then DEPLOYING; then it is live."""
        with self.platform.lock:
            (held,) = [one for one in self.platform.deployments if sha in one.commits.values()]
            *over, now = held.plan.stages
            lived = self.platform.clock.now() - held.created_at
            ended = Stage(now.phase, lived - sum(stage.seconds for stage in over))
            if now.phase == "BUILDING":
                held.plan = replace(held.plan, stages=(*over, ended, Stage("DEPLOYING", 1)))
            else:
                held.plan = replace(held.plan, stages=(*over, ended), ending="ACTIVE")
            vars(held).pop("tree", None)  # Its steps follow from the plan.

    def watch_held(self, sha: str, *words: str) -> Answer:
        """A watch in the foreground that sees a `stuck` deployment in both phases, and then live."""
        with ThreadPoolExecutor() as pool:
            watching = pool.submit(self.run, "deploy.monitor", f"--sha={sha}", *words)
            for phase in ("BUILDING", "DEPLOYING"):
                self.until(sha, phase)
                self.go_on(sha)
            return watching.result()

    def until(self, sha: str, phase: str) -> None:
        """Waits until the monitor of a commit has seen this phase."""
        wait_until(
            lambda: (self.paper(sha) or {}).get("phase") == phase, phase, lambda: f": {self.told(sha)}"
        )

    def paper(self, sha: str) -> Any:
        """Its pid file; None when there is none, also when it has gone just now."""
        try:
            return json.loads((self.state / f"deployment-monitor-{sha[:7]}.pid").read_text())
        except FileNotFoundError:
            return None

    def told(self, sha: str) -> str:
        """What its monitors have written so far, for the words of a failure."""
        path = self.state / f"deployment-status-{sha[:7]}.log"
        return path.read_text(errors="replace") if path.exists() else "no log"

    def start(self, sha: str) -> int:
        answer = self.run("deploy.monitor", "--background", "--json")
        assert answer.code == 0, answer.err
        assert answer.json()["sha"] == sha
        return int(answer.json()["pid"])


def _hurried(stage: Stage) -> Stage:
    """Nobody is tested by waiting for a place in the platform's queue."""
    return replace(stage, seconds=min(stage.seconds, 0.2)) if stage.phase.startswith("PENDING") else stage


@contextmanager
def deployed(repository: Repository) -> Iterator[Site]:
    """The repository with short intervals, and a platform whose app runs another commit."""
    repository.commit("Configure", **{"config/afterpush_yaml": FAST})
    with served(FakePlatform(), live_sha="c0ffee5" + "2" * 33) as platform:
        yield Site(repository, platform, platform.variables | {"AFTERPUSH_APP": platform.app_id})
        with suppress(AfterpushError):  # Where no state can be kept, there is no monitor to stop.
            stop_all(state_folder(repository.path), SystemClock())
