"""The audit: what the sources define, what of it the boot script covers, and what is wrong with either."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Annotated

from afterpush.migrate import coverage
from afterpush.migrate.coverage import Duplicate, Object, Redefinition
from afterpush.migrate.portability import MARIADB, MYSQL, Finding, findings
from afterpush.migrate.replay.history import History
from afterpush.migrate.replay.remembered import remembered
from afterpush.migrate.replay.scope import QUERIES, ROWS
from afterpush.migrate.replay.server import Server
from afterpush.migrate.repository import Repository
from afterpush.migrate.statements.split import Statement, kind_of
from afterpush.migrate.statements.tokens import words_of
from afterpush.migrate.steps.losing import losses
from afterpush.migrate.steps.step import DATA

_NO_TABLE = (1146, 1824, 1005)
_SCHEMA_VERBS = ("CREATE", "ALTER", "DROP", "RENAME")
_SYNTAX = 1064


@dataclass(frozen=True)
class Remark:
    """A statement of which there is something to say."""

    file: str
    line: int
    message: Annotated[str, "what there is to say; the server's words for `invalid`"]
    sql: Annotated[str, "the statement, shortened"] = ""


@dataclass(frozen=True)
class Replays:
    """The sources as the servers read them, by flavour (the first one decides), and the cover.

    `lent` are statements of the sources that the boot script was given so that its ALTERs could run.
    """

    server: Server
    histories: dict[str, History]
    cover: History
    lent: tuple[Statement, ...] = ()
    others: tuple[Server, ...] = ()

    @property
    def sources(self) -> History:
        return self.histories[self.server.flavour]


@dataclass(frozen=True)
class Audit:
    """The answer of `migrate.audit`."""

    repository: Repository
    replays: Replays
    objects: tuple[Object, ...]
    unaudited: tuple[Remark, ...]
    invalid: tuple[Remark, ...]
    portability: tuple[Finding, ...]
    destructive: tuple[Remark, ...]
    duplicates: tuple[Duplicate, ...]
    redefined: tuple[Redefinition, ...]
    queries: tuple[Remark, ...]
    data: tuple[Remark, ...]

    @property
    def missing(self) -> list[Object]:
        return [entry for entry in self.objects if not entry.covered]

    def is_good(self, *, strict: bool) -> bool:
        """Nothing missing, unaudited, invalid or redefined; with `strict` no warning either."""
        bad = self.missing or self.unaudited or self.invalid or self.redefined
        warnings = self.portability or self.duplicates or self.destructive or self.is_dead
        return not bad and not (strict and warnings)

    @property
    def is_dead(self) -> bool:
        """Whether the boot script is there and nothing calls it."""
        reach = self.repository.reach
        return reach is not None and reach.called is False


def replayed(
    repository: Repository, server: Server, other: Server | None = None, *, random_hex: Callable[[int], str]
) -> Replays:
    """The sources on both servers, and their cover on the first. Raises DatabaseFailure."""

    def read_by(one: Server) -> History:
        return remembered(one, repository.sources, base=repository.base, random_hex=random_hex)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(read_by, other) if other else None
        histories = {server.flavour: read_by(server)}
        if other is not None and waiting is not None:
            histories[other.flavour] = waiting.result()
    replays = Replays(server, histories, histories[server.flavour], (), (other,) if other else ())
    return covered(repository, replays, random_hex=random_hex)


def covered(repository: Repository, replays: Replays, *, random_hex: Callable[[int], str]) -> Replays:
    """The same sources with the cover as it is now."""
    cover, base = cover_statements(repository), repository.base
    if not cover:
        return replace(replays, cover=History(replays.sources.base, ()), lent=())
    found = remembered(replays.server, cover, base=base, random_hex=random_hex)
    lent = tuple(_lent(replays.sources, found))
    if lent:
        found = remembered(replays.server, [*lent, *cover], base=base, random_hex=random_hex)
    return replace(replays, cover=found, lent=lent)


def cover_statements(repository: Repository) -> list[Statement]:
    """The steps' statements and the boot script's, in the order in which they run."""
    lines = repository.step_lines or [0] * len(repository.steps)
    steps = [
        Statement(step.sql, repository.steps_file or step.file, line, kind_of(step.sql))
        for step, line in zip(repository.steps, lines, strict=True)
        if step.kind != DATA
    ]
    boot = [
        one
        for one in repository.boot_statements
        if not one.marks and one.kind.split(" ")[0] not in ROWS | QUERIES
    ]
    return [*repository.plain, *steps, *boot]


def _lent(sources: History, cover: History) -> Iterator[Statement]:
    """What makes the tables that the boot script alters, but does not make: their CREATE TABLE."""
    wanted: set[str] = set()
    for effect in cover.rejected:
        if effect.number in _NO_TABLE:
            wanted |= words_of(effect.statement.sql)
    for effect in sources.effects:
        made = [name for _, name, part in effect.after if part == "table"]
        if effect.statement.kind == "CREATE TABLE" and any(name.lower() in wanted for name in made):
            yield effect.statement


def audit(repository: Repository, replays: Replays) -> Audit:
    """Compares what was replayed."""
    sources, cover = replays.sources, replays.cover
    boot = repository.boot_statements
    return Audit(
        repository,
        replays,
        tuple(coverage.objects(sources, cover, replays.lent)),
        tuple(unaudited(repository)),
        tuple(_invalid(replays, repository)),
        tuple(_portability(repository, replays, boot)),
        tuple(_destructive(sources)),
        tuple(coverage.duplicates(sources, cover)),
        tuple(coverage.redefinitions(sources, cover)),
        tuple(_remark(one, "") for one in _of(sources, QUERIES)),
        tuple(_remark(one, one.kind) for one in _of(sources, ROWS)),
    )


def _of(history: History, verbs: Iterable[str]) -> list[Statement]:
    return [effect.statement for effect in history.effects if effect.statement.kind.split(" ")[0] in verbs]


def _remark(statement: Statement, message: str) -> Remark:
    return Remark(statement.file, statement.line, message, " ".join(statement.sql[:400].split())[:120])


def unaudited(repository: Repository) -> Iterator[Remark]:
    """SQL of the boot script that cannot be known before it runs."""
    for one in repository.boot_statements:
        if one.marks and one.kind.startswith(_SCHEMA_VERBS):
            yield _remark(one, f"its text is not known in full: {' '.join(one.marks)}")
    boot = repository.boot
    if boot is not None and boot.unreadable is not None:
        yield Remark(boot.file, boot.unreadable, "from here on this is no TypeScript")


def _invalid(replays: Replays, repository: Repository) -> Iterator[Remark]:
    """What the server does not accept, in its own words."""
    for effect in replays.sources.rejected:
        number = f" ({effect.number})" if effect.number else ""
        yield _remark(effect.statement, f"{effect.rejected}{number}")
    boot = repository.settings.boot_script
    for effect in replays.cover.rejected:
        if effect.number == _SYNTAX and effect.statement.file == boot:
            yield _remark(effect.statement, f"{effect.rejected} ({effect.number})")


def _portability(repository: Repository, replays: Replays, boot: Sequence[Statement]) -> Iterator[Finding]:
    """What the other flavour rejects: by replay where it is at hand, else by rule."""
    accepted = {effect.statement for effect in replays.sources.effects if not effect.rejected}
    for server in replays.others:
        for effect in replays.histories[server.flavour].rejected:
            if effect.statement in accepted and effect.number not in _NO_TABLE:
                said = f"{server.title} rejects this: {effect.rejected} ({effect.number})"
                yield Finding(effect.statement.file, effect.statement.line, "rejected", server.title, said)
    names = {"mysql": MYSQL, "mariadb": MARIADB}
    tried = [names[flavour] for flavour in replays.histories] if replays.others else []
    yield from findings(repository.sources, tried)
    yield from findings(boot)  # The cover runs on the first server only.


def _destructive(sources: History) -> Iterator[Remark]:
    for effect in sources.effects:
        if not effect.rejected and (
            said := losses(effect.statement, effect.before, effect.after, with_data=True)
        ):
            yield _remark(effect.statement, said)
