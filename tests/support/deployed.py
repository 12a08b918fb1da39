"""A repository that a simulated platform deploys, for tests that run the tasks as a user does."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afterpush.deploy.monitor.stopping import stop_all
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.state import state_folder
from afterpush.simulator import FakePlatform, Plan
from afterpush.simulator.scenario import Stage, live
from tests.support.cli import Answer, afterpush
from tests.support.platform import Served, served
from tests.support.repositories import Repository

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

    def paper(self, sha: str) -> Any:
        path = self.state / f"deployment-monitor-{sha[:7]}.pid"
        return json.loads(path.read_text()) if path.exists() else None

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
