"""Templates that a script fills in from its own literals: every text, at the place that makes it so."""

import pytest

from afterpush.migrate.boot_script.boot import read_boot

LISTS = """\
const COLUMNS: Column[] = [
  { table: "a", name: "x", "type": "INT" }, // the first
  { table: "b", name: "y", type: `CHAR(5)` },
] as const;
const PAIRS = [["a", "x"], ["b", "y"]];
"""


def found(script: str) -> list[tuple[int, str]]:
    statements = read_boot((LISTS + script).encode(), "boot.ts").program
    assert all(not one.marks for one in statements)
    return [(one.line - 5, one.sql) for one in statements]


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        (
            "for (const { table, name: n, type } of COLUMNS)"
            " await q(`ALTER TABLE ${table} ADD ${n} ${type}`);",
            [(1, "ALTER TABLE a ADD x INT"), (1, "ALTER TABLE b ADD y CHAR(5)")],
        ),
        (
            "for (const c of COLUMNS) await q(`ALTER TABLE ${c.table} DROP COLUMN ${c.name}`);",
            [(1, "ALTER TABLE a DROP COLUMN x"), (1, "ALTER TABLE b DROP COLUMN y")],
        ),
        (
            "PAIRS.forEach(async ([t, c]) => {"
            " await q('CREATE INDEX i_' + c + ' ON ' + t + ' (' + c + ')'); });",
            [(1, "CREATE INDEX i_x ON a (x)"), (1, "CREATE INDEX i_y ON b (y)")],
        ),
        (
            "for (const p of PAIRS) await q(`DROP INDEX i_${p[1]} ON ${p[0]}`);",
            [(1, "DROP INDEX i_x ON a"), (1, "DROP INDEX i_y ON b")],
        ),
        (
            "const add = (t: string, c = 'z') => q(`ALTER TABLE ${t} ADD ${c} INT`);\n"
            "export async function run() {\n  await add('a');\n  await add('b', 'y');\n}",
            [(3, "ALTER TABLE a ADD z INT"), (4, "ALTER TABLE b ADD y INT")],
        ),
        (
            "async function add({ table, name }) { await q(`ALTER TABLE ${table} ADD ${name} INT`); }\n"
            "for (const c of COLUMNS) await add(c);\nawait add({ table: 'c', name: 'z' });",
            [
                (2, "ALTER TABLE a ADD x INT"),
                (2, "ALTER TABLE b ADD y INT"),
                (3, "ALTER TABLE c ADD z INT"),
            ],
        ),
        (
            "class M { async add(t) { await q(`DROP TABLE ${t}`); }\n async run() { await this.add('a'); } }",
            [(2, "DROP TABLE a")],
        ),
        (
            "const T = 'o`dd';\nawait db.execute(sql`DROP TABLE ${sql.identifier(T)}`);",
            [(2, "DROP TABLE `o``dd`")],
        ),
    ],
)
def test_every_text_is_found_where_it_is_made(script: str, texts: list[tuple[int, str]]) -> None:
    assert found(script) == texts


@pytest.mark.parametrize(
    "script",
    [
        "await q(`DROP TABLE ${process.env.T}`);",
        "for (const t of tables()) await q(`DROP TABLE ${t}`);",
        "async function never(t) { await q(`DROP TABLE ${t}`); }",
        "async function f(t) { await q(`DROP TABLE ${t}`); }\nawait f('a');\nawait f(other);",
        "async function f(t) { await f(t); await q(`DROP TABLE ${t}`); }\nawait f('a');",
        "let t = 'a';\nt = other();\nawait q(`DROP TABLE ${t}`);",
        "for (const t of ['a']) await db.execute(sql`DROP TABLE ${t}`);",
    ],
)
def test_one_unknown_value_leaves_the_text_unknown(script: str) -> None:
    (statement,) = read_boot(script.encode(), "boot.ts").program
    assert statement.marks
