"""The files of an app repository that migrations are made of, read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes
from afterpush.infra.globs import matching
from afterpush.infra.safe_paths import Gate
from afterpush.infra.settings import Migrate
from afterpush.migrate.boot import BootScript, read_boot
from afterpush.migrate.dynamic import resolved
from afterpush.migrate.evidence import Ways
from afterpush.migrate.proof_report import Invalid
from afterpush.migrate.reading import Sort, read
from afterpush.migrate.statements import Statement, split
from afterpush.migrate.steps import MARK, Step, read_sql

QUERY_KINDS = frozenset("SELECT SHOW DESCRIBE DESC EXPLAIN".split())


@dataclass(frozen=True)
class Inputs:
    """What was read. `boot` is None without a boot script; `steps` are those of the consolidated file."""

    base: tuple[Statement, ...]
    sources: tuple[Statement, ...]
    source_files: tuple[str, ...]
    boot: BootScript | None
    steps: tuple[Step, ...]

    def ways(self) -> Ways:
        """Old way and new way, as the proof takes them.

        The boot script's queries are left out: they change nothing, and only the program fills them in. So
        are its statements with `?` places that write rows.
        """
        program = (
            [] if self.boot is None else [entry for entry in self.boot.program if _changes_schema(entry)]
        )
        before = [entry for entry in program if isinstance(entry, Statement)]
        return Ways(self.base, self.sources, before, [*self.steps, *program])

    def unaudited(self) -> list[Invalid]:
        """What no reader understood, in the sources and in the boot script."""
        ways = self.ways()
        boot = [entry for entry in ways.boot if isinstance(entry, Statement)]
        statements = [*resolved(ways.old), *resolved(boot)]
        found = [
            Invalid(reading.place.file, reading.place.line, reading.why)
            for reading in map(read, statements)
            if reading.sort is Sort.UNAUDITED
        ]
        if self.boot is not None and self.boot.unreadable is not None:
            found.append(Invalid(self.boot.file, self.boot.unreadable, "from here on this is no TypeScript"))
        return found


def _changes_schema(entry: Statement | Step) -> bool:
    if isinstance(entry, Step):
        return True
    is_filled_in = bool(entry.marks) or "?" in entry.sql
    writes_rows = entry.kind in ("INSERT", "REPLACE", "UPDATE", "DELETE")
    return entry.kind not in QUERY_KINDS and not (writes_rows and is_filled_in)


def read_inputs(root: Path, migrate: Migrate) -> Inputs:
    """Reads the files that `migrate.*` of the settings name. Raises AfterpushError when no source matches."""
    files = files_of(root, migrate.sources, without=migrate.consolidated)
    if not files:
        raise AfterpushError(
            f"no file matches migrate.sources ({', '.join(migrate.sources)}) in {root}; "
            "name your SQL files in config/afterpush.yaml"
        )
    return Inputs(
        base=statements_of(root, files_of(root, migrate.base, without=migrate.consolidated)),
        sources=statements_of(root, files),
        source_files=tuple(files),
        boot=boot_of(root, migrate.boot_script),
        steps=tuple(steps_of(root, migrate.consolidated) or ()),
    )


def files_of(root: Path, patterns: Sequence[str], *, without: str) -> list[str]:
    """The files that the patterns match, each once, by pattern and then by name, relative to the root."""
    consolidated = Path(without).as_posix()
    return [path for path in matching(root, patterns) if path != consolidated]


def statements_of(root: Path, files: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of these files, in order. Bytes that are no UTF-8 are replaced."""
    return tuple(statement for file in files for statement in split(_text(root / file), file))


def boot_of(root: Path, boot_script: str | None) -> BootScript | None:
    """The boot script; None where there is none."""
    if not boot_script or not Gate(root).exists(boot_script):
        return None
    return read_boot(Gate(root).read(boot_script), boot_script)


def steps_of(root: Path, consolidated: str) -> list[Step] | None:
    """The steps of the consolidated file, none of one that is not ours; None when there is no such file."""
    if not Gate(root).exists(consolidated):
        return None
    text = _text(root / consolidated)
    return read_sql(text, consolidated) if MARK in text else []


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8", "replace")
    except OSError as error:
        raise AfterpushError(f"reading {path}: {error.strerror or error}") from error
