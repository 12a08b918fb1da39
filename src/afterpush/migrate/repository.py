"""Reading an app repository: its sources, boot script, start script and consolidated file."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.ground.errors import AfterpushError
from afterpush.ground.files import read_text
from afterpush.migrate.audit import Repository
from afterpush.migrate.boot import BootScript, read_boot
from afterpush.migrate.imports import Reach, reach
from afterpush.migrate.start_script import OldStep, old_steps
from afterpush.migrate.statements import Statement, split
from afterpush.migrate.steps import Step, read_sql


def read_repository(
    root: Path,
    *,
    base: Sequence[str],
    sources: Sequence[str],
    boot_script: str | None,
    entry_point: str | None,
    start_script: str | None,
    consolidated: str,
) -> Repository:
    """Reads what the configuration (`migrate.*`) names.

    A boot or start script that is not there is None. Raises AfterpushError when no source is matched, and
    for files that cannot be read.
    """
    own = _matched(root, sources, but={consolidated})
    if not own:
        patterns = ", ".join(sources) or "nothing"
        raise AfterpushError(
            f"no migration in {root} matches migrate.sources ({patterns}); set it in config/afterpush.yaml"
        )
    own = [file for file in own if file != boot_script]
    start = _text(root, start_script, "reading the start script")
    return Repository(
        base=tuple(_statements(root, _matched(root, base, but=set()))),
        sources=tuple(_statements(root, own)),
        source_files=tuple(own),
        boot=_boot(root, boot_script),
        boot_path=boot_script,
        reach=_reach(root, boot_script, entry_point),
        consolidated=tuple(_consolidated(root, consolidated)),
        consolidated_path=consolidated,
        start_path=start_script,
        start_text=start,
        old_steps=_old_steps(start, root, own),
    )


def _matched(root: Path, patterns: Sequence[str], *, but: set[str]) -> list[str]:
    """Files that match, each once, in the order of their paths."""
    found: set[str] = set()
    for pattern in patterns:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise AfterpushError(f"migrate.sources: {pattern} leads out of the repository; use a path within")
        found |= {path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()}
    return sorted(found - but)


def _statements(root: Path, files: Sequence[str]) -> list[Statement]:
    found: list[Statement] = []
    for file in files:
        found += split(read_text(root / file, "reading the migrations"), file)
    return found


def _text(root: Path, file: str | None, doing: str) -> str | None:
    if not file or not (root / file).is_file():
        return None
    # Not read_text: a mark at the beginning and line ends must survive, for the file may be written again.
    try:
        return (root / file).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise AfterpushError(
            f"{doing}: {file} is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise AfterpushError(f"{doing}: cannot read {file}: {error.strerror}") from error


def _boot(root: Path, file: str | None) -> BootScript | None:
    text = _text(root, file, "reading the boot script")
    return None if text is None or file is None else read_boot(text.encode(), file)


def _reach(root: Path, boot_script: str | None, entry_point: str | None) -> Reach | None:
    if not boot_script or not (root / boot_script).is_file() or boot_script.endswith(".sql"):
        return None
    return reach(root, boot_script, entry_point)


def _consolidated(root: Path, file: str) -> list[Step]:
    text = _text(root, file, "reading the consolidated file")
    return [] if text is None else read_sql(text, file)


def _old_steps(start: str | None, root: Path, sources: Sequence[str]) -> tuple[OldStep, ...]:
    return () if start is None else tuple(old_steps(start, root, frozenset(sources)))
