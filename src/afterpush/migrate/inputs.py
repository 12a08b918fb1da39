"""The files of an app repository that migrations are made of, read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.configuration.settings import Migrate
from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.boot import BootScript, block_ranges, read_boot
from afterpush.migrate.statements.sources import files_of, statements_of, text_of
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.steps.module import holds_steps, module_of, read_module
from afterpush.migrate.steps.sql_file import read_sql
from afterpush.migrate.steps.sql_head import MARK
from afterpush.migrate.steps.step import Step


@dataclass(frozen=True)
class Inputs:
    """What was read. `boot` is None without a boot script; `steps` are those of the steps' file.

    `steps_file` is the file that holds the steps, None where there is none.
    """

    base: tuple[Statement, ...]
    sources: tuple[Statement, ...]
    source_files: tuple[str, ...]
    boot: BootScript | None
    steps: tuple[Step, ...]
    steps_file: str | None = None

    @property
    def boot_statements(self) -> list[Statement]:
        """What the boot script runs by itself."""
        return [] if self.boot is None else list(self.boot.program)


def read_inputs(root: Path, migrate: Migrate) -> Inputs:
    """Reads the files that `migrate.*` of the settings name. Raises AfterpushError when no source matches."""
    files = files_of(root, migrate.sources, without=migrate.consolidated)
    if not files:
        raise AfterpushError(
            f"no file matches migrate.sources ({', '.join(migrate.sources)}) in {root}; "
            "name your SQL files in config/afterpush.yaml"
        )
    base = files_of(root, migrate.base, without=migrate.consolidated)
    steps_file, steps = _steps(root, migrate)
    return Inputs(
        base=statements_of(root, base),
        sources=statements_of(root, files),
        source_files=tuple(files),
        boot=boot_of(root, migrate.boot_script),
        steps=tuple(steps),
        steps_file=steps_file,
    )


def boot_of(root: Path, boot_script: str | None) -> BootScript | None:
    """The boot script; None where there is none."""
    if not boot_script or not Gate(root).exists(boot_script):
        return None
    return read_boot(Gate(root).read(boot_script), boot_script)


def _steps(root: Path, migrate: Migrate) -> tuple[str | None, Sequence[Step]]:
    module = module_of(migrate.boot_script) if migrate.boot_script else None
    if module and Gate(root).exists(module):
        return module, read_module(text_of(root, module), module)
    boot = migrate.boot_script
    if module and boot and Gate(root).exists(boot) and block_ranges(Gate(root).read(boot)):
        text = text_of(root, boot)
        if holds_steps(text):
            return boot, read_module(text, boot)
    steps = steps_of(root, migrate.consolidated)
    return (migrate.consolidated, steps) if steps is not None else (None, [])


def steps_of(root: Path, consolidated: str) -> list[Step] | None:
    """The steps of the consolidated file, none of one that is not ours; None when there is no such file."""
    if not Gate(root).exists(consolidated):
        return None
    text = text_of(root, consolidated)
    return read_sql(text, consolidated) if MARK in text else []
