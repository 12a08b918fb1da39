"""Twelve ends of a push on a simulated platform, each with the answer that an agent must get in one call.

Everything happened in the last quarter of an hour: git's own times and the platform's are set to that.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterpush.simulator import Plan
from afterpush.simulator.scenario import build_failure, canceled, deploy_failure, live, stuck
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform, Fault
from tests.support.platform import Served, served
from tests.support.repositories import Repository, make_repository
from tests.support.without_push import roll_back

AGO_SECONDS = 900.0


@contextmanager
def dated(at: float) -> Iterator[None]:
    """What git does in the block happens at this time."""
    names = ("GIT_COMMITTER_DATE", "GIT_AUTHOR_DATE")
    os.environ.update(dict.fromkeys(names, f"@{at:.0f} +0000"))
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


@dataclass
class Story:
    """A repository and its platform while things happen; `clock` is the platform's."""

    repository: Repository
    served: Served
    clock: FakeClock

    @property
    def platform(self) -> FakePlatform:
        return self.served.platform

    def push(self, plan: Plan | None, *words: str) -> str:
        """Pushes what HEAD is, at the platform's time."""
        self._dated("push", "--quiet", *words, "origin", "HEAD:main")
        sha = self.repository.head()
        if plan:
            self.platform.push(sha, plan=plan)
        return sha

    def commit(self, subject: str) -> str:
        self._dated("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.repository.head()

    def _dated(self, *words: str) -> None:
        with dated(self.clock.time):
            subprocess.run(["git", *words], cwd=self.repository.path, check=True)


@dataclass(frozen=True)
class Scenario:
    """How it comes about, and what is right: the verdict (None: an error), its code, a word of the text."""

    name: str
    happens: Callable[[Story], str]
    verdict: str | None
    code: str
    says: str = ""
    variables: tuple[tuple[str, str], ...] = ()


def _pushed(plan: Plan | None) -> Callable[[Story], str]:
    def happens(story: Story) -> str:
        story.commit("Change")
        return story.push(plan)

    return happens


def _superseded(story: Story) -> str:
    first = _pushed(live())(story)
    story.clock.sleep(30)
    story.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    story.commit("Another way")
    story.push(live(), "--force")
    return first


def _contained(story: Story) -> str:
    first = _pushed(live())(story)
    story.clock.sleep(30)
    _pushed(live())(story)
    return first


def _pinned(story: Story) -> str:
    app = next(iter(story.platform.apps.values()))
    before = story.platform.active(app.id)
    assert before is not None
    _pushed(live())(story)
    story.clock.sleep(400)
    roll_back(story.platform, app, before, live())
    story.clock.sleep(300)
    return _pushed(live())(story)


def _pushed_again(story: Story) -> str:
    first = _pushed(live())(story)
    story.clock.sleep(300)
    _pushed(live())(story)
    story.clock.sleep(300)
    story.repository.git("reset", "--quiet", "--hard", first)
    return story.push(stuck(), "--force")


def _api_down(story: Story) -> str:
    sha = _pushed(live())(story)
    story.platform.fail(Fault.error(503), times=None)
    return sha


SCENARIOS = (
    Scenario("live", _pushed(live()), "live", "good"),
    Scenario("build failed", _pushed(build_failure()), "failed", "failed", "lockfile"),
    Scenario("deploy failed and rolled back", _pushed(deploy_failure()), "failed", "failed", "errorHandler"),
    Scenario("superseded", _superseded, "superseded", "superseded"),
    Scenario("contained", _contained, "live", "good", "contains it"),
    Scenario("running", _pushed(stuck()), "running", "running", "BUILDING"),
    Scenario("canceled", _pushed(canceled()), "canceled", "superseded"),
    Scenario("none", _pushed(None), "none", "none"),
    Scenario("pinned", _pinned, "none", "none", "pinned"),
    Scenario("pushed again", _pushed_again, "running", "running"),
    Scenario("no token", _pushed(live()), None, "usage", "DIGITALOCEAN_TOKEN", (("DIGITALOCEAN_TOKEN", ""),)),
    Scenario("API down", _api_down, "unreachable", "unreachable", "503"),
)


@dataclass(frozen=True)
class Told:
    """A scenario that has happened: where, of which commit, and the variables to ask with."""

    scenario: Scenario
    folder: Path
    sha: str
    variables: dict[str, str]
    served: Served


@contextmanager
def happened(scenario: Scenario, folder: Path) -> Iterator[Told]:
    """The scenario in a fresh repository below `folder`; now is a quarter of an hour after its beginning."""
    clock = FakeClock(time.time() - AGO_SECONDS)
    repository = make_repository(folder)
    # Its first push is of now, and not of the story.
    (repository.path / ".git/logs/refs/remotes/origin/main").unlink(missing_ok=True)
    with served(FakePlatform(clock), live_sha=repository.head()) as platform:
        sha = scenario.happens(Story(repository, platform, clock))
        clock.time = time.time()
        variables = platform.variables | {"AFTERPUSH_APP": platform.app_id} | dict(scenario.variables)
        yield Told(scenario, repository.path, sha, variables, platform)
