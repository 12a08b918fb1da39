"""Histories that are remembered: what a server said of a list of statements, it says again.

A history is kept under a hash of the server's version and settings and of every statement before it, file by
file, with a copy of the schema at its end, so that only what is new runs:

    first audit    001 ... 200           replayed, kept as K200
    second audit   001 ... 200, 201      K200 is there: its copy is made, 201 runs in it, kept as K201
    third audit    001 ... 201           K201 is there: nothing runs at all

A few statements more get no copy of their own: the next audit goes on from K200 and runs them again.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, groupby
from pathlib import Path

import msgspec

from afterpush.infra.database import StatementRejected
from afterpush.infra.files import private_folder, write_atomic
from afterpush.migrate.replay.copies import Copy, copy_of, make
from afterpush.migrate.replay.history import Effect, History
from afterpush.migrate.replay.replay import Replaying, replay, replay_in, replaying_in
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scratch import Scratch, scratch
from afterpush.migrate.replay.seen import Seen
from afterpush.migrate.replay.server import Server
from afterpush.migrate.statements.split import Statement

_BYTES = 100_000_000
_FEW = 20
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
    copy: Copy | None


@dataclass(frozen=True)
class _Found:
    """The longest beginning that is remembered: how many statements, their history, and its end's copy."""

    length: int
    history: History
    copy: Copy | None


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
    beginnings = (_read(folder, *end, statements) for end in reversed(ends[:-1]))
    start = next((known for known in beginnings if known and known.copy), None)
    copies: list[Copy | None] = [None]

    def keep(replaying: Replaying) -> None:
        copies.append(copy_of(replaying.looker, replaying.schema, replaying.seen.state))

    with scratch(server, random_hex) as room:
        history = start and _continued(room, statements, start, keep)
        history = history or replay_in(room, "v", statements, base=base, at_end=keep)
    kept = msgspec.json.encode(_as_kept(history, copies[-1]))
    write_atomic(folder / f"{ends[-1][0]}.json", kept, mode=0o600)
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
        os.utime(folder / f"{key}.json")  # What is used is forgotten last.
    except (OSError, msgspec.DecodeError):
        return None
    effects = tuple(
        Effect(statement, _state(row.before), _state(row.after), row.rejected, row.number, _state(row.hidden))
        for statement, row in zip(statements, kept.effects, strict=False)
    )
    return _Found(length, History(_state(kept.base), effects), kept.copy) if len(effects) == length else None


def _as_kept(history: History, copy: Copy | None) -> _Kept:
    rows = [
        _Row(_texts(each.before), _texts(each.after), each.rejected, each.number, _texts(each.hidden))
        for each in history.effects
    ]
    return _Kept(_texts(history.base), rows, copy)


def _texts(state: State) -> _Texts:
    return [(*key, text) for key, text in state.items()]


def _state(texts: _Texts) -> State:
    return {(kind, name, part): text for kind, name, part, text in texts}


def _continued(
    room: Scratch, statements: Sequence[Statement], start: _Found, keep: Callable[[Replaying], None]
) -> History | None:
    """The rest, from a copy of the schema where the beginning ended; None where the copy is not like it."""
    assert start.copy is not None
    with replaying_in(room, "c") as replaying:
        try:
            with room.runner(replaying.schema) as runner:
                make(runner, start.copy)
        except StatementRejected:
            return None
        replaying.seen, replaying.effects = Seen(start.history.final), list(start.history.effects)
        if copy_of(replaying.looker, replaying.schema, replaying.seen.state) != start.copy:
            return None
        replaying.run(statements[start.length :])
        if not replaying.is_complete():
            return None
        if len(statements) - start.length > _FEW:
            keep(replaying)
        return History(start.history.base, tuple(replaying.effects))


def _forget(folder: Path) -> None:
    """Keeps what was used last."""
    with suppress(OSError):
        files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        sizes = accumulate(file.stat().st_size for file in files)
        for file in [each for each, size in zip(files, sizes, strict=True) if size > _BYTES]:
            file.unlink(missing_ok=True)
