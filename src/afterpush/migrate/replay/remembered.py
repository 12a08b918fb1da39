"""Histories that are remembered: what a server said of a list of statements, it says again.

A history is kept under a hash of the server's version and settings and of every statement before it, file by
file. For a long one the server's data folder is kept as well, so that only what is new at the end runs:

    first audit    001 ... 200           replayed, kept as K200 with its data folder
    second audit   001 ... 200, 201      K200 is there: its data folder is started, 201 runs in it
    third audit    001 ... 201           K201 is there: nothing runs at all
    fourth audit   001 ... 201, 202      K200 again, with 201 and 202: to stop a server and copy its data
                                         takes longer, until many statements have come together
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, groupby
from pathlib import Path

import msgspec

from afterpush.infra.database import connected
from afterpush.infra.files import private_folder, write_atomic
from afterpush.migrate.replay.history import Effect, History
from afterpush.migrate.replay.replay import Replaying, replay, replay_in
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scratch import PREFIX, Scratch, scratch
from afterpush.migrate.replay.seen import Seen
from afterpush.migrate.replay.server import Server
from afterpush.migrate.statements.split import Statement

# Below that a replay is quicker than stopping a server and copying its data.
LONG = 1000
_FOLDERS, _BYTES = 4, 100_000_000
# Its lock is held while it is used: else it would be dropped as a dead run's leftover.
_RUN = f"{PREFIX}{'0' * 12}"
_SCHEMA = f"{_RUN}_kept"
_Texts = list[tuple[str, str, str, str]]


class _Row(msgspec.Struct):
    """An effect without its statement."""

    before: _Texts
    after: _Texts
    rejected: str
    number: int
    hidden: _Texts


class _Kept(msgspec.Struct):
    base: _Texts
    effects: list[_Row]


@dataclass(frozen=True)
class _Found:
    """The longest beginning that is remembered: how many statements, their history, and the data folder."""

    length: int
    history: History
    image: Path


def remembered(
    server: Server,
    statements: Sequence[Statement],
    *,
    base: Sequence[Statement] = (),
    random_hex: Callable[[int], str],
) -> History:
    """The history of the statements, replayed on a private server as far as it is not known.

    Raises DatabaseFailure.
    """
    if server.cache is None:  # Somebody's server: its settings may be others tomorrow.
        return replay(server, statements, base=base, random_hex=random_hex)
    folder = private_folder(server.cache)
    ends = list(_ends(server, base, statements))
    if known := _read(folder, *ends[-1], statements):
        return known.history
    if len(statements) < LONG:
        history = replay(server, statements, base=base, random_hex=random_hex)
    else:
        images = [end for end in reversed(ends) if (folder / end[0]).is_dir()]
        start = next((known for end in images if (known := _read(folder, *end, statements))), None)
        is_far = start is None or len(statements) - start.length >= LONG
        image = folder / ends[-1][0] if is_far else None
        history = _continued(server, statements, base, start, image, random_hex)
    write_atomic(folder / f"{ends[-1][0]}.json", msgspec.json.encode(_as_kept(history)), mode=0o600)
    _forget(folder)
    return history


def _ends(
    server: Server, base: Sequence[Statement], statements: Sequence[Statement]
) -> Iterator[tuple[str, int]]:
    """A hash for the end of each file, and how many statements come before it. Sessions end with files."""
    facts = [
        server.version,
        server.options,
        *sorted(f"{name}={value}" for name, value in server.settings.items()),
    ]
    running = sha256("\0".join([*facts, *(one.sql for one in base)]).encode("utf-8", "replace"))
    length = 0
    for _, group in groupby(statements, key=lambda one: one.file):
        for one in group:
            running.update(b"\0" + one.sql.encode("utf-8", "replace"))
            length += 1
        running.update(b"\1")
        yield running.hexdigest()[:24], length


def _read(folder: Path, key: str, length: int, statements: Sequence[Statement]) -> _Found | None:
    try:
        kept = msgspec.json.decode((folder / f"{key}.json").read_bytes(), type=_Kept)
        for used in (folder / f"{key}.json", folder / key):
            if used.exists():
                os.utime(used)  # What is used is forgotten last.
    except (OSError, msgspec.DecodeError):
        return None
    effects = tuple(
        Effect(statement, _state(row.before), _state(row.after), row.rejected, row.number, _state(row.hidden))
        for statement, row in zip(statements, kept.effects, strict=False)
    )
    return (
        _Found(length, History(_state(kept.base), effects), folder / key) if len(effects) == length else None
    )


def _as_kept(history: History) -> _Kept:
    rows = [
        _Row(_texts(each.before), _texts(each.after), each.rejected, each.number, _texts(each.hidden))
        for each in history.effects
    ]
    return _Kept(_texts(history.base), rows)


def _texts(state: State) -> _Texts:
    return [(*key, text) for key, text in state.items()]


def _state(texts: _Texts) -> State:
    return {(kind, name, part): text for kind, name, part, text in texts}


def _continued(
    server: Server,
    statements: Sequence[Statement],
    base: Sequence[Statement],
    start: _Found | None,
    image: Path | None,
    random_hex: Callable[[int], str],
) -> History:
    """A replay on a server of its own, from the data folder that was kept; its own is kept as `image`."""
    assert server.again is not None
    with server.again(start.image if start else None) as (own, private):
        own.start()
        with connected(own.runner, read_timeout_seconds=3600) as holder, ExitStack() as stack:
            holder.query("SELECT GET_LOCK(%s, 0)", [_RUN])
            room = stack.enter_context(scratch(own, random_hex))
            if start is None:
                room.keeper.execute(f"CREATE DATABASE {_SCHEMA} {own.options}")
            history = _run(room, base, statements, start)
            if history is None:
                return replay_in(room, "v", statements, base=base)
        if image:
            private.keep(image)
    return history


def _run(
    room: Scratch, base: Sequence[Statement], statements: Sequence[Statement], start: _Found | None
) -> History | None:
    """The history; None where the sum of the effects is not what is there."""
    with room.looker(_SCHEMA) as looker:
        replaying = Replaying(room, _SCHEMA, looker)
        if start is None:
            replaying.run(base)
            begin = replaying.everything()
            replaying.seen = Seen(begin)
            replaying.effects = []
            replaying.run(statements)
        else:
            begin, replaying.seen = start.history.base, Seen(start.history.final)
            replaying.effects = list(start.history.effects)
            replaying.run(statements[start.length :])
        return History(begin, tuple(replaying.effects)) if replaying.is_complete() else None


def _forget(folder: Path) -> None:
    """Keeps what was used last: a data folder has some hundred megabytes."""
    with suppress(OSError):
        entries = sorted(folder.iterdir(), key=lambda entry: entry.stat().st_mtime, reverse=True)
        for entry in [each for each in entries if each.is_dir()][_FOLDERS:]:
            shutil.rmtree(entry, ignore_errors=True)
        files = [each for each in entries if each.is_file()]
        sizes = accumulate(each.stat().st_size for each in files)
        for entry in [each for each, size in zip(files, sizes, strict=True) if size > _BYTES]:
            entry.unlink(missing_ok=True)
