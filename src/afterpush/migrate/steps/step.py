"""One step of the new way: a statement of the sources, and the parts that it changes, before and after."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from afterpush.migrate.replay.history import Effect, History
from afterpush.migrate.replay.schema import Key, State, objects_of, shown
from afterpush.migrate.replay.scope import QUERIES, ROWS, SESSION
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import tokens, words_of
from afterpush.migrate.steps.losing import losses

SCHEMA, DATA, SETTING = "schema", "data", "session"
# Sessions of ours have their own transactions and locks.
_LEFT_OUT = frozenset(
    "BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE LOCK UNLOCK USE FLUSH ANALYZE OPTIMIZE REPAIR".split()
)


@dataclass(frozen=True)
class Change:
    """The parts that a step changes, as they were and as they are afterwards, on one flavour of server."""

    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)

    @property
    def keys(self) -> set[Key]:
        return self.before.keys() | self.after.keys()


@dataclass(frozen=True)
class Step:
    """`kind` is `schema`, `data` (runs once, by the journal) or `session` (a setting for what follows it).

    `changes` has one entry for each flavour on which the history was replayed. `loses` says which rows or
    values go with it. `is_left_out`: rows are not asked for; the step is only noted.
    """

    name: str
    kind: str
    file: str
    line: int
    sql: str
    checksum: str
    changes: Mapping[str, Change] = field(default_factory=dict)
    loses: str = ""
    is_left_out: bool = False

    @property
    def place(self) -> str:
        """`migrations/002.sql:3`."""
        return f"{self.file}:{self.line}"

    def change(self, flavour: str) -> Change:
        return self.changes.get(flavour) or Change()

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the statement in lower case; tables that it reads or changes are among them."""
        return words_of(self.sql) if len(self.sql) < 200_000 else words_of(self.sql[:20_000])

    def objects(self, flavour: str) -> set[tuple[str, str]]:
        """The objects whose parts it changes."""
        return objects_of(self.change(flavour).keys)


def steps_of(histories: Mapping[str, History], *, with_data: bool) -> list[Step]:
    """The steps that a history comes to. `histories` are replays of the same statements, by flavour.

    What changes nothing anywhere (a query, an IF NOT EXISTS of what is there) is no step; what the server
    rejected is none either: the audit names it.
    """
    rows = list(zip(*(history.effects for history in histories.values()), strict=True))
    found: list[Step] = []
    seen: dict[str, int] = {}
    temporary: dict[str, set[str]] = {}
    for effects in rows:
        statement = effects[0].statement
        kind = _kind(statement, effects, temporary.setdefault(statement.file, set()))
        if not kind or any(effect.rejected for effect in effects):
            continue
        number = seen[statement.sql] = seen.get(statement.sql, 0) + 1
        changes = {
            flavour: Change(effect.before, effect.after)
            for flavour, effect in zip(histories, effects, strict=True)
        }
        found.append(
            Step(
                name=_name(statement, effects[0]),
                kind=kind,
                file=statement.file,
                line=statement.line,
                sql=statement.sql,
                checksum=_checksum(statement.sql, number),
                changes=changes if kind == SCHEMA else {},
                loses=losses(statement, effects[0].before, effects[0].after, with_data=with_data),
                is_left_out=kind == DATA and not with_data,
            )
        )
    return found


def _checksum(sql: str, number: int) -> str:
    """16 hex digits for the n-th time that this text is in the history: renamed files keep their rows."""
    return hashlib.sha256(f"{sql}\n{number}".encode("utf-8", "replace")).hexdigest()[:16]


def _kind(statement: Statement, effects: Sequence[Effect], temporary: set[str]) -> str:
    verb = statement.kind.split(" ")[0]
    if any(effect.keys for effect in effects):
        return SCHEMA
    if verb in _LEFT_OUT or "AUTOCOMMIT" in statement.sql[:60].upper():
        return ""
    if statement.kind == "CREATE TABLE" and "temporary" in words_of(statement.sql[:200]):
        temporary |= words_of(statement.sql[:200])
        return SETTING
    if verb in SESSION:
        return SETTING
    if verb in ROWS or verb == "DROP":
        only = words_of(statement.sql[:2000]) & temporary - _PLAIN
        if only and verb != "INSERT":
            return SETTING
        if verb == "DROP":
            return ""
        if only and _target(statement) in temporary:
            return SETTING
        return DATA
    if verb in QUERIES:
        return SETTING if _sets_variable(statement.sql) else ""
    return "" if verb in ("CREATE", "ALTER", "RENAME") else DATA


def _sets_variable(sql: str) -> bool:
    """`SELECT id INTO @a`, `SELECT @a := id`: what comes after it reads the variable."""
    return "@" in sql and (":=" in sql or "INTO" in sql.upper())


_PLAIN = frozenset("create temporary table if not exists as select from int varchar primary key".split())


def _target(statement: Statement) -> str:
    words = [token.text.strip("`").lower() for token in list(tokens(statement.sql[:500]))[:6]]
    return next((word for word in words if word not in ("insert", "into", "ignore")), "")


def _name(statement: Statement, effect: Effect) -> str:
    """`migrations/002.sql:3 ALTER TABLE users`: unique by its place, and readable."""
    named = sorted(objects_of(effect.keys))
    what = f" {named[0][1]}" if named else ""
    return f"{statement.file}:{statement.line} {statement.kind}{what}"


def known_keys(steps: Iterable[Step], flavour: str) -> set[Key]:
    """Every part that any of the steps changes."""
    return {key for step in steps for key in step.change(flavour).keys}


def made(step: Step) -> list[Key]:
    """The parts that the step makes, the most telling one first."""
    change = next(iter(step.changes.values()), Change())
    keys = [key for key in change.after if key[2] not in ("order", "counter")] or list(change.keys)
    return sorted(keys, key=lambda key: (key[2] != "table", shown(key)))


# What the files that hold steps have of a step besides its statement: JSON


def facts_of(step: Step) -> dict[str, object]:
    """What there is to know of a step besides its statement, as JSON takes it."""
    return {
        "name": step.name,
        "kind": step.kind,
        "file": step.file,
        "line": step.line,
        "checksum": step.checksum,
        "sha256": hashlib.sha256(step.sql.encode("utf-8", "replace")).hexdigest()[:16],
        **({"loses": step.loses} if step.loses else {}),
        **({"left_out": True} if step.is_left_out else {}),
        **(
            {
                "changes": {
                    flavour: [
                        [*key, change.before.get(key), change.after.get(key)] for key in sorted(change.keys)
                    ]
                    for flavour, change in step.changes.items()
                }
            }
            if step.changes
            else {}
        ),
    }


def step_from(facts: Mapping[str, object], sql: str) -> Step:
    """The step of these facts. Raises KeyError, TypeError or ValueError for other ones."""
    changes = {}
    for flavour, rows in dict(facts.get("changes") or {}).items():  # type: ignore[call-overload]
        keyed: list[tuple[Key, str | None, str | None]] = [
            ((row[0], row[1], row[2]), row[3], row[4]) for row in rows
        ]
        changes[str(flavour)] = Change(
            {key: before for key, before, _ in keyed if before is not None},
            {key: after for key, _, after in keyed if after is not None},
        )
    return Step(
        name=str(facts["name"]),
        kind=str(facts["kind"]),
        file=str(facts["file"]),
        line=int(str(facts["line"])),
        sql=sql,
        checksum=str(facts["checksum"]),
        changes=changes,
        loses=str(facts.get("loses") or ""),
        is_left_out=bool(facts.get("left_out")),
    )


def flavours_of(steps: Sequence[Step]) -> list[str]:
    """The flavours on which the history was replayed."""
    return sorted({flavour for step in steps for flavour in step.changes})
