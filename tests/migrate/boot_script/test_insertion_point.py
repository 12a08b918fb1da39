# ruff: noqa: E501 (lines of scripts)
"""Where the call of the steps goes in scripts as teams write them: at `//>` below, in the form behind it."""

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.boot import read_boot
from afterpush.migrate.boot_script.call import MARK, with_call

SPOTS = {
    "a server with routes": """\
const app = require('express')();
const pool = require('mysql2/promise').createPool({});
const known = async (request, response, next) => {
  const [rows] = await pool.query('SELECT 1 FROM sessions WHERE token = ?', [request.token]);
  next();
};
async function prepare() {
  const connection = await pool.getConnection();
//>  await afterpush((text) => connection.query(text));
  try {
    await connection.execute('CREATE TABLE IF NOT EXISTS sessions (token CHAR(9) PRIMARY KEY)');
  } finally {
    connection.release();
  }
}
app.get('/sessions', known, async (request, response) => {
  await pool.query('CREATE TABLE IF NOT EXISTS never (id INT)');
});
app.listen(80, async () => {
  await prepare();
});
""",
    "a helper that answers, in front": """\
import { pool } from "./db";
export async function hasColumn(name: string) {
  return (await pool.query("SHOW COLUMNS FROM t LIKE ?", [name])).length > 0;
}
export async function prepare() {
//>  await afterpush((text: string) => pool.query(text));
  if (!(await hasColumn("a"))) await pool.query("ALTER TABLE t ADD COLUMN a INT");
}
""",
    "a handle by another name in the caller": """\
import { createPool, Pool } from "mysql2/promise";
async function add(db: Pool, name: string) {
  await db.query(`ALTER TABLE t ADD COLUMN ${name} INT`).catch(() => {});
}
export async function prepare() {
  const pool = createPool({});
//>  await afterpush((text: string) => pool.query(text));
  await add(pool, "a");
  await add(pool, "b");
}
""",
    "a list of functions": """\
import { pool } from "./db";
const all = [
  { name: "first", up: async (db) => { await db.query("CREATE TABLE t (id INT)"); } },
  { name: "second", async up(db) {
    await db.query("ALTER TABLE t ADD COLUMN a INT");
  } },
];
export async function prepare() {
//>  await afterpush((text: string) => pool.query(text));
  for (const one of all) {
    await one.up(pool);
  }
}
""",
    "behind USE": """\
import mysql from "mysql2/promise";
async function prepare() {
  const first = await mysql.createConnection({});
  await first.query("CREATE DATABASE IF NOT EXISTS shop");
  const db = await mysql.createConnection({});
  await db.query("USE shop");
//>  await afterpush((text: string) => db.query(text));
  await db.query("CREATE TABLE t (id INT)");
  await db.query("CREATE TABLE u (id INT)");
}
prepare();
""",
    "in what is tried again": """\
import { pool, again } from "./db";
export async function prepare() {
  await again(async () => {
//>    await afterpush((text: string) => pool.query(text));
    await pool.query("CREATE TABLE t (id INT)");
  });
}
""",
    "before a loop over a list": """\
import { pool } from "./db";
export async function prepare() {
//>  await afterpush((text: string) => pool.query(text));
  await Promise.all(["a", "b"].map(async (name) => {
    await pool.query(`CREATE TABLE ${name} (id INT)`);
  }));
}
""",
    "only where the switch is on": """\
import { pool } from "./db";
async function prepare() {
//>  await afterpush((text: string) => pool.query(text));
  await pool.query("CREATE TABLE t (id INT)");
}
export async function start() {
  if (process.env.MIGRATE) await prepare();
}
""",
    "of a service": """\
import { Injectable, Logger } from "@nestjs/common";
@Injectable()
export class Prepare {
  private readonly logger = new Logger("prepare");
  constructor(private readonly source: DataSource) {}
  async onModuleInit() {
    this.logger.log("CREATE TABLE t, if it is not there");
//>    await afterpush((text: string) => this.source.query(text));
    await this.source.query("CREATE TABLE IF NOT EXISTS t (id INT)");
  }
}
""",
    "a function that runs SQL": """\
import { query } from "./db";
export async function prepare() {
//>  await afterpush((text: string) => query(text));
  await query("CREATE TABLE t (id INT)");
}
""",
    "kysely": """\
import { sql } from "kysely";
export async function up(db: Kysely<any>) {
//>  await afterpush((text: string) => sql.raw(text).execute(db));
  await sql`CREATE TABLE t (id INT)`.execute(db);
}
""",
    "a handle that may be missing": """\
import { db } from "./db";
export async function prepare() {
//>  if (db) await afterpush((text: string) => db.query(text));
  await db?.execute("CREATE TABLE t (id INT)");
}
""",
    "a handle that is waited for": """\
import { open } from "./db";
export async function prepare() {
//>  await afterpush(async (text: string) => (await open()).query(text));
  await (await open()).execute("CREATE TABLE t (id INT)");
}
""",
    "text that another function makes": """\
import { pool, textOf } from "./db";
export async function prepare() {
//>  await afterpush((text: string) => pool.query(text));
  await pool.query(textOf("schema"));
}
""",
    "the first line of a module": """\
import { pool } from "./db";
//>await afterpush((text: string) => pool.query(text));
await pool.query("CREATE TABLE t (id INT)");
""",
}


@pytest.mark.parametrize("script", SPOTS.values(), ids=SPOTS.keys())
def test_the_call_is_where_the_database_is_reached_first_when_the_app_starts(script: str) -> None:
    lines = script.splitlines(keepends=True)
    own = next(line for line in lines if line.startswith("//>"))
    given = script.replace(own, "")
    file = "boot.js" if "require(" in given else "boot.ts"
    after = with_call(given.encode(), file, file.replace(".", ".steps.")).decode()
    called = own.removeprefix("//>").rstrip()
    assert f"{called} {MARK}\n{lines[lines.index(own) + 1]}" in after
    assert after.index("migrate as afterpush" if file == "boot.ts" else "migrate: afterpush") < after.index(
        called
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "import { open } from './db';\n"
            "async function run(sql) {\n  const db = await open();\n  await db.query(sql);\n}\n"
            "export async function prepare() {\n  await run('DROP TABLE t');\n  await run('DROP TABLE u');\n}\n",
            "boot.ts:2: db is made in a function that runs more than once",
        ),
        (
            "export const all = {\n  a: async (db) => {\n    await db.query('DROP TABLE t');\n  },\n"
            "  b: async (db) => {\n    await db.query('DROP TABLE u');\n  },\n};\n",
            "boot.ts:2: the database is reached in functions of a list",
        ),
        (
            "import { app, pool } from './app';\n"
            "app.get('/', async () => {\n  await pool.query('CREATE TABLE t (id INT)');\n});\n",
            "never reaches a database that steps could use when the app starts",
        ),
    ],
)
def test_where_steps_would_not_run_once_the_script_is_refused(script: str, said: str) -> None:
    with pytest.raises(AfterpushError, match=said):
        with_call(script.encode(), "boot.ts", "boot.steps.ts")


@pytest.mark.parametrize(
    ("file", "script", "needs_endings", "specifier"),
    [
        ("boot.ts", "", False, "./boot.steps"),
        ("boot.ts", "", True, "./boot.steps.js"),
        ("boot.ts", 'import { a } from "./a.ts";\n', True, "./boot.steps.ts"),
        ("boot.mts", "", False, "./boot.steps.mjs"),
        ("boot.cts", "", False, "./boot.steps.cjs"),
        ("boot.js", "", True, "./boot.steps.js"),
    ],
)
def test_the_module_is_named_as_node_finds_it(
    file: str, script: str, needs_endings: bool, specifier: str
) -> None:
    text = script + "export async function run(db) {\n  await db.query('DROP TABLE t');\n}\n"
    module = file.replace(".", ".steps.")
    after = with_call(text.encode(), file, module, needs_endings=needs_endings).decode()
    assert f'from "{specifier}"' in after or f"from '{specifier}'" in after


def test_what_answers_requests_is_nothing_that_the_app_does_when_it_starts() -> None:
    given = SPOTS["a server with routes"]
    assert [one.sql[:35] for one in read_boot(given.encode(), "boot.js").program] == [
        "CREATE TABLE IF NOT EXISTS sessions"
    ]
