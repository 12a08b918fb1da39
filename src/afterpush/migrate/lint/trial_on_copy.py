"""One statement, measured on a copy of its table as it was before, with rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.lint.algorithms import REFUSALS, Target, attempts
from afterpush.migrate.lint.sample_rows import fill, values_of
from afterpush.migrate.statements.tokens import quoted

_TABLE_IDS = {"mysql": "INNODB_TABLES", "mariadb": "INNODB_SYS_TABLES"}


@dataclass(frozen=True)
class Measured:
    """What the server did. `reason` is why it refused the next milder way, `rejected` why it refused the
    statement as such; `on_rows` is what it says where the table has rows, and takes on an empty one.

    `rebuild` is None where the user may not see it. `changed` names the columns whose values are others now.
    """

    algorithm: str | None = None
    lock: str | None = None
    rebuild: bool | None = None
    reason: str = ""
    rejected: str = ""
    on_rows: str = ""
    changed: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Bench:
    """A schema for measuring. `runner` executes in it, `looker` sees the ids of its tables.

    `tables` are the definitions (SHOW CREATE TABLE) of what the statement may need, `settings` the session's.
    """

    flavour: str
    schema: str
    runner: Connection
    looker: Connection

    def measured(
        self,
        sql: str,
        target: Target,
        tables: dict[str, str],
        settings: Sequence[str] = (),
        *,
        first: Sequence[str] = (),
    ) -> Measured:
        """Measures, after the statements `first`, with rows; where rows are in its way, on empty tables."""
        with self._made(tables, settings, first, with_rows=True):
            found, number = self._tried(sql, target)
        if not found.rejected or number in REFUSALS:
            return found
        with self._made(tables, settings, first, with_rows=False):
            empty, _ = self._tried(sql, target)
        if empty.rejected:
            return empty
        return Measured(empty.algorithm, empty.lock, empty.rebuild, empty.reason, on_rows=found.rejected)

    @contextmanager
    def _made(
        self, tables: dict[str, str], settings: Sequence[str], first: Sequence[str], *, with_rows: bool
    ) -> Iterator[None]:
        run = self.runner.execute
        run("SET SESSION sql_mode = '', foreign_key_checks = 0")
        try:
            for text in tables.values():
                run(text)
            for name in tables if with_rows else ():
                fill(self.runner, self.schema, name)
            for setting in settings:
                run(f"SET SESSION {setting}")
            for statement in first:
                run(statement)
            yield
        finally:
            run("SET SESSION foreign_key_checks = 0")
            rows = self.runner.query("SELECT TABLE_NAME AS name FROM information_schema.TABLES "
                                     "WHERE TABLE_SCHEMA = %s", [self.schema])  # fmt: skip
            if rows:
                run(f"DROP TABLE IF EXISTS {', '.join(quoted(str(row['name'])) for row in rows)}")

    def _tried(self, sql: str, target: Target) -> tuple[Measured, int]:
        """The first way that the server takes, or its refusal with its number."""
        before, values = self._ids(), values_of(self.runner, self.schema, target.table)
        reason = ""
        ways = [*attempts(target, self.flavour), (("", ""), sql)]
        for (algorithm, lock), text in ways:
            try:
                self.runner.execute(text)
            except StatementRejected as error:
                if error.number not in REFUSALS or not algorithm:
                    return Measured(rejected=error.said), error.number
                reason = error.said if error.number in (1845, 1846) else reason
                continue
            after = self._ids()
            # A partition that is only added or dropped has no twin on the other side.
            rebuild = None if before is None or after is None else bool(before - after and after - before)
            changed = self._changed(values, target.table)
            shown = lock or ("NONE" if algorithm else "")
            return Measured(algorithm or None, shown or None, rebuild, reason, changed=changed), 0
        raise AssertionError("unreachable")

    def _ids(self) -> frozenset[int] | None:
        """The ids of the schema's tables: a table that is rebuilt gets another one. Needs PROCESS."""
        view = f"information_schema.{_TABLE_IDS[self.flavour]}"
        try:
            rows = self.looker.query(
                f"SELECT TABLE_ID AS id FROM {view} WHERE NAME LIKE %s", [f"{self.schema}/%"]
            )
        except StatementRejected:
            return None
        return frozenset(int(row["id"]) for row in rows)

    def _changed(self, before: dict[str, list[str]], table: str) -> tuple[str, ...]:
        try:
            after = values_of(self.runner, self.schema, table)
        except StatementRejected:
            return ()  # It has another name now.
        return tuple(name for name in before if name in after and before[name] != after[name])
