"""What a statement's change of the schema takes away, and what it does to code that still runs.

Both follow from the two states alone, so they hold for whatever statement made the change.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from afterpush.migrate.replay.history import Effect
from afterpush.migrate.replay.schema import Key, part_kind, part_name, shown
from afterpush.migrate.statements.tokens import quoted
from afterpush.migrate.steps.narrowing import lost_values

_PROGRAMS = ("view", "procedure", "function")
_EMPTIED = re.compile(
    r"(?:TRUNCATE\s+(?:TABLE\s+)?|ALTER\s+TABLE\s+(?=\S+\s+TRUNCATE\s+PARTITION\s))(?P<table>\S+)"
    r"(?:\s+TRUNCATE\s+PARTITION\s+(?P<partitions>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_COLUMN = re.compile(r"`((?:[^`]|``)+)`")


@dataclass
class Consequences:
    """`loses` are rows or values, `breaks` what running code may do that is then refused or answered
    otherwise, `queries` find the rows that stand in the way; `table` is the one whose rows go."""

    loses: list[str] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    table: str = ""


def consequences(effect: Effect) -> Consequences:
    """What follows from a change."""
    found = Consequences()
    tables = {key[1] for key in effect.keys if key[0] == "table"}
    for table in sorted(tables):
        _of_table(effect, table, found)
    for key, text in effect.before.items():
        if key[0] in _PROGRAMS:
            _of_program(key, text, effect.after.get(key), found)
    emptied = _EMPTIED.match(effect.statement.sql)
    if emptied and not effect.rejected:
        found.table = emptied["table"].strip("`")
        partitions = f", partition {emptied['partitions']}" if emptied["partitions"] else ""
        found.loses.append(f"every row of {emptied['table']}{partitions}")
    return found


def with_what_was_dropped(effects: Sequence[Effect]) -> Iterator[Effect]:
    """DROP PROCEDURE p, then CREATE PROCEDURE p: one change, at the second statement."""
    dropped: dict[Key, str] = {}
    made = [key for effect in effects for key in effect.after]
    for effect in effects:
        made = made[len(effect.after) :]
        again = {
            key for key in effect.before if key[0] in _PROGRAMS and key not in effect.after and key in made
        }
        dropped |= {key: effect.before[key] for key in again}
        before = {key: text for key, text in effect.before.items() if key not in again}
        yield replace(effect, before=before | {key: dropped[key] for key in effect.after if key in dropped})


def _of_table(effect: Effect, table: str, found: Consequences) -> None:
    whole = ("table", table, "table")
    if whole in effect.before and whole not in effect.after:
        new = _renamed_table(effect, table)
        if new is None:
            found.loses.append(f"table {table} with its rows")
        named = f"table {table} is {new} now" if new else f"table {table} is gone"
        found.breaks.append(f"{named}: code that still names it fails")
        return
    if whole in effect.after and whole not in effect.before:
        return
    renamed = dict(_renamed_columns(effect, table))
    for key in sorted(effect.keys):
        if key[1] == table and key[0] == "table":
            old, new_text = effect.before.get(key), effect.after.get(key)
            if part_kind(key) == "column":
                _of_column(key, old, new_text, renamed, found)
            elif part_kind(key) == "partitions":
                _of_partitions(table, old or "", new_text or "", found)
            elif old is None and new_text is not None:
                _of_new_part(key, new_text, found)


def _renamed_table(effect: Effect, table: str) -> str | None:
    """The new name: a table with the same columns appeared in the same statement."""
    columns = {key[2]: text for key, text in effect.before.items() if key[:2] == ("table", table)}
    for name in {key[1] for key in effect.after if key[0] == "table" and key[1] != table}:
        others = {key[2]: text for key, text in effect.after.items() if key[:2] == ("table", name)}
        if others.get("order") == columns.get("order"):
            return name
    return None


def _renamed_columns(effect: Effect, table: str) -> Iterator[tuple[str, str]]:
    """Old and new names: the same definition at the same place."""
    order = ("table", table, "order")
    before, after = (side.get(order, "").split(", ") for side in (effect.before, effect.after))
    if len(before) == len(after):
        yield from (
            (old, new) for old, new in zip(before, after, strict=True) if old != new and new not in before
        )


def _of_column(
    key: Key, old: str | None, new: str | None, renamed: dict[str, str], found: Consequences
) -> None:
    name, column = part_name(key), f"{key[1]}.{part_name(key)}"
    if new is None:
        if name in renamed:
            found.breaks.append(f"column {column} is {renamed[name]} now: code that still names it fails")
        else:
            found.loses.append(f"column {column} with its values")
            found.breaks.append(f"column {column} is gone: code that still reads or writes it fails")
    elif old is None:
        if name not in renamed.values() and _must_be_given(new):
            found.breaks.append(
                f"INSERTs that do not name the new column {column} are refused: NOT NULL, no default"
            )
    else:
        _of_changed_column(key, old, new, found)


def _must_be_given(text: str) -> bool:
    automatic = re.search(r"\b(DEFAULT|auto_increment|GENERATED|AS \()", text)
    return "NOT NULL" in text and automatic is None


def _of_changed_column(key: Key, old: str, new: str, found: Consequences) -> None:
    table, name = key[1], part_name(key)
    column = f"{table}.{name}"
    values = lost_values(old, new)
    if values:
        found.loses.append(f"{values} in column {column} (cut, or the statement is refused)")
        found.breaks.append(f"column {column} no longer takes {values}")
    if "NOT NULL" in new and "NOT NULL" not in old:
        found.breaks.append(f"column {column} no longer takes NULL")
        found.queries.append(f"SELECT COUNT(*) FROM {quoted(table)} WHERE {quoted(name)} IS NULL")
    if _must_be_given(new) and not _must_be_given(old) and "NOT NULL" in old:
        found.breaks.append(
            f"INSERTs that do not name column {column} are refused: it has no default any more"
        )
    if "AS (" in new and "AS (" not in old:
        found.breaks.append(f"column {column} is computed now: code that writes it is refused")


def _of_new_part(key: Key, text: str, found: Consequences) -> None:
    table = key[1]
    if part_kind(key) == "index" and text.startswith("UNIQUE"):
        columns = ", ".join(quoted(name.replace("``", "`")) for name in _COLUMN.findall(text))
        found.breaks.append(f"{shown(key)}: a second row with the same {columns} is refused")
        if columns:
            found.queries.append(
                f"SELECT {columns}, COUNT(*) FROM {quoted(table)} GROUP BY {columns} HAVING COUNT(*) > 1"
            )
    elif part_kind(key) == "foreign key":
        found.breaks.append(f"{shown(key)}: rows without their parent are refused")
        found.queries += [_orphans(table, text)]
    elif part_kind(key) == "check" and "NOT ENFORCED" not in text:
        found.breaks.append(f"{shown(key)}: rows that do not fulfil it are refused")
        found.queries.append(f"SELECT COUNT(*) FROM {quoted(table)} WHERE NOT ({text})")


def _of_partitions(table: str, old: str, new: str, found: Consequences) -> None:
    """`p0 RANGE ..., p1 RANGE ...`: one that is gone took its rows along, unless they were dealt out again
    (no partitions any more, or none before)."""
    names = [{part.split(" ")[0] for part in text.split(", ")} for text in (old, new)]
    if old and new:
        found.loses += [f"partition {table}.{name} with its rows" for name in sorted(names[0] - names[1])]


def _orphans(table: str, text: str) -> str:
    """`a` -> `p`.`id`: the rows of the child whose parent is missing."""
    pairs = re.findall(r"(`(?:[^`]|``)+`) -> (`(?:[^`]|``)+`)\.(`(?:[^`]|``)+`)", text)
    on = " AND ".join(f"p.{parent} = c.{child}" for child, _, parent in pairs)
    is_set = " AND ".join(f"c.{child} IS NOT NULL" for child, _, _ in pairs)
    parent_table = pairs[0][1] if pairs else "``"
    return (
        f"SELECT COUNT(*) FROM {quoted(table)} AS c LEFT JOIN {parent_table} AS p ON {on} "
        f"WHERE {is_set} AND p.{pairs[0][2] if pairs else '``'} IS NULL"
    )


def _of_program(key: Key, old: str, new: str | None, found: Consequences) -> None:
    if new is None:
        found.breaks.append(f"{shown(key)} is gone: code that still uses it fails")
    elif key[0] != "view" and _signature(old) != _signature(new):
        found.breaks.append(f"{shown(key)} takes or gives something else: code that still calls it may fail")


def _signature(text: str) -> str:
    """What comes before the body: parameters and what it returns."""
    return re.split(r"\b(?:CONTAINS SQL|NO SQL|READS SQL DATA|MODIFIES SQL DATA)\b", text)[0]
