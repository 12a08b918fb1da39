"""The audit: what the sources define, what of it the boot script covers, and what is wrong with either."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from afterpush.migrate.changes import Folding, Hidden
from afterpush.migrate.coverage import (
    Duplicate,
    Object,
    Redefinition,
    duplicates,
    is_earlier_stage,
    objects,
    redefinitions,
)
from afterpush.migrate.folding import Folded, fold
from afterpush.migrate.model import Place, Schema
from afterpush.migrate.portability import Finding, findings
from afterpush.migrate.reading import Reading, Sort
from afterpush.migrate.repository import Repository
from afterpush.migrate.statements import Statement, kind_of


@dataclass(frozen=True)
class Remark:
    """A statement of which there is something to say."""

    file: str
    line: int
    message: str
    sql: str = ""


@dataclass(frozen=True)
class Audit:
    """The answer of `migrate.audit`."""

    repository: Repository
    sources: Folded
    cover: Folded
    objects: tuple[Object, ...]
    unaudited: tuple[Remark, ...]
    invalid: tuple[Remark, ...]
    portability: tuple[Finding, ...]
    destructive: tuple[Remark, ...]
    duplicates: tuple[Duplicate, ...]
    redefined: tuple[Redefinition, ...]
    queries: tuple[Remark, ...]
    data: tuple[Remark, ...]
    notes: tuple[str, ...] = field(default=())

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


def audit(repository: Repository, invalid: Iterable[Remark] = ()) -> Audit:
    """Compares; `invalid` is what a server rejected."""
    inputs = repository.inputs
    base = fold(inputs.base)
    sources = fold(inputs.sources, base.readings)
    cover = fold(cover_statements(repository), base.readings)
    own, other = sources.folding, cover.folding
    owned = frozenset(inputs.source_files)
    boot_schema = [reading for reading in cover.readings if reading.statement.kind.startswith(_SCHEMA_VERBS)]
    rejected = _rejected(sources, invalid)
    return Audit(
        repository,
        sources,
        cover,
        tuple(objects(own.schema, other.schema, owned)),
        tuple(_unaudited([*sources.readings, *boot_schema])),
        rejected,
        tuple(findings([*sources.readings, *_of_boot(cover, repository)])),
        tuple(_destructive(sources.readings)),
        tuple(duplicates(own.schema, other.schema)),
        (
            *_hidden(own.hidden),
            *_hidden(_drifting(other, own.schema)),
            *redefinitions(own.schema, other.schema),
        ),
        tuple(_remark(reading, "") for reading in sources.of(Sort.QUERY)),
        tuple(_remark(reading, reading.statement.kind) for reading in sources.of(Sort.DATA)),
    )


_SCHEMA_VERBS = ("CREATE", "ALTER", "DROP", "RENAME")


def cover_statements(repository: Repository) -> list[Statement]:
    """The boot script's statements and those of the consolidated file, in the order in which they run."""
    inputs, file = repository.inputs, repository.settings.consolidated
    boot = inputs.boot.statements if inputs.boot else []
    steps = [
        Statement(step.sql, file, line, kind_of(step.sql))
        for step, line in zip(inputs.steps, repository.step_lines, strict=True)
        if step.kind != "data"
    ]
    return [*repository.plain, *steps, *boot]


def _of_boot(cover: Folded, repository: Repository) -> list[Reading]:
    boot = repository.settings.boot_script
    return [reading for reading in cover.readings if reading.statement.file == boot]


def _remark(reading: Reading, message: str) -> Remark:
    sql = " ".join(reading.statement.sql[:400].split())
    return Remark(reading.statement.file, reading.statement.line, message, sql[:120])


def _unaudited(readings: Iterable[Reading]) -> list[Remark]:
    return [_remark(reading, reading.why) for reading in readings if reading.sort is Sort.UNAUDITED]


def _rejected(sources: Folded, invalid: Iterable[Remark]) -> tuple[Remark, ...]:
    """What a server rejected, and what none can accept; each place once, the server's word first."""
    found = list(invalid)
    found += [_remark(reading, reading.impossible) for reading in sources.readings if reading.impossible]
    found += [Remark(place.file, place.line, message) for place, message in sources.folding.impossible]
    unique: dict[tuple[str, int], Remark] = {}
    for remark in found:
        unique.setdefault((remark.file, remark.line), remark)
    return tuple(sorted(unique.values(), key=lambda remark: (remark.file, remark.line)))


def _destructive(readings: Sequence[Reading]) -> list[Remark]:
    return [_remark(reading, "; ".join(reading.destructive)) for reading in readings if reading.destructive]


def _drifting(cover: Folding, sources: Schema) -> list[Hidden]:
    """What the boot script describes otherwise, and what the sources never were like."""
    return [
        hidden
        for hidden, wanted in cover.lost
        if wanted is None or not is_earlier_stage(wanted, sources.table(wanted.name))
    ]


def _hidden(hidden: Iterable[Hidden]) -> list[Redefinition]:
    """Tables that a later CREATE TABLE IF NOT EXISTS describes otherwise: it does nothing, silently."""
    places: dict[str, list[Place]] = {}
    for name, first, second in hidden:
        places.setdefault(name, [first]).append(second)
    said = "IF NOT EXISTS hides that these differ"
    return [Redefinition(name, tuple(found), said) for name, found in places.items()]
