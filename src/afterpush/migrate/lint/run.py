"""The lint: a replay in which each change of a table is measured just before it happens."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from afterpush.infra.database import Connection
from afterpush.migrate.lint.algorithms import Target, target_of
from afterpush.migrate.lint.consequences import Consequences, consequences, with_what_was_dropped
from afterpush.migrate.lint.report import Entry, Flavoured, Lint
from afterpush.migrate.lint.rewrites import in_steps, rewrite_of
from afterpush.migrate.lint.sizes import Size
from afterpush.migrate.lint.text_rules import findings_of
from afterpush.migrate.lint.trial_on_copy import Bench, Measured
from afterpush.migrate.replay.history import Effect
from afterpush.migrate.replay.replay import replay_in
from afterpush.migrate.replay.scratch import Scratch, scratch, settle_looker
from afterpush.migrate.replay.server import Server
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import quoted, words_of

_SESSION = "SELECT @@sql_mode AS sql_mode, @@foreign_key_checks AS checked, @@unique_checks AS is_unique"
Place = tuple[str, int, str]


@dataclass
class _Lint:
    """The measurements of one replay, by place. `looker` sees both schemas."""

    bench: Bench
    wanted: frozenset[str]
    measured: dict[Place, Measured] = field(default_factory=dict)
    rewrites: dict[Place, str | None] = field(default_factory=dict)
    targets: dict[Place, str] = field(default_factory=dict)

    def watch(self, statement: Statement, runner: Connection, schema: str) -> None:
        """Just before a statement runs: measures what it will do to its table."""
        target = target_of(statement.sql, statement.kind)
        if target is None or statement.file not in self.wanted:
            return
        place = (statement.file, statement.line, statement.sql)
        tables = self._tables(schema, statement, target)
        if not any(name.lower() == target.table.lower() for name in tables):
            return  # It has no such table: the replay says so.
        settings = _settings(runner)
        found = self.bench.measured(statement.sql, target, tables, settings)
        self.targets[place], self.measured[place] = target.table, found
        self.rewrites[place] = rewrite_of(
            statement.sql,
            target,
            found,
            self.bench.flavour,
            lambda sql, other, more, first: self.bench.measured(
                sql, other, tables, [*settings, *more], first=first
            ),
        )

    def _tables(self, schema: str, statement: Statement, target: Target) -> dict[str, str]:
        """The definitions that the statement needs: its own table, those that it names, their kin."""
        looker = self.bench.looker
        rows = looker.query(
            "SELECT t.TABLE_NAME AS name, k.REFERENCED_TABLE_NAME AS parent "
            "FROM information_schema.TABLES AS t LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS AS k "
            "ON k.CONSTRAINT_SCHEMA = t.TABLE_SCHEMA AND k.TABLE_NAME = t.TABLE_NAME "
            "WHERE t.TABLE_SCHEMA = %s AND t.TABLE_TYPE = 'BASE TABLE'",
            [schema],
        )
        words = words_of(statement.sql) | {target.table.lower()}
        named = {str(row["name"]) for row in rows if str(row["name"]).lower() in words}
        pairs = [(str(row["name"]), str(row["parent"])) for row in rows if row["parent"]]
        near = {other for pair in pairs if named & set(pair) for other in pair}
        found: dict[str, str] = {}
        for name in sorted(named | near):
            row = looker.query(f"SHOW CREATE TABLE {quoted(schema)}.{quoted(name)}")[0]
            found[name] = str(row["Create Table"])
        return found


def _settings(runner: Connection) -> list[str]:
    row = runner.query(_SESSION)[0]
    mode = str(row["sql_mode"])
    return [f"sql_mode='{mode}'", f"foreign_key_checks={row['checked']}", f"unique_checks={row['is_unique']}"]


def lint(
    server: Server,
    statements: Sequence[Statement],
    *,
    base: Sequence[Statement] = (),
    wanted: frozenset[str],
    sizes: Mapping[str, Size],
    random_hex: Callable[[int], str],
) -> Lint:
    """What the statements of the files `wanted` do, on this server. Raises DatabaseFailure."""
    with scratch(server, random_hex) as room, ExitStack() as stack:
        under_way = _Lint(_bench(room, stack), wanted)
        history = replay_in(room, "h", statements, base=base, watch=under_way.watch)
    entries = [
        entry
        for effect in with_what_was_dropped(history.effects)
        if effect.statement.file in wanted and (entry := _entry(effect, under_way, server, sizes))
    ]
    return Lint([server.title], entries, findings_of([s for s in statements if s.file in wanted]))


def _bench(room: Scratch, stack: ExitStack) -> Bench:
    schema = room.schema("m")
    runner = stack.enter_context(room.runner(schema))
    looker = stack.enter_context(room.outside())
    settle_looker(looker, room.server.flavour)
    return Bench(room.server.flavour, schema, runner, looker)


def _entry(effect: Effect, found: _Lint, server: Server, sizes: Mapping[str, Size]) -> Entry | None:
    place = (effect.statement.file, effect.statement.line, effect.statement.sql)
    measured = found.measured.get(place)
    follows = consequences(effect)
    if measured is None and not (follows.loses or follows.breaks):
        return None
    table = found.targets.get(place) or follows.table or next((key[1] for key in sorted(effect.keys)), "")
    return _with_measurement(
        Entry(
            *place[:2], table, place[2], loses=follows.loses, breaks=follows.breaks, queries=follows.queries
        ),
        measured or Measured(rejected=effect.rejected),
        follows,
        found.rewrites.get(place),
        server.title,
        sizes.get(table),
    )


def _with_measurement(
    entry: Entry,
    measured: Measured,
    follows: Consequences,
    rewrite: str | None,
    title: str,
    size: Size | None,
) -> Entry:
    changed = [f"values of column {entry.table}.{name} become others" for name in measured.changed]
    known = " ".join(follows.loses)
    return replace(
        entry,
        algorithm=measured.algorithm,
        lock=measured.lock,
        rebuild=measured.rebuild,
        loses=[*follows.loses, *(each for each in changed if each.split(" ")[3] not in known)],
        rewrite=rewrite or in_steps(follows.breaks),
        reason=measured.rejected or measured.reason,
        on_rows=measured.on_rows,
        rows=size.rows if size else None,
        bytes=size.bytes if size else None,
        servers={title: Flavoured(measured.algorithm, measured.lock, measured.rebuild, measured.rejected)},
    )


def both(first: Lint, second: Lint) -> Lint:
    """One report of two servers: the first one's answers, and beside each what the other does."""
    others = {(entry.file, entry.line, entry.sql): entry.servers for entry in second.statements}
    entries = [
        replace(entry, servers=entry.servers | others.get((entry.file, entry.line, entry.sql), {}))
        for entry in first.statements
    ]
    return Lint([*first.servers, *second.servers], entries, first.findings)


def without_server(statements: Sequence[Statement], wanted: frozenset[str]) -> Lint:
    """Without a server nothing is guessed: which tables change, and the rules that need none."""
    entries = [
        Entry(statement.file, statement.line, target.table, statement.sql, "unknown", "unknown")
        for statement in statements
        if statement.file in wanted and (target := target_of(statement.sql, statement.kind))
    ]
    return Lint([], entries, findings_of([s for s in statements if s.file in wanted]))
