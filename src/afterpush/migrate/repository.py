"""Reading an app repository for the audit: its SQL, boot script, start script and consolidated file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.configuration.settings import Migrate
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.objects import read_blob
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.boot import BootScript, block_ranges, read_boot
from afterpush.migrate.boot_script.reached_from_start import Reach, reach
from afterpush.migrate.boot_script.start_script import OldStep, old_steps
from afterpush.migrate.statements.file_order import files_of, statements_of, text_of
from afterpush.migrate.statements.split import Statement, split
from afterpush.migrate.steps.module import holds_steps, module_of, read_module
from afterpush.migrate.steps.sql_file import read_sql, step_lines
from afterpush.migrate.steps.sql_head import MARK
from afterpush.migrate.steps.step import Step


@dataclass(frozen=True)
class Repository:
    """What was read of the app repository; all paths are relative to its root.

    `boot` is None without a boot script; `steps` are those of `steps_file`, at its `step_lines`. `start_text`
    is None without a start script; `reach` without a boot script whose imports can be followed. `plain` are
    the statements of a consolidated file that somebody wrote by hand: they cover, too. `elsewhere` are steps
    that start the old way from other files than the start script.
    """

    root: Path
    settings: Migrate
    base: tuple[Statement, ...]
    sources: tuple[Statement, ...]
    source_files: tuple[str, ...]
    boot: BootScript | None
    reach: Reach | None
    start_text: str | None
    old_steps: tuple[OldStep, ...]
    steps: tuple[Step, ...] = ()
    steps_file: str | None = None
    step_lines: tuple[int, ...] = ()
    plain: tuple[Statement, ...] = ()
    elsewhere: tuple[tuple[str, OldStep], ...] = ()

    @property
    def boot_statements(self) -> list[Statement]:
        """What the boot script runs by itself."""
        return [] if self.boot is None else list(self.boot.program)


def read_repository(root: Path, settings: Migrate) -> Repository:
    """Reads what the configuration names. Raises AfterpushError when no source is matched."""
    files = files_of(root, settings.sources, without=settings.consolidated)
    if not files:
        raise AfterpushError(
            f"no file matches migrate.sources ({', '.join(settings.sources)}) in {root}; "
            "name your SQL files in config/afterpush.yaml"
        )
    base = files_of(root, settings.base, without=settings.consolidated)
    boot = _boot_script(root, settings.boot_script)
    steps_file, steps = _steps(root, settings)
    start, names = _start_script(root, settings.start_script), frozenset(files)
    text = text_of(root, settings.consolidated)
    return Repository(
        root,
        settings,
        base=statements_of(root, base),
        sources=statements_of(root, files),
        source_files=tuple(files),
        boot=boot,
        reach=reach(root, boot.file, settings.entry_point) if boot and boot.kind != "sql" else None,
        start_text=start,
        old_steps=tuple(old_steps(start or "", root, names, settings.start_script or "")),
        steps=tuple(steps),
        steps_file=steps_file,
        step_lines=tuple(step_lines(text_of(root, steps_file))) if steps and steps_file else (),
        plain=() if MARK in text else tuple(split(text, settings.consolidated)),
        elsewhere=tuple(_elsewhere(root, settings.start_script, names)),
    )


_STARTING = ("scripts/start.sh", "package.json", "Procfile", "Dockerfile", ".do/app.yaml")


def _elsewhere(root: Path, start_script: str | None, names: frozenset[str]) -> Iterator[tuple[str, OldStep]]:
    """Old steps in the files that usually start an app; only the configured one is changed."""
    for file in _STARTING:
        if file != start_script and (text := text_of(root, file)):
            steps = old_steps(text, root, names, file)
            yield from ((file, step) for step in steps if not (start_script and start_script in step.text))


def _start_script(root: Path, file: str | None) -> str | None:
    if not file or not Gate(root).exists(file):
        return None
    try:
        return Gate(root).read(file).decode("utf-8")
    except UnicodeDecodeError as error:
        said = f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise AfterpushError(f"reading the start script: {said}") from error


def _boot_script(root: Path, boot_script: str | None) -> BootScript | None:
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


def committed_steps(root: Path, file: str | None, steps: Sequence[Step]) -> list[Step]:
    """The steps of the last committed version of their file, which an app in production may have run.

    None where they are these, or cannot be read.
    """
    if file is None:
        return []
    try:
        text = read_blob(root, f"HEAD:{file}").decode("utf-8", "replace")
    except AfterpushError:
        return []  # Not committed yet.
    if MARK not in text:
        return []
    try:
        found = read_sql(text, file) if file.endswith(".sql") else read_module(text, file)
    except AfterpushError:
        return []  # Written by a version with another form: nothing that could run now.
    return [] if [step.checksum for step in found] == [step.checksum for step in steps] else found
