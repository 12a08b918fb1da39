"""Which SQL a boot script runs where names hide one another: a parameter hides what is outside of it."""

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.boot import read_boot

OUTER = 'const name = "orders";\n'
CASES = {
    "a parameter": (
        OUTER + "async function make(db, name) { await db.query(`CREATE TABLE ${name} (id INT)`); }\n"
        'export async function run(db) { await make(db, "invoices"); }\n',
        ["CREATE TABLE invoices (id INT)"],
    ),
    "a parameter that nobody gives": (
        OUTER + "export async function make(db, name) { await db.query(`CREATE TABLE ${name} (id INT)`); }\n",
        ["CREATE TABLE ${name} (id INT)"],
    ),
    "a part of a parameter": (
        OUTER + "async function make(db, { name }) { await db.query(`CREATE TABLE ${name} (id INT)`); }\n"
        'export async function run(db) { await make(db, { name: "invoices" }); }\n',
        ["CREATE TABLE invoices (id INT)"],
    ),
    "a default value": (
        OUTER + 'export const make = (name = "x") => async (db) => {\n'
        "  await db.query(`CREATE TABLE ${name} (id INT)`);\n};\n",
        ["CREATE TABLE ${name} (id INT)"],
    ),
    "a loop's variable": (
        OUTER + "export async function run(db, list) {\n"
        "  for (const name of list) await db.query(`CREATE TABLE ${name} (id INT)`);\n}\n",
        ["CREATE TABLE ${name} (id INT)"],
    ),
    "what was caught": (
        OUTER + "export async function run(db) {\n  try { await db.query(`DROP TABLE ${name}`); }\n"
        "  catch (name) { await db.query(`DROP VIEW ${name}`); }\n}\n",
        ["DROP TABLE orders", "DROP VIEW ${name}"],
    ),
    "an import": (
        'import { name } from "./names";\n{ const name = "inner"; }\n'
        "export async function run(db) { await db.query(`DROP TABLE ${name}`); }\n",
        ["DROP TABLE ${name}"],
    ),
    "an import under another name": (
        'import { other as name } from "./names";\n'
        "export async function run(db) { await db.query(`DROP TABLE ${name}`); }\n",
        ["DROP TABLE ${name}"],
    ),
    "a block's own": (
        OUTER + "export async function run(db) {\n"
        '  { const name = "inner"; await db.query(`DROP TABLE ${name}`); }\n'
        "  await db.query(`DROP VIEW ${name}`);\n}\n",
        ["DROP TABLE inner", "DROP VIEW orders"],
    ),
    "two functions with one name each": (
        'export async function a(db) { const q = "DROP TABLE a"; await db.query(q); }\n'
        'export async function b(db) { const q = "DROP TABLE b"; await db.query(q); }\n',
        ["DROP TABLE a", "DROP TABLE b"],
    ),
    "a variable that may change": (
        'let name = "orders";\nexport async function run(db) { await db.query(`DROP TABLE ${name}`); }\n',
        ["DROP TABLE ${name}"],
    ),
    "a part of a list": (
        'const [name, other] = ["a", "b"];\n'
        "export async function run(db) { await db.query(`DROP TABLE ${name}`); }\n",
        ["DROP TABLE ${name}"],
    ),
    "a list as a parameter": (
        'const LIST = ["a"];\nexport async function run(db, LIST) {\n'
        "  for (const x of LIST) await db.query(`DROP TABLE ${x}`);\n}\n",
        ["DROP TABLE ${x}"],
    ),
    "a list of the module": (
        'const LIST = ["a", "b"];\nexport async function run(db) {\n'
        "  for (const x of LIST) await db.query(`DROP TABLE ${x}`);\n}\n",
        ["DROP TABLE a", "DROP TABLE b"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_nearest_declaration_decides(case: str) -> None:
    script, expected = CASES[case]
    assert [statement.sql for statement in read_boot(script.encode(), "boot.ts").program] == expected


def test_what_is_nested_too_deeply_is_one_clear_error() -> None:
    text = 'export async function run(db) { await db.query(%s"SELECT 1"%s); }\n'
    with pytest.raises(AfterpushError, match="nested too deeply"):
        read_boot((text % ("(" * 2500, ")" * 2500)).encode(), "boot.ts")
