"""A live schema against the last state of the migrations, part by part. Reads only, and takes no lock."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from afterpush.migrate.replay.history import History
from afterpush.migrate.replay.schema import BY_DEFINITION, ELUSIVE, Key, State, same, shown

# Tables in which migration tools note what has run: no file makes them.
_TOOLS = re.compile(
    r"afterpush_\w+|flyway_schema_history|schema_(?:migrations|version)|goose_db_version|_prisma_migrations"
    r"|__drizzle_migrations|knex_migrations(?:_lock)?|SequelizeMeta|gorp_migrations|phinxlog|ar_internal_metadata"
    r"|doctrine_migration_versions|databasechangelog(?:lock)?|atlas_schema_revisions|__EFMigrationsHistory"
    r"|typeorm_metadata|kysely_migration(?:_lock)?|mikro_orm_migrations|alembic_version",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Missing:
    """What the migrations make and the app's schema has not; the statement made it last."""

    object: Annotated[str, "the part, such as `column orders.note`"]
    expected: Annotated[str, "its definition"]
    file: Annotated[str, "the file that should have made it"]
    line: int


@dataclass(frozen=True)
class Different:
    """A part that is otherwise. `earlier` is the statement of the history that made what is there, if any."""

    object: Annotated[str, "the part"]
    expected: Annotated[str, "its definition after the last migration"]
    found: Annotated[str, "its definition in the app's schema"]
    file: Annotated[str, "the file that made it last"]
    line: int
    earlier: Annotated[str, "which earlier statement made what was found; empty where none did"] = ""


@dataclass(frozen=True)
class Extra:
    """What only the app's schema has."""

    object: Annotated[str, "the part"]
    found: Annotated[str, "its definition in the app's schema"]


@dataclass(frozen=True)
class Difference:
    """All of it. `servers` are the app's and the one that read the migrations."""

    missing: Annotated[list[Missing], "what the migrations make and the app's schema has not"]
    different: list[Different]
    extra: Annotated[list[Extra], "what only the app's schema has"]
    servers: Annotated[list[str], "the app's server, and the one that read the migrations"] = field(
        default_factory=list
    )

    def is_good(self, *, strict: bool) -> bool:
        return not self.missing and not self.different and not (strict and self.extra)


def difference(history: History, live: State, servers: list[str]) -> Difference:
    """What `live` has otherwise than the end of the history. Tables of others (its base) are left out."""
    wanted, found = _compared(history, history.final), _compared(history, live)
    pairs = dict(_by_definition(wanted, found))
    found = {pairs.get(key, key): text for key, text in found.items()}
    absent = [key for key in wanted if key not in found]
    extra = [key for key in found if key not in wanted]
    both = [key for key in wanted if key in found and not _is_alike(key, wanted[key], found[key])]
    return Difference(
        [_missing(key, wanted[key], history) for key in _without_parts(absent)],
        [_different(key, wanted[key], found[key], history) for key in both],
        [Extra(shown(key), found[key]) for key in _without_parts(extra)],
        servers,
    )


def _is_alike(key: Key, expected: str, found: str) -> bool:
    """Missing and extra columns are reported as such: the order differs only where the others' does."""
    if key[2] == "order":
        columns = expected.split(", "), found.split(", ")
        return [c for c in columns[0] if c in columns[1]] == [c for c in columns[1] if c in columns[0]]
    return same(key, expected, found)


def _compared(history: History, state: State) -> State:
    others = {key[:2] for key in history.base if key[0] != "schema"} - {
        key[:2] for effect in history.effects for key in effect.keys
    }
    made = {key[:2] for key in history.made}
    others |= {key[:2] for key in state if key[0] == "table" and key[:2] not in made and is_tools_own(key[1])}
    return {key: text for key, text in sorted(state.items()) if key[:2] not in others and key[0] != "schema"}


def is_tools_own(table: str) -> bool:
    """Whether a table is one in which a migration tool notes what has run."""
    return _TOOLS.fullmatch(table) is not None


def _by_definition(wanted: Mapping[Key, str], found: Mapping[Key, str]) -> Iterator[tuple[Key, Key]]:
    """Keys and checks that are the same under another name: the live name, and the name that was wanted."""
    free = [key for key in wanted if key not in found and key[2].startswith(BY_DEFINITION)]
    for key, text in found.items():
        if key in wanted or not key[2].startswith(BY_DEFINITION):
            continue
        twin = next((each for each in free if each[:2] == key[:2] and wanted[each] == text), None)
        if twin is not None:
            free.remove(twin)
            yield key, twin


def _without_parts(keys: list[Key]) -> list[Key]:
    """A table that is not there at all is one difference, and not one for each of its columns."""
    whole = {key[:2] for key in keys if key[2] == "table"}
    return [
        key
        for key in keys
        if (key[2] == "table" or key[:2] not in whole) and key[2] not in ("order", *ELUSIVE)
    ]


def _missing(key: Key, expected: str, history: History) -> Missing:
    made = history.made[key]
    return Missing(shown(key), expected, made.file, made.line)


def _different(key: Key, expected: str, found: str, history: History) -> Different:
    made = history.made[key]
    before = [effect.statement for effect in history.effects if effect.after.get(key) == found]
    earlier = f"as {before[-1].file}:{before[-1].line} made it" if before else ""
    return Different(shown(key), expected, found, made.file, made.line, earlier)


def problems_of(found: Difference) -> list[str]:
    """Every difference in a line."""
    return [
        *(f"{each.object} is missing" for each in found.missing),
        *(f"{each.object} is {each.found}, not {each.expected}" for each in found.different),
        *(f"{each.object} is there, too" for each in found.extra),
    ]


def rendered(found: Difference) -> str:
    """For people."""
    return "\n".join(_lines(found))


def _lines(found: Difference) -> Iterator[str]:
    yield from (f"missing: {each.object} ({each.file}:{each.line})" for each in found.missing)
    for each in found.different:
        earlier = f", {each.earlier}" if each.earlier else ""
        yield f"different: {each.object} ({each.file}:{each.line}){earlier}"
        yield f"    expected: {each.expected}"
        yield f"    found:    {each.found}"
    yield from (f"extra: {extra.object}" for extra in found.extra)
    counts = f"{len(found.missing)} missing, {len(found.different)} different, {len(found.extra)} extra"
    yield f"{counts} ({'; migrations read on '.join(found.servers)})"
