"""Boot scripts run by node, with the real drivers."""

import json
from pathlib import Path

from afterpush.infra.database import Address
from tests.migrate.repositories import write
from tests.support.node import run_node, to_javascript


def run_boot(root: Path, address: Address, database_module: str) -> None:
    """The boot script as node runs it, with `./db` made from this source."""
    password = address.password.reveal() if address.password else ""
    options = {
        "host": address.host, "port": address.port, "user": address.user, "password": password,
        "database": address.database, "ssl": {"rejectUnauthorized": False},
        # The server notes these with views and programs; PyMySQL has them so.
        "charset": "utf8mb4_general_ci",
        "flags": ["-IGNORE_SPACE"],
    }  # fmt: skip
    module = database_module.replace("OPTIONS", json.dumps(options))
    write(root, {"run/db.mjs": module, "run/package.json": "{}"})
    to_javascript(root, "server/autoMigrate.ts", "run/boot.mjs")
    text = (root / "run/boot.mjs").read_text().replace('"./db"', '"./db.mjs"')
    (root / "run/boot.mjs").write_text(text)
    done = run_node(
        'import("./boot.mjs").then((m) => m.runAutoMigrations()).then(() => process.exit(0), '
        "(e) => { console.error(e); process.exit(1); });",
        root / "run",
    )
    assert done.returncode == 0, done.stdout + done.stderr


DRIZZLE = """
import { drizzle } from "drizzle-orm/mysql2";
import mysql from "mysql2/promise";
export async function getDb() { return drizzle(mysql.createPool(OPTIONS)); }
"""
MYSQL2 = """
import mysql from "mysql2/promise";
export const db = await mysql.createConnection(OPTIONS);
"""
