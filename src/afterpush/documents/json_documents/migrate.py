"""The documents of `migrate.lint`, `migrate.diff` and `migrate.baseline`."""

from typing import Annotated, TypedDict


class OnServer(TypedDict):
    algorithm: Annotated[str | None, "the mildest algorithm that it takes; null where it takes none"]
    lock: Annotated[str | None, "the mildest lock; null where it refuses the statement"]
    rebuild: Annotated[bool | None, "whether the table is rebuilt; null where that cannot be seen"]
    rejected: Annotated[str, "its words where it refuses the statement; empty otherwise"]


class Statement(TypedDict):
    file: str
    line: int
    table: Annotated[str, "the table or program that it changes"]
    sql: Annotated[str, "the statement"]
    algorithm: Annotated[
        str | None, "INSTANT, NOCOPY, INPLACE or COPY; `unknown` without a server; null: not measured"
    ]
    lock: Annotated[str | None, "NONE, SHARED or EXCLUSIVE; else as algorithm"]
    rebuild: Annotated[bool | None, "whether the whole table is written again; null where that is not known"]
    loses: Annotated[list[str], "rows and values that are gone afterwards, or cut"]
    breaks: Annotated[list[str], "what code that still runs does and is then refused"]
    rewrite: Annotated[str | None, "a milder way to the same schema; null where none is known"]
    reason: Annotated[str, "why the server does not do it in a milder way, or refuses it, in its words"]
    on_rows: Annotated[str, "what the server says where the table has rows that stand in the way"]
    queries: Annotated[list[str], "queries that find such rows"]
    rows: Annotated[int | None, "rows of the app's table, estimated; null without --tables-from"]
    bytes: Annotated[int | None, "bytes of the app's table with its indexes; null without --tables-from"]
    servers: Annotated[dict[str, OnServer], "what each server does, by its name and version"]


class Finding(TypedDict):
    file: str
    line: int
    rule: Annotated[str, "the rule's name"]
    message: Annotated[str, "what is wrong, and what to write"]


class Lint(TypedDict):
    servers: Annotated[list[str], "the servers that were asked; empty without any"]
    statements: list[Statement]
    findings: Annotated[list[Finding], "rules that need no server"]


class Missing(TypedDict):
    object: Annotated[str, "the part, such as `column orders.note`"]
    expected: Annotated[str, "its definition"]
    file: Annotated[str, "the file that should have made it"]
    line: int


class Different(TypedDict):
    object: Annotated[str, "the part"]
    expected: Annotated[str, "its definition after the last migration"]
    found: Annotated[str, "its definition in the app's schema"]
    file: Annotated[str, "the file that made it last"]
    line: int
    earlier: Annotated[str, "which earlier statement made what was found; empty where none did"]


class Extra(TypedDict):
    object: Annotated[str, "the part"]
    found: Annotated[str, "its definition in the app's schema"]


class Diff(TypedDict):
    missing: Annotated[list[Missing], "what the migrations make and the app's schema has not"]
    different: list[Different]
    extra: Annotated[list[Extra], "what only the app's schema has"]
    servers: Annotated[list[str], "the app's server, and the one that read the migrations"]


class Baseline(TypedDict):
    file: Annotated[str, "the file's path in the repository"]
    statements: Annotated[int, "statements in it"]
    written: Annotated[bool, "false for a dry run"]
    problems: Annotated[list[str], "where a replay of it is not the app's schema"]
    doubtful: Annotated[list[str], "parts with a ? that may have been a character of four bytes"]
    text: Annotated[str, "the file's text for a dry run; empty otherwise"]


DOCUMENTS: dict[str, object] = {
    "migrate.lint": Lint,
    "migrate.diff": Diff,
    "migrate.baseline": Baseline,
}
