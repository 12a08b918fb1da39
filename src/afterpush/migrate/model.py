"""The schema that statements describe: tables with their parts, views, triggers and routines.

Two things with equal `facts()` are the same thing for the database, whatever they are called and however
they were written. Names keep the case that they were written in; they are looked up without case.
"""

from dataclasses import dataclass, field, replace

from afterpush.migrate.types import TEXTS, base_of, canonical_default


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is the canonical spelling, `written_type` the source's.

    `default` is as written, None for none. `generated` is the expression of a generated column, `stored`
    its kind. `check` and keys that stand at the column are parts of the table. `earlier` are the
    definitions that the sources gave it before, `added` says that it was added to a table that stood.
    """

    name: str
    place: Place
    type: str
    written_type: str
    nullable: bool = True
    default: str | None = None
    on_update: str | None = None
    auto_increment: bool = False
    charset: str = ""
    collation: str = ""
    comment: str = ""
    generated: str = ""
    stored: bool = False
    invisible: bool = False
    extra: str = ""
    added: bool = False
    earlier: tuple["Column", ...] = ()

    def facts(self) -> tuple[object, ...]:
        return (
            self.type,
            self.nullable,
            canonical_default(self.default, self.type),
            canonical_default(self.on_update, "datetime"),
            self.auto_increment,
            self.charset,
            self.collation,
            self.comment,
            " ".join(self.generated.lower().split()),
            self.stored,
            self.invisible,
            self.extra.lower(),
        )

    @property
    def is_text(self) -> bool:
        """Whether it has a character set."""
        return base_of(self.type) in TEXTS


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an index: a column, or an expression in parentheses; `length` is of a prefix."""

    column: str
    length: int | None = None
    descending: bool = False
    expression: bool = False

    def facts(self) -> tuple[object, ...]:
        return (self.column.lower(), self.length, self.descending)


@dataclass(frozen=True, slots=True)
class Index:
    """An index or key; `family` is btree, fulltext or spatial. The primary key's name is PRIMARY."""

    name: str
    place: Place
    parts: tuple[Part, ...]
    unique: bool = False
    family: str = "btree"
    comment: str = ""
    parser: str = ""
    invisible: bool = False
    added: bool = False

    def facts(self) -> tuple[object, ...]:
        return (
            tuple(part.facts() for part in self.parts),
            self.unique,
            self.family,
            self.parser.lower(),
            self.invisible,
        )


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `name` is empty when none was given.

    RESTRICT and NO ACTION are one rule (InnoDB), and what both servers take where none is written.
    """

    name: str
    place: Place
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str = "RESTRICT"
    on_update: str = "RESTRICT"

    def facts(self) -> tuple[object, ...]:
        lowered = tuple(column.lower() for column in self.columns)
        target = tuple(column.lower() for column in self.target_columns)
        rules = (rule.replace("NO ACTION", "RESTRICT") for rule in (self.on_delete, self.on_update))
        return (lowered, self.target.lower(), target, *rules)


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint; `name` is empty when none was given, `column` says at which column it stands."""

    name: str
    place: Place
    expression: str
    enforced: bool = True
    column: str = ""
    added: bool = False

    def facts(self) -> tuple[object, ...]:
        return (bare(self.expression), self.enforced)


def bare(expression: str) -> str:
    """An expression without what servers add to it or leave out: quotes of names, space, parentheses."""
    return "".join(character for character in expression.lower() if character not in "`()" + " \t\r\n")


@dataclass
class Table:
    """A table; `created` is false when only changes to it were read.

    The parts are found by the lower case of their names; `options` hold engine, charset, collate, comment,
    row_format and what else was given, by lower-case name. `partition` is the text from PARTITION on.
    """

    name: str
    place: Place
    created: bool = True
    columns: dict[str, Column] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    partition: str = ""

    def copy(self, name: str, place: Place, *, with_foreign_keys: bool = False) -> "Table":
        """What CREATE TABLE ... LIKE makes: everything but the foreign keys."""
        return Table(
            name,
            place,
            True,
            dict(self.columns),
            dict(self.indexes),
            list(self.foreign_keys) if with_foreign_keys else [],
            list(self.checks),
            dict(self.options),
            self.partition,
        )

    def column_facts(self, column: Column) -> tuple[object, ...]:
        """The facts of a column with what it has from the table's defaults."""
        return self.effective(column).facts()

    def effective(self, column: Column) -> Column:
        """The column with the character set and collation that it has in this table, where known."""
        key = self.indexes.get("primary")
        in_key = key is not None and any(p.column.lower() == column.name.lower() for p in key.parts)
        if in_key and column.nullable:
            column = replace(column, nullable=False)
        if not column.is_text:
            return replace(column, charset="", collation="")
        if column.charset or column.collation:
            charset = column.charset or column.collation.split("_")[0]
            return replace(column, charset=charset)
        charset = self.options.get("charset", "")
        collation = self.options.get("collate", "")
        return replace(column, charset=charset or collation.split("_")[0], collation=collation)

    def facts(self) -> tuple[object, ...]:
        """The definition as a whole: what CREATE TABLE IF NOT EXISTS could hide a difference of."""
        return (
            {name: self.column_facts(column) for name, column in self.columns.items()},
            sorted(repr(index.facts()) for index in self.indexes.values()),
            sorted(repr(key.facts()) for key in self.foreign_keys),
            sorted(repr(check.facts()) for check in self.checks),
            self.option_facts(),
            " ".join(self.partition.lower().split()),
        )

    def option_facts(self) -> dict[str, str]:
        """Options that are part of the definition: not the counter, and InnoDB is what nobody need say."""
        kept = {key: value.lower() for key, value in self.options.items() if key != "auto_increment"}
        kept["comment"] = self.options.get("comment", "")
        kept.setdefault("engine", "innodb")
        return kept


@dataclass(frozen=True, slots=True)
class Program:
    """A view, trigger, procedure, function or event: what is kept as text.

    `table` is the trigger's; `body` is what `facts` compare: the tokens without case and quotes of names,
    without DEFINER. `reads` are the tables and views that it names (lower case), `columns` what a view
    shows, as far as that is known.
    """

    kind: str
    name: str
    place: Place
    sql: str
    body: str
    table: str = ""
    reads: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ()
    timing: str = ""
    event: str = ""
    text: str = ""

    def facts(self) -> tuple[object, ...]:
        return (self.kind, self.body)


@dataclass
class Schema:
    """Everything that statements made, by lower-case name; programs by (kind, name)."""

    tables: dict[str, Table] = field(default_factory=dict)
    programs: dict[tuple[str, str], Program] = field(default_factory=dict)

    def table(self, name: str) -> Table | None:
        return self.tables.get(name.lower())
