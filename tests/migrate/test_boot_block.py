"""The block in the boot script: it stands where it must, in the script's style, and really runs."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.infra.database import Address, connected
from afterpush.infra.errors import AfterpushError
from afterpush.infra.settings import Migrate
from afterpush.migrate.block import with_steps, without_blocks
from afterpush.migrate.boot import read_boot
from afterpush.migrate.consolidating import Outcome, consolidate
from afterpush.migrate.differences import compare
from afterpush.migrate.repository import read_repository
from afterpush.migrate.snapshot import take
from afterpush.migrate.statements import split
from afterpush.migrate.steps import Step
from afterpush.migrate.target import diff
from tests.migrate.booting import DRIZZLE, MYSQL2, run_boot
from tests.migrate.repositories import BASE, BOOT, NEEDS, PLAN, STRAINS, calls, write
from tests.support.database_servers import fresh_database
from tests.support.node import run_node

STEP = Step(
    "table a", "table", "a", "SELECT 'done'\n AS state", "CREATE TABLE a (\n  b TEXT COMMENT '`${x}` \\\\'\n)"
)
LAST = Step("index a.i", "index", "a", "SELECT 'done' AS state", "ALTER TABLE a ADD INDEX i (b(3))")


def consolidated(root: Path, *, with_data: bool = False) -> Outcome:
    repository = read_repository(root, Migrate(base=["db/base.sql"]))
    return consolidate(repository, "typescript", with_data=with_data, prove=None)


def test_every_other_byte_stays_and_the_block_comes_out_whole() -> None:
    data = BOOT.replace("\n", "\r\n").encode() + b"// \xc3\xa9 end without a newline"
    after = with_steps(data, "boot.ts", [STEP], [LAST])
    assert without_blocks(after) == data
    assert after.count(b"\n") == after.count(b"\r\n")
    found = read_boot(after, "boot.ts")
    assert found.unreadable is None
    assert [step.name for step in found.steps] == ["table a", "index a.i"]
    names = [entry.name if isinstance(entry, Step) else entry.kind for entry in found.program]
    assert names == ["table a", "ALTER TABLE", "CREATE INDEX", "index a.i"]


def test_bytes_that_are_no_utf8_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, PLAN)
    before = BOOT.encode().replace(b"    return;", b"    return; // caf\xe9")
    (tmp_path / "server/autoMigrate.ts").write_bytes(before)
    outcome = consolidated(tmp_path)
    after = (tmp_path / "server/autoMigrate.ts").read_bytes()
    assert without_blocks(after) == before != after
    assert "// caf\ufffd" in diff(outcome.changes[0])


def test_the_block_follows_the_scripts_style() -> None:
    script = (
        "const { pool } = require('./db')\n\nmodule.exports = async function migrate() {\n"
        "\tawait pool.query('CREATE TABLE x (id INT)')\n}\n"
    )
    after = with_steps(script.encode(), "boot.js", [], [LAST]).decode()
    block = after[after.index("\t// <afterpush>") : after.index("</afterpush>")]
    assert "await pool.query(step.run)" in block and "name: 'index a.i'," in block
    assert ";\n" not in block and "  " not in block.replace("\t", "") and ": any" not in block


@pytest.mark.parametrize(
    ("script", "before", "after"),
    [
        (  # The handle is made inside try: the block must stand behind it.
            "export async function run() {\n  let c;\n  try {\n    c = await open();\n"
            "    await c.query(`DROP TABLE IF EXISTS x`);\n  } finally {\n    await c.end();\n  }\n}\n",
            "await c.query(`DROP TABLE IF EXISTS x`);",
            "} finally",
        ),
        (  # A helper makes the calls; the exported function is where the steps belong.
            "async function one(db, text) {\n  await db.execute(text);\n}\nexport async function run() {\n"
            "  const db = await open();\n  await db.execute('ALTER TABLE t ADD a INT');\n"
            "  await one(db, 'ALTER TABLE t ADD b INT');\n}\n",
            "'ALTER TABLE t ADD b INT');",
            "}",
        ),
        (  # A helper is called for each change, and the handle is the module's.
            "const db = await open();\nasync function add(name) {\n"
            "  await db.query(`ALTER TABLE t ADD ${name} INT`);\n}\n"
            "export async function run() {\n  await add('a');\n  await add('b');\n}\n",
            "await add('b');",
            "}",
        ),
        (  # The exported function only opens and closes: the steps belong where the handle lives.
            "async function all(c) {\n  await c.query('ALTER TABLE t ADD a INT');\n}\n"
            "export async function run() {\n  const c = await open();\n  try {\n    await all(c);\n"
            "  } finally {\n    await c.end();\n  }\n}\n",
            "'ALTER TABLE t ADD a INT');",
            "}\nexport",
        ),
        (  # A script without functions.
            "import { db } from './db';\nconst list = ['ALTER TABLE t ADD a INT'];\n"
            "for (const text of list) {\n  await db.query(text);\n}\nconsole.log('done');\n",
            "}",
            "console.log('done');",
        ),
        (  # Nothing may follow a return.
            "export const run = async (db) => {\n  return await db.query('ALTER TABLE t ADD a INT');\n};\n",
            "=> {",
            "return await",
        ),
    ],
)
def test_the_block_stands_where_the_handle_is_known(script: str, before: str, after: str) -> None:
    text = with_steps(script.encode(), "boot.ts", [], [LAST]).decode()
    begin, end = text.index("// <afterpush>"), text.index("// </afterpush>")
    assert text[:begin].rstrip().endswith(before)
    assert text[end + len("// </afterpush>") :].lstrip().startswith(after)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "export async function run() {}\n",
        "export const sql = 'CREATE TABLE a (id INT)';\n",
        "const x = {{{;\n",
    ],
)
def test_a_script_without_a_place_for_steps_is_refused_with_the_way_out(script: str) -> None:
    with pytest.raises(AfterpushError, match=r"--target=sql|no TypeScript"):
        with_steps(script.encode(), "boot.ts", [], [LAST])


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")), st.booleans())
def test_any_text_of_a_step_survives_the_script(text: str, is_tag: bool) -> None:
    step = Step(
        "table a", "table", "a", "SELECT 'done' AS state", f"CREATE TABLE a (b TEXT COMMENT 'x\n{text}')"
    )
    script = BOOT if is_tag else calls("DROP TABLE IF EXISTS x")
    found = read_boot(with_steps(script.encode(), "boot.ts", [step], []), "boot.ts").steps
    assert [one.sql.split() for one in found] == [step.sql.split()]


PROGRAMS = """
CREATE VIEW v AS SELECT id FROM client_needs WHERE status = 'ACTIVE';
DELIMITER //
CREATE TRIGGER tr BEFORE INSERT ON vendor_supply FOR EACH ROW
BEGIN
  IF NEW.price < 0 THEN SET NEW.price = 0; END IF;
END//
CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2//
DELIMITER ;
"""
MYSQL2_BOOT = """\
import { db } from "./db";
export async function runAutoMigrations() {
  const [rows] = await db.execute("SELECT 1");
  try {
    await db.execute("ALTER TABLE strains ADD COLUMN parentStrainId INT NULL");
  } catch (error) {
    console.log("already exists", rows);
  }
}
"""


@pytest.mark.parametrize(
    ("boot", "module", "sources"),
    [
        (BOOT, DRIZZLE, [NEEDS, STRAINS]),
        (MYSQL2_BOOT, MYSQL2, [NEEDS, STRAINS, PROGRAMS]),
        ("\n".join(calls("SELECT 1").splitlines()) + "\n", MYSQL2, [NEEDS, STRAINS]),
    ],
    ids=["drizzle", "mysql2 with programs", "mysql2"],
)
def test_node_brings_a_schema_up_with_the_block_and_leaves_a_full_one_alone(
    tmp_path: Path, proving: Address, boot: str, module: str, sources: list[str]
) -> None:
    files = {f"migrations/{number}.sql": text for number, text in enumerate(sources)}
    write(tmp_path, {"db/base.sql": BASE, "server/autoMigrate.ts": boot} | files)
    assert consolidated(tmp_path).added
    with fresh_database(proving) as old, fresh_database(proving) as new:
        with connected(old) as first, connected(new) as second:
            for statement in split(BASE + "\n".join(sources), "a.sql"):
                first.execute(statement.sql)
            for statement in split(BASE, "base.sql"):
                second.execute(statement.sql)
            before = take(first, old.database or "")
            run_boot(tmp_path, new, module)
            run_boot(tmp_path, old, module)
            once = take(second, new.database or "")
            run_boot(tmp_path, new, module)
            full = take(first, old.database or "")
            assert [(o.message, o.expected, o.found) for o in compare("B", before, once).definitions] == []
            assert [one.message for one in compare("C", before, full).definitions] == []
            assert take(second, new.database or "").hash == once.hash


def test_two_boots_at_once_end_well_and_rows_are_written_once(tmp_path: Path, database: Address) -> None:
    rows = "INSERT INTO clients (name) VALUES ('first; one');\n"
    write(tmp_path, PLAN | {"migrations/003_rows.sql": rows})
    outcome = consolidated(tmp_path, with_data=True)
    assert [step.name for step in outcome.added][-1] == "data migrations/003_rows.sql:1"
    with connected(database) as connection:
        for statement in split(BASE, "base.sql"):
            connection.execute(statement.sql)
        for _ in range(2):
            run_boot(tmp_path, database, DRIZZLE)
        assert connection.query("SELECT name FROM clients") == [{"name": "first; one"}]
        for table in ("match_records", "client_needs", "vendor_supply"):
            connection.execute(f"DROP TABLE {table}")
        script = (
            "import('./boot.mjs').then((m) => Promise.all([m.runAutoMigrations(), m.runAutoMigrations()]))"
        )
        done = run_node(
            f"{script}.then(() => process.exit(0), (e) => {{ console.error(e); process.exit(1); }})",
            tmp_path / "run",
        )
        assert done.returncode == 0, done.stderr
        found = {
            row["t"] for row in connection.query("SHOW TABLES") for row in [{"t": next(iter(row.values()))}]
        }
        assert {"match_records", "client_needs", "vendor_supply"} <= found


def test_what_is_there_with_another_definition_stops_the_boot(tmp_path: Path, database: Address) -> None:
    write(tmp_path, PLAN)
    consolidated(tmp_path)
    with connected(database) as connection:
        for statement in split(BASE, "base.sql"):
            connection.execute(statement.sql)
        connection.execute("CREATE TABLE vendor_supply (id VARCHAR(10))")
        with pytest.raises(AssertionError, match="table vendor_supply is there with another definition"):
            run_boot(tmp_path, database, DRIZZLE)
        assert connection.query("SHOW TABLES LIKE 'match_records'") == []
