"""What the tasks of migrations have in common: the server, the replay, the proof."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from secrets import token_hex
from typing import TYPE_CHECKING

from afterpush.infra.clock import SystemClock
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.migrate.audit import Audit, Replays
    from afterpush.migrate.proof.report import Proof
    from afterpush.migrate.replay.server import Server
    from afterpush.migrate.repository import Repository
    from afterpush.migrate.steps.step import Step


@dataclass
class Migrations:
    """The migrations of a repository, with the server that reads them (and one of the other flavour, if
    any).
    """

    here: AppRepository
    repository: "Repository"
    server: "Server"
    other: "Server | None"
    note: Callable[[str], None]

    @cached_property
    def replays(self) -> "Replays":
        """The sources, replayed once: they do not change while a task runs."""
        from afterpush.migrate.audit import replayed

        return replayed(self.repository, self.server, self.other, random_hex=token_hex)

    def audit(self, repository: "Repository | None" = None) -> "Audit":
        """The audit of the repository, or of it as it is after a change."""
        from afterpush.migrate.audit import audit, covered

        if repository is None:
            return audit(self.repository, self.replays)
        return audit(repository, covered(repository, self.replays, random_hex=token_hex))

    def prove(self, repository: "Repository", steps: Sequence["Step"], *, strict: bool = False) -> "Proof":
        """The proof that these steps do what the sources do."""
        from afterpush.migrate.audit import unaudited
        from afterpush.migrate.proof.inputs import Ways
        from afterpush.migrate.proof.prove import prove
        from afterpush.migrate.proof.report import Invalid
        from afterpush.migrate.repository import committed_steps
        from afterpush.migrate.steps.step import DATA

        ways = Ways(
            base=repository.base,
            old=repository.sources,
            boot=repository.boot_statements,
            steps=steps,
            history=self.replays.sources,
            once=_once(repository),
            with_data=any(step.kind == DATA and not step.is_left_out for step in steps),
            earlier=committed_steps(repository.root, repository.steps_file, steps),
            unaudited=[Invalid(one.file, one.line, one.message) for one in unaudited(repository)],
        )
        return prove(
            self.server, ways, random_hex=token_hex, clock=SystemClock(), progress=self.note, strict=strict
        )


def _once(repository: "Repository") -> bool:
    """Whether the old way runs each file once: as configured, else where the files carry versions."""
    import re
    from pathlib import PurePosixPath

    configured = repository.settings.once
    if configured is not None:
        return configured
    names = [PurePosixPath(file).name for file in repository.source_files]
    return all(re.match(r"[VR]?\d|R__|migration\.sql|up\.sql", name) for name in names)


def reading_server(here: AppRepository, word: str) -> "AbstractContextManager[Server]":
    """The server that reads the SQL, by `--server` or the configuration.

    An address that a file of the repository names is somebody else's word: it needs the user's yes. Raises
    AfterpushError without it, and where there is no server.
    """
    from afterpush.infra.configuration.approvals import configured
    from afterpush.migrate.replay.replay_server import replay_server
    from afterpush.workflows.trust import require

    named = here.settings.migrate.server
    if not word and "://" in named:
        require(here, [configured("migrate.server", named)])
    return replay_server(here.settings.migrate, here.environment, word=word)


@contextmanager
def migrations(here: AppRepository, word: str, note: Callable[[str], None]) -> Iterator[Migrations]:
    """The repository's migrations with a server that is up. Raises AfterpushError where there is none."""
    from afterpush.migrate.replay.replay_server import other_flavour
    from afterpush.migrate.repository import read_repository

    settings = here.settings.migrate
    repository = read_repository(here.repo, settings)
    with ExitStack() as stack:
        server = stack.enter_context(reading_server(here, word))
        other = stack.enter_context(other_flavour(server, settings, here.environment))
        yield Migrations(here, repository, server, other, note)
