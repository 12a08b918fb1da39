"""The lint's answer: as a document, and for people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from afterpush.migrate.lint.sizes import Size
from afterpush.migrate.lint.text_rules import Finding


@dataclass(frozen=True)
class Flavoured:
    """What one server does; all None where it refuses the statement, with its words."""

    algorithm: Annotated[str | None, "the mildest algorithm that it takes; null where it takes none"]
    lock: Annotated[str | None, "the mildest lock; null where it refuses the statement"]
    rebuild: Annotated[bool | None, "whether the table is rebuilt; null where that cannot be seen"]
    rejected: Annotated[str, "its words where it refuses the statement; empty otherwise"]


@dataclass(frozen=True)
class Entry:
    """A statement that changes a table, or takes something from code that still runs.

    `reason` is why the server does not do it in a milder way; `on_rows` what it says to a table whose rows
    stand in the way, which `queries` find. `rows` and `bytes` are those of the app's table, where known.
    """

    file: str
    line: int
    table: Annotated[str, "the table or program that it changes"]
    sql: Annotated[str, "the statement"]
    algorithm: Annotated[
        str | None, "INSTANT, NOCOPY, INPLACE or COPY; `unknown` without a server; null: not measured"
    ] = None
    lock: Annotated[str | None, "NONE, SHARED or EXCLUSIVE; else as algorithm"] = None
    rebuild: Annotated[
        bool | None, "whether the whole table is written again; null where that is not known"
    ] = None
    loses: Annotated[list[str], "rows and values that are gone afterwards, or cut"] = field(
        default_factory=list
    )
    breaks: Annotated[list[str], "what code that still runs does and is then refused"] = field(
        default_factory=list
    )
    rewrite: Annotated[str | None, "a milder way to the same schema; null where none is known"] = None
    reason: Annotated[str, "why the server does not do it in a milder way, or refuses it, in its words"] = ""
    on_rows: Annotated[str, "what the server says where the table has rows that stand in the way"] = ""
    queries: Annotated[list[str], "queries that find such rows"] = field(default_factory=list)
    rows: Annotated[int | None, "rows of the app's table, estimated; null without --tables-from"] = None
    bytes: Annotated[int | None, "bytes of the app's table with its indexes; null without --tables-from"] = (
        None
    )
    servers: Annotated[dict[str, Flavoured], "what each server does, by its name and version"] = field(
        default_factory=dict
    )

    @property
    def is_mild(self) -> bool:
        """Whether a table in use goes on being read and written, and nothing is lost."""
        return not self.loses and self.lock in (None, "NONE") and self.algorithm != "COPY"


@dataclass(frozen=True)
class Lint:
    """`servers` are those that were asked, `findings` the rules that need none."""

    servers: Annotated[list[str], "the servers that were asked; empty without any"]
    statements: list[Entry]
    findings: Annotated[list[Finding], "rules that need no server"]

    def is_good(self, *, strict: bool) -> bool:
        """Only with `strict` a statement that is not mild, or a finding, makes the answer a bad one."""
        refused = any(entry.reason and entry.algorithm is None for entry in self.statements)
        mild = all(entry.is_mild for entry in self.statements) and not self.findings
        return not refused and (mild or not strict)


def rendered(lint: Lint) -> str:
    """For people."""
    return "\n".join(_lines(lint))


def _lines(lint: Lint) -> Iterator[str]:
    if not lint.servers:
        yield "no server was asked: what the statements do is unknown (see migrate.server)"
    for entry in lint.statements:
        yield f"{entry.file}:{entry.line}: {entry.table}: {_what(entry)}"
        yield from (f"    {line}" for line in _details(entry))
    for finding in lint.findings:
        yield f"{finding.file}:{finding.line}: {finding.rule}: {finding.message}"
    asked = f", asked on {' and '.join(lint.servers)}" if lint.servers else ""
    mild = sum(entry.is_mild for entry in lint.statements)
    counts = f"{len(lint.statements)} statements that change tables{asked}: {mild} mild"
    yield f"{counts}; {len(lint.findings)} findings"


def _what(entry: Entry) -> str:
    if entry.algorithm is None:
        return f"refused: {entry.reason}" if entry.reason else "what code and rows notice"
    size = f" {Size(entry.rows or 0, entry.bytes)}" if entry.bytes is not None else ""
    rebuilt = {True: f", rebuilds{size or ' the table'}", False: "", None: ""}[entry.rebuild]
    return f"{entry.algorithm}, LOCK={entry.lock}{rebuilt}"


def _details(entry: Entry) -> Iterator[str]:
    others = list(entry.servers.items())[1:]
    for title, other in others:
        if (other.algorithm, other.lock, other.rebuild) != (entry.algorithm, entry.lock, entry.rebuild):
            way = f"{other.algorithm}, LOCK={other.lock}" if other.algorithm else f"refused: {other.rejected}"
            yield f"on {title}: {way}{', rebuilds' if other.rebuild else ''}"
    if entry.algorithm and entry.reason:
        yield f"because: {entry.reason}"
    yield from (f"loses: {each}" for each in entry.loses)
    yield from (f"breaks: {each}" for each in entry.breaks)
    if entry.on_rows:
        yield f"on rows: {entry.on_rows}"
    yield from (f"find the rows: {each}" for each in entry.queries)
    if entry.rewrite:
        yield f"safer: {entry.rewrite}"
