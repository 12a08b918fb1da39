"""Replaying statements in a scratch schema: the server reads them, and each one's effect is what changed.

A look after each statement must be cheap. SHOW CREATE TABLE (a tenth of a millisecond) says in which lines a
table changed; information_schema is then asked only for parts of that kind:

    ALTER TABLE t ADD COLUMN a INT   ->  one line more, it begins with a back quote  ->  ask for columns
    ALTER TABLE t ADD KEY k (a)      ->  one line more, it begins with KEY           ->  ask for indexes

At the end everything is looked at once. Where that is not the sum of the effects, the statements are replayed
with a whole look after each.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.replay.execute import execute, why_not
from afterpush.migrate.replay.history import Effect, History
from afterpush.migrate.replay.look import EVERYTHING as ALL
from afterpush.migrate.replay.look import look
from afterpush.migrate.replay.parts import KINDS
from afterpush.migrate.replay.schema import State, changed
from afterpush.migrate.replay.scope import EVERYTHING, BinaryLog, Scope, scope_of, sets_counter
from afterpush.migrate.replay.scratch import Scratch, scratch, without_schema
from afterpush.migrate.replay.seen import Object, Seen
from afterpush.migrate.replay.server import Server
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import quoted

_NO_SUCH_TABLE = (1146, 1051, 1347, 1103, 1059)
_ALREADY_THERE = 1050
# The line of SHOW CREATE TABLE, by what is in it, and what to ask when it changed.
_LINES = (
    (re.compile(r"`"), ("column", "order")),
    (re.compile(r"`.*\bCHECK\b|CONSTRAINT .*\bCHECK\b", re.IGNORECASE), ("check",)),
    (re.compile(r"CONSTRAINT .*\bFOREIGN KEY\b"), ("foreign key",)),
    # A column without a COLLATE of its own has the table's: its line stays the same.
    (re.compile(r"\) "), ("table", "counter", "column", "order")),
    (re.compile(r"/\*!|\(?(?:SUB)?PARTITION\b"), ("partitions", "table")),
    (re.compile(r"(?:\w+ )*(?:KEY|INDEX)\b|PERIOD\b"), ("index",)),
)
_FIRST_LINE = "CREATE "
_WHOLE = KINDS["table"]
Watch = Callable[[Statement, Connection, str], None]


def replay(
    server: Server,
    statements: Sequence[Statement],
    *,
    base: Sequence[Statement] = (),
    random_hex: Callable[[int], str],
) -> History:
    """What each of the statements does, after `base` (tables of others). Raises DatabaseFailure."""
    with scratch(server, random_hex) as room:
        return replay_in(room, "v", statements, base=base)


def replay_in(
    room: Scratch,
    ending: str,
    statements: Sequence[Statement],
    *,
    base: Sequence[Statement] = (),
    watch: Watch | None = None,
    at_end: "Callable[[Replaying], None]" = lambda replaying: None,
) -> History:
    """The same in a room that is there already, in the schema of this ending.

    `watch` is called just before each of the statements, with the connection that will run it and its schema,
    `at_end` when all of them have run, and their schema is there still.
    """
    for careful in (False, True):
        with replaying_in(room, f"{ending}{int(careful)}", careful=careful) as replaying:
            replaying.run(base)
            begin = replaying.everything()
            replaying.effects, replaying.seen, replaying.watch = [], Seen(begin), watch
            replaying.run(statements)
            if careful or replaying.is_complete():
                at_end(replaying)
                return History(begin, tuple(replaying.effects))
    raise AssertionError("unreachable")


@contextmanager
def replaying_in(room: Scratch, ending: str, *, careful: bool = False) -> Iterator["Replaying"]:
    """A replay that begins in an empty schema of its own, gone afterwards (with a private server)."""
    with ExitStack() as stack:
        schema = room.schema(ending)
        looker = stack.enter_context(room.looker(schema))
        yield Replaying(room, schema, looker, careful)
        if not room.server.is_private:
            room.drop(schema)


@dataclass
class Replaying:
    """A replay under way in one schema. `lines` is each table's own text, as it was last seen."""

    room: Scratch
    schema: str
    looker: Connection
    careful: bool = False
    seen: Seen = field(default_factory=lambda: Seen({}))
    effects: list[Effect] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    watch: Watch | None = None

    def run(self, statements: Iterable[Statement]) -> None:
        """Runs them in order, on a connection for each file, as clients and migration tools do."""
        with ExitStack() as stack:
            file, runner = "", None
            for statement in statements:
                if runner is None or statement.file != file:
                    stack.close()
                    file, runner = statement.file, stack.enter_context(self.room.runner(self.schema))
                if self.watch is not None:
                    self.watch(statement, runner, self.schema)
                effect = self._effect(runner, statement)
                self.seen.change(effect.before, effect.after)
                self.effects.append(effect)

    def is_complete(self) -> bool:
        """Whether the sum of the effects is what is there."""
        return _without_counters(self.everything()) == _without_counters(self.seen.state)

    def everything(self) -> State:
        """A whole look."""
        return self._look()

    def _look(self, parts: Iterable[str] = ALL, names: Iterable[str] = ()) -> State:
        return look(self.looker, self.room.server.flavour, self.schema, parts, names=names)

    def _effect(self, runner: Connection, statement: Statement) -> Effect:
        why = statement.problem or why_not(statement, self.room.server)
        if why:
            return Effect(statement, rejected=why)
        scope = EVERYTHING if self.careful else scope_of(statement, self.seen)
        log = BinaryLog(self.looker, self.schema) if scope is None and self._reads_log else None
        said, number, warnings = "", 0, []
        try:
            execute(runner, statement)
            warnings = runner.warnings() if statement.kind.startswith("CREATE") else []
        except StatementRejected as error:
            said, number = without_schema(error.said), error.number
        before, after = self._change(statement, log.scope(self.seen) if log else scope)
        hidden: State = {}
        is_there = any(number == _ALREADY_THERE for number, _ in warnings)
        if not after and statement.kind == "CREATE TABLE" and is_there:
            hidden = self._twin(statement)
        return Effect(statement, before, after, said, number, hidden)

    @property
    def _reads_log(self) -> bool:
        """A server of our own writes what a CALL does; nobody else writes there."""
        return self.room.server.is_private and not self.careful

    def _change(self, statement: Statement, scope: Scope) -> tuple[State, State]:
        if scope is None:
            found, known = self.everything(), self.seen.state
            self.lines.clear()
        else:
            found, known = self._seen(scope), {k: t for one in scope for k, t in self.seen.of(one).items()}
        before, after = changed(known, found)
        if not sets_counter(statement):
            before = {
                key: text
                for key, text in before.items()
                if key[2] != "counter" or (*key[:2], "table") in before
            }
            after = {key: text for key, text in after.items() if key[2] != "counter"}
        return before, after

    def _seen(self, scope: frozenset[Object]) -> State:
        """What is there now of these objects."""
        found: State = {}
        for kind, parts in KINDS.items():
            kinds = ("procedure", "function") if kind == "routine" else (kind,)
            names = sorted({name for each, name in scope if each in kinds})
            if kind == "table":
                for name in names:
                    found |= self._table(name)
            elif names:
                found |= self._look(parts, names)
        return found

    def _table(self, name: str) -> State:
        """A table's parts: what is known of them, and again those whose line in its own text has changed."""
        lines, known = self._text(name), self.seen.of(("table", name))
        before = self.lines.get(name)
        self.lines[name] = lines
        if not lines:
            return {}
        asked = _WHOLE if known and not before else _asked_for(before if known and before else [], lines)
        if not asked:
            return known
        return {key: t for key, t in known.items() if not _is_of(key[2], asked)} | self._look(asked, [name])

    def _text(self, name: str) -> list[str]:
        try:
            row = self.looker.query(f"SHOW CREATE TABLE {quoted(name)}")[0]
        except StatementRejected as error:
            if error.number not in _NO_SUCH_TABLE:
                raise
            return []
        if "Create Table" not in row:
            return []
        return [line.strip().rstrip(",") for line in str(row["Create Table"]).split("\n")]

    def _twin(self, statement: Statement) -> State:
        """What the statement would have made in an empty schema; nothing where it needs other tables."""
        schema = self.room.schema("t")
        try:
            with self.room.runner(schema) as runner, self.room.looker(schema) as looker:
                runner.execute("SET SESSION foreign_key_checks = 0")
                runner.execute(statement.sql)
                found = look(looker, self.room.server.flavour, schema)
        except StatementRejected:
            found = {}
        self.room.drop(schema)
        return {key: text for key, text in found.items() if key[0] == "table" and key[2] != "counter"}


def _asked_for(before: list[str], after: list[str]) -> tuple[str, ...]:
    """What to ask information_schema for when a table's text changed from this to that."""
    if before == after:
        return ()
    different = set(before).symmetric_difference(after) or {"`"}  # the same lines in another order
    asked: dict[str, None] = {}
    for line in different:
        parts = [part for begin, parts in _LINES if begin.match(line) for part in parts]
        if not parts and not line.startswith(_FIRST_LINE):
            return _WHOLE
        asked.update(dict.fromkeys(parts))
    return tuple(asked)


def _is_of(part: str, queries: Iterable[str]) -> bool:
    return any(part == query or part.startswith(query + " ") for query in queries)


def _without_counters(state: State) -> State:
    return {key: text for key, text in state.items() if key[2] != "counter"}
