"""Reading an app repository for the audit: its SQL, boot script, start script and consolidated file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.configuration.settings import Migrate
from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.boot import kind_of_script
from afterpush.migrate.boot_script.imports import Reach, reach
from afterpush.migrate.boot_script.start_script import OldStep, old_steps
from afterpush.migrate.inputs import Inputs, read_inputs
from afterpush.migrate.statements.sources import text_of
from afterpush.migrate.statements.split import Statement, split
from afterpush.migrate.steps.sql_file import step_lines
from afterpush.migrate.steps.sql_head import MARK


@dataclass(frozen=True)
class Repository:
    """What was read of the app repository; all paths are relative to its root.

    `start_text` is None without a start script; `reach` without a boot script whose imports can be followed.
    `plain` are the statements of a consolidated file that somebody wrote by hand: they cover, too.
    `elsewhere` are steps that start the old way from other files than the start script.
    """

    root: Path
    settings: Migrate
    inputs: Inputs
    reach: Reach | None
    start_text: str | None
    old_steps: tuple[OldStep, ...]
    step_lines: tuple[int, ...] = ()
    plain: tuple[Statement, ...] = ()
    elsewhere: tuple[tuple[str, OldStep], ...] = ()


def read_repository(root: Path, settings: Migrate) -> Repository:
    """Reads what the configuration names. Raises AfterpushError when no source is matched."""
    inputs = read_inputs(root, settings)
    start = _start_script(root, settings.start_script)
    names = frozenset(inputs.source_files)
    old = () if start is None else tuple(old_steps(start, root, names, settings.start_script or ""))
    text = text_of(root, settings.consolidated)
    lines = tuple(step_lines(text_of(root, inputs.steps_file))) if inputs.steps else ()
    plain = () if MARK in text else tuple(split(text, settings.consolidated))
    reached = _reach(root, settings, inputs)
    elsewhere = tuple(_elsewhere(root, settings.start_script, names))
    return Repository(root, settings, inputs, reached, start, old, lines, plain, elsewhere)


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


def _reach(root: Path, settings: Migrate, inputs: Inputs) -> Reach | None:
    boot = settings.boot_script
    if inputs.boot is None or not boot or kind_of_script(boot) == "sql":
        return None
    return reach(root, boot, settings.entry_point)
