"""Boot scripts with their steps, run by node with the real drivers: in the styles that teams write."""

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from afterpush.infra.database import Address, connected
from afterpush.migrate.diff.compare import difference, problems_of
from afterpush.migrate.diff.live import looking_at
from afterpush.migrate.replay.replay import replay
from afterpush.migrate.replay.server import server_at
from afterpush.migrate.statements.split import split
from tests.support.cli import afterpush
from tests.support.database_servers import Server, fresh_database
from tests.support.node import node_packages, run_node
from tests.support.repositories import Repository

SOURCE = """
CREATE TABLE needs (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE records (id INT PRIMARY KEY, need_id INT,
  CONSTRAINT fk_need FOREIGN KEY (need_id) REFERENCES needs (id) ON DELETE CASCADE);
CREATE TRIGGER trimmed BEFORE INSERT ON needs FOR EACH ROW BEGIN SET NEW.name = TRIM(NEW.name); END;
"""
LATER = "ALTER TABLE needs MODIFY name VARCHAR(60) COMMENT 'it''s `wider` ${now} \\\\';\n"
NOTE = "ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL"
MYSQL2 = """\
import mysql from "mysql2/promise";
export const open = () => mysql.createConnection(OPTIONS);
"""
DRIZZLE = """\
import { drizzle } from "drizzle-orm/mysql2";
import mysql from "mysql2/promise";
export async function open() { return drizzle(await mysql.createConnection(OPTIONS)); }
"""
BOOTS = {
    "closes": (
        MYSQL2,
        f"""\
import {{ open }} from "./db";
export async function runAutoMigrations() {{
  const connection = await open();
  try {{
    await connection.execute("{NOTE}");
  }} catch (error: any) {{
    if (error.code !== "ER_DUP_FIELDNAME") throw error;
  }} finally {{
    await connection.end();
  }}
}}
""",
    ),
    "drizzle": (
        DRIZZLE,
        f"""\
import {{ sql }} from "drizzle-orm";
import {{ open }} from "./db";

export async function runAutoMigrations() {{
  const db = await open();
  if (!db) return;
  try {{ await db.execute(sql`{NOTE}`); }} catch {{}}
}}
""",
    ),
    "helped": (
        MYSQL2,
        f"""\
import {{ open }} from "./db";
const NOTE = `{NOTE}`;
async function once(db: any, text: string) {{
  try {{ await db.query(text); }} catch {{}}
}}
export async function runAutoMigrations() {{
  const db = await open();
  await once(db, NOTE);
  await db.query("SELECT 1");
}}
""",
    ),
}


def database_module(text: str, address: Address) -> str:
    assert address.password is not None
    options = {
        "host": address.host, "port": address.port, "user": address.user,
        "password": address.password.reveal(), "database": address.database,
        "ssl": {"rejectUnauthorized": False}, "flags": ["-IGNORE_SPACE"],
    }  # fmt: skip
    return text.replace("OPTIONS", json.dumps(options))


def boot(root: Path, address: Address, module: str) -> None:
    """What the app does when it starts: the boot script and the steps in one bundle, run by node."""
    (root / "server/db.ts").write_text(database_module(module, address))
    (root / "run").mkdir(exist_ok=True)
    words: list[str | Path] = [
        node_packages() / ".bin/esbuild", "server/autoMigrate.ts", "--outfile=run/boot.mjs", "--bundle",
        "--format=esm", "--platform=node", "--packages=external",
    ]  # fmt: skip
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    script = 'import("./boot.mjs").then((m) => m.runAutoMigrations()).then(() => process.exit(0), (e) => { '
    ran = run_node(script + "console.error(e); process.exit(1); });", root / "run")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def problems(server: Server, address: Address, *texts: str) -> list[str]:
    """What the database has otherwise than the files say."""
    statements = [one for number, text in enumerate(texts) for one in split(text, f"{number:03}.sql")]
    history = replay(server_at(server.full), statements, random_hex=secrets.token_hex)
    with looking_at(address) as live:
        return problems_of(difference(history, live.state, []))


@pytest.mark.parametrize("style", BOOTS)
def test_the_boot_script_brings_every_database_to_the_files_state(
    repository: Repository, server: Server, style: str
) -> None:
    module, script = BOOTS[style]
    repository.write("migrations/001.sql", SOURCE)
    repository.write("server/autoMigrate.ts", script)
    with fresh_database(server.full) as empty, fresh_database(server.full) as full:
        with connected(full) as connection:
            for statement in split(SOURCE, "001.sql"):
                connection.execute(statement.sql)
            connection.execute("INSERT INTO needs (id, name) VALUES (7, 'kept')")
        repository.write("migrations/002.sql", LATER)
        words = ("migrate.consolidate", "--target=typescript", "--json", f"--server={server.flavour}")
        done = afterpush(*words, cwd=repository.path)
        assert (done.code, done.json()["proved"]) == (0, True), done.out + done.err
        for _ in range(2):
            for address in (empty, full):
                boot(repository.path, address, module)
                assert problems(server, address, SOURCE, LATER, NOTE) == []
        with connected(full) as connection:
            assert connection.query("SELECT id, name FROM needs") == [{"id": 7, "name": "kept"}]
