"""The call of the steps in a boot script: in its own form, at its place, and every other byte stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.boot import read_boot
from afterpush.migrate.boot_script.call import MARK, has_call, is_esm, with_block, with_call, without_call

DRIZZLE = """\
import { drizzle } from "drizzle-orm/mysql2";
import { sql } from "drizzle-orm";
import { getDb } from "./db.js";

export async function runAutoMigrations() {
  const db = await getDb();
  await db.execute(sql`CREATE TABLE x (id INT)`);
}
"""
COMMONJS = """\
'use strict'
const { pool } = require('./db')

module.exports = async function migrate() {
\tawait pool.query('CREATE TABLE x (id INT)')
}
"""
PRISMA = """\
import { PrismaClient } from "@prisma/client";
const prisma = new PrismaClient();
export async function run() {
  await prisma.$executeRaw`CREATE TABLE x (id INT)`;
}
"""
TOP_LEVEL = """\
#!/usr/bin/env node
// Brings the schema up.
import mysql from "mysql2/promise";
const c = await mysql.createConnection({});
await c.execute("CREATE TABLE x (id INT)");
await c.end();
"""
NO_IMPORT = """\
export async function boot(db: any) {
  await db.query("CREATE TABLE x (id INT)");
}
"""
BOUND_LATE = """\
import { open } from "./db";
export async function run() {
  let c;
  try {
    c = await open();
    await c.query(`DROP TABLE IF EXISTS x`);
  } finally {
    await c.end();
  }
}
"""


@pytest.mark.parametrize(
    ("script", "file", "imported", "call"),
    [
        (
            DRIZZLE,
            "boot.ts",
            'import { migrate as afterpush } from "./boot.steps.js";',
            "  await afterpush((text: string) => db.execute(sql.raw(text)));",
        ),
        (
            COMMONJS,
            "boot.js",
            "const { migrate: afterpush } = require('./boot.steps')",
            "\tawait afterpush((text) => pool.query(text))",
        ),
        (
            PRISMA,
            "boot.ts",
            'import { migrate as afterpush } from "./boot.steps";',
            "  await afterpush((text: string) => prisma.$queryRawUnsafe(text));",
        ),
        (
            TOP_LEVEL,
            "boot.mjs",
            'import { migrate as afterpush } from "./boot.steps.mjs";',
            "await afterpush((text) => c.query(text));",
        ),
        (
            NO_IMPORT,
            "boot.ts",
            'import { migrate as afterpush } from "./boot.steps";',
            "  await afterpush((text: string) => db.query(text));",
        ),
        (
            BOUND_LATE,
            "boot.ts",
            'import { migrate as afterpush } from "./boot.steps";',
            "    await afterpush((text: string) => c.query(text));",
        ),
    ],
    ids=["drizzle", "commonjs", "prisma", "top level", "no import", "bound late"],
)
def test_one_import_and_one_call_in_the_scripts_own_form(
    script: str, file: str, imported: str, call: str
) -> None:
    module = "server/" + file.replace(".", ".steps.")
    after = with_call(script.encode(), file, module)
    lines = after.decode().splitlines()
    own = [line.removesuffix(f" {MARK}") for line in lines if MARK in line]
    assert own == [imported, call]
    # Before the script's own statements, behind what they need.
    place = next(number for number, line in enumerate(lines) if line.startswith(call))
    assert "TABLE" in lines[place + 1]
    assert has_call(after) and not has_call(script.encode())
    assert without_call(after) == script.encode()
    assert with_call(after, file, module) == after
    assert read_boot(after, file).unreadable is None
    assert [each.sql for each in read_boot(after, file).program] == [
        each.sql for each in read_boot(script.encode(), file).program
    ]


def test_line_ends_and_foreign_bytes_stay() -> None:
    data = DRIZZLE.replace("\n", "\r\n").encode() + b"// caf\xe9, without a newline"
    after = with_call(data, "boot.ts", "boot.steps.ts")
    assert after.count(b"\n") == after.count(b"\r\n") == data.count(b"\n") + 2
    assert without_call(after) == data


def test_a_script_that_can_import_nothing_takes_the_steps_in_a_block() -> None:
    script = 'async function boot(db) {\n  await db.query("DROP TABLE IF EXISTS x");\n}\n'
    assert is_esm(script.encode(), "boot.ts") is None
    module = "const steps = [\n{},\n];\nasync function migrate(run) {}\nexport { migrate };\n"
    after = with_block(script.encode(), "boot.ts", module)
    text = after.decode()
    assert "export" not in text and text.index("await migrate(") < text.index("DROP TABLE")
    assert without_call(after) == script.encode()
    assert [each.kind for each in read_boot(after, "boot.ts").program] == ["DROP TABLE"]


def test_blocks_of_earlier_versions_go() -> None:
    old = DRIZZLE.replace("  await db", "  // <afterpush> Written\n  {\n  }\n  // </afterpush>\n  await db")
    assert without_call(old.encode()) == DRIZZLE.encode()
    assert b"<afterpush>" not in with_call(old.encode(), "boot.ts", "boot.steps.ts")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("const c = require('./db');\nc.query('DROP TABLE x', (error) => {\n  c.end();\n});\n", "callbacks"),
        ("const c = require('./db');\nc.query('DROP TABLE x');\n", "top of a CommonJS file"),
        ("export function run(db) {\n  db.query('DROP TABLE x');\n}\n", "line 1 is not async"),
        ("export async function run(db) { await db.query('DROP TABLE x'); }\n", "line of its own"),
        ("export const answer = 42;\n", "never reaches a database"),
        ("export async function run(db) {\n  await db.query('DROP TABLE x'\n", "no TypeScript"),
    ],
)
def test_where_nothing_can_be_awaited_the_script_is_refused(script: str, said: str) -> None:
    with pytest.raises(AfterpushError, match=said):
        with_call(script.encode(), "boot.ts", "boot.steps.ts")


@given(st.sampled_from([DRIZZLE, COMMONJS, TOP_LEVEL, BOUND_LATE]), st.text("\n\t /*x;ü", max_size=12))
def test_taking_the_call_out_is_the_inverse_of_putting_it_in(script: str, tail: str) -> None:
    data = (script + tail).encode()
    try:
        after = with_call(data, "boot.ts", "boot.steps.ts")
    except AfterpushError:
        return  # The tail made it no TypeScript.
    assert without_call(after) == data
