"""A watch against the simulated platform: real HTTP, a real repository, a clock that only sleeping moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from afterpush.deploy.monitor.setup import Prepared, prepare
from afterpush.deploy.watch.facts import Finished, State
from afterpush.deploy.watch.loop import watch
from afterpush.deploy.watch.verdict import begin
from afterpush.infra.configuration.app_repository import AppRepository
from afterpush.infra.configuration.config import parse_settings
from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.configuration.settings import Settings
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform
from tests.support.platform import Served, served
from tests.support.repositories import Repository


@dataclass
class World:
    """A repository, a platform and a watch between them."""

    repository: Repository
    served: Served
    clock: FakeClock
    variables: dict[str, str]
    settings: Settings = field(default_factory=Settings)

    @property
    def platform(self) -> FakePlatform:
        return self.served.platform

    def configure(self, text: str) -> None:
        self.settings = parse_settings(text, self.repository.path / "config/afterpush.yaml")

    def commit(self, message: str = "Change") -> str:
        """A commit on main, made now by the fake clock."""
        stamp = f"{int(self.clock.now())} +0000"
        self.repository.write("change.txt", message)
        self.repository.git("add", "--all")
        self.repository.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", message, "--date", stamp)
        return self.repository.head()

    def prepare(self, sha: str, **arguments: Any) -> Prepared:
        here = AppRepository(self.repository.path)
        here.settings, here.environment = self.settings, Environment(self.variables)
        return prepare(here, sha, self.clock, random=lambda: 0.5, **arguments)

    def states(self, sha: str, prepared: Prepared | None = None, **arguments: Any) -> Iterator[State]:
        prepared = prepared or self.prepare(sha, **arguments)
        yield from watch(
            begin(sha, self.clock.now()), prepared.sources, self.clock, prepared.pace, prepared.limits
        )

    def verdict(self, sha: str, **arguments: Any) -> Finished:
        """The end of a watch; it comes by itself, however long the fake time."""
        *_, state = self.states(sha, **arguments)
        assert isinstance(state, Finished)
        return state


@pytest.fixture
def world(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clock = FakeClock()
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(clock.now())} +0000")
    with served(FakePlatform(clock), live_sha="c0ffee5" + "2" * 33) as platform:
        variables = platform.variables | {"AFTERPUSH_APP": platform.app_id}
        yield World(repository, platform, clock, variables)
