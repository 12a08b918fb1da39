"""The files that hold migrations: which belong to the way up, in which order, and their statements.

Conventions, from the tools' manuals: Flyway (`V` versioned, `R` repeatable and last, `U` undo),
golang-migrate (`*.up.sql`, `*.down.sql`), diesel (`down.sql`), drizzle (`meta/_journal.json`), and numbers or
time stamps in front of a name.
"""

import json
import re
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path, PurePosixPath

from afterpush.infra.errors import AfterpushError
from afterpush.infra.globs import matching
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.statements.down_parts import up_part
from afterpush.migrate.statements.split import Statement, split

_FLYWAY = re.compile(r"(?P<kind>[VR])(?P<version>\d+(?:[._]\d+)*)?__")
_UNDO = re.compile(
    r"(?:^|.*[._-])down\.sql$|(?:^|.*\.)(?:undo|rollback|revert)\.sql$|U\d+(?:[._]\d+)*__", re.IGNORECASE
)
Order = tuple[object, ...]


def files_of(root: Path, patterns: Sequence[str], *, without: str) -> list[str]:
    """The files of the way up, each once, by pattern and then in the order in which they run.

    `without` is the consolidated file. Raises AfterpushError where two orders are possible.
    """
    left_out = PurePosixPath(without).as_posix()
    found: dict[str, None] = {}
    for pattern in patterns:
        paths = [path for path in matching(root, [pattern]) if path != left_out]
        found.update(dict.fromkeys(_ordered(root, [path for path in paths if not _is_undo(path)])))
    return list(found)


def _is_undo(path: str) -> bool:
    return bool(_UNDO.match(PurePosixPath(path).name))


def _ordered(root: Path, paths: list[str]) -> list[str]:
    ordered: list[str] = []
    for folder, group in groupby(sorted(paths, key=_folder_order), key=lambda path: str(Path(path).parent)):
        members = list(group)
        ordered += _by_journal(root, folder, members) or _by_name(members)
    return ordered


def _folder_order(path: str) -> Order:
    return (_natural(str(PurePosixPath(path).parent)), path)


def _by_journal(root: Path, folder: str, paths: list[str]) -> list[str]:
    """The order of drizzle's journal; files that it does not name come last."""
    journal = f"{folder}/meta/_journal.json"
    text = text_of(root, journal)
    if not text:
        return []
    try:
        tags = [str(entry["tag"]) for entry in json.loads(text)["entries"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AfterpushError(f"{journal}: not a journal as drizzle-kit writes it") from error
    places = {f"{tag}.sql": number for number, tag in enumerate(tags)}
    return sorted(
        paths, key=lambda path: (places.get(Path(path).name, len(places)), _natural(Path(path).name))
    )


def _by_name(paths: list[str]) -> list[str]:
    """By version: 9 before 10, `V1.2` before `V1.10`; files without a version come as text has them."""
    keys = {path: _order(PurePosixPath(path).name) for path in paths}
    ordered = sorted(paths, key=lambda path: (keys[path], path))
    for first, second in pairwise(ordered):
        if _version(first) and _version(first) == _version(second) and _spelled(first) != _spelled(second):
            raise AfterpushError(
                f"{first} and {second} have one version, written in two ways: no order follows from that; "
                "rename one of them"
            )
    return ordered


def _order(name: str) -> Order:
    flyway = _FLYWAY.match(name)
    if flyway is None:
        return (0, (), _natural(name))
    version = tuple(int(part) for part in re.split(r"[._]", flyway["version"] or "") if part)
    return (int(flyway["kind"] == "R"), version, _natural(name))


def _natural(name: str) -> Order:
    """Digits by their value, time stamps from the left; a text sorts behind a number, as in plain order."""
    return tuple(
        (0, int(part.ljust(14, "0") if len(part) >= 8 else part), "") if part.isdecimal() else (1, 0, part)
        for part in re.findall(r"\d+|\D+", name)
    )


def _version(path: str) -> Order:
    number = re.match(r"\d+", PurePosixPath(path).name)
    return (int(number[0]),) if number else ()


def _spelled(path: str) -> str:
    number = re.match(r"\d+", PurePosixPath(path).name)
    return number[0] if number else ""


def statements_of(root: Path, files: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of these files, in order. Bytes that are no UTF-8 are replaced.

    Lines end in a line feed, as the plain clients of both flavours read them.
    """
    texts = {file: up_part(text_of(root, file).replace("\r\n", "\n")) for file in files}
    return tuple(statement for file, text in texts.items() for statement in split(text, file))


def text_of(root: Path, file: str | None) -> str:
    """The text of a file of the repository; empty where there is none. Bytes that are no UTF-8 are replaced.

    Raises AfterpushError where it leads out of the repository, is no regular file, or cannot be read.
    """
    gate = Gate(root)
    try:
        return gate.read(file).decode("utf-8", "replace") if file and gate.exists(file) else ""
    except OSError as error:
        raise AfterpushError(f"reading {file}: {error.strerror or error}") from error
