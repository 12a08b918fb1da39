"""App repositories laid out like the plan's."""

from pathlib import Path

BASE = """\
CREATE TABLE clients (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL);
CREATE TABLE strains (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL);
"""
NEEDS = """\
-- Needs and matching; `;` in a comment
CREATE TABLE IF NOT EXISTS `client_needs` (
  `id` INT AUTO_INCREMENT PRIMARY KEY,
  `clientId` INT NOT NULL,
  `strain` VARCHAR(100) NULL COMMENT 'name; or pattern',
  `status` ENUM('ACTIVE','FULFILLED') NOT NULL DEFAULT 'ACTIVE',
  `createdAt` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  INDEX `idx_status` (`status`),
  CONSTRAINT `fk_need_client` FOREIGN KEY (`clientId`) REFERENCES `clients` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
CREATE TABLE IF NOT EXISTS `vendor_supply` (
  `id` INT AUTO_INCREMENT PRIMARY KEY,
  `price` DECIMAL(15,4),
  INDEX `idx_price` (`price`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
CREATE TABLE IF NOT EXISTS `match_records` (
  `id` INT AUTO_INCREMENT PRIMARY KEY,
  `needId` INT NOT NULL,
  `score` DECIMAL(5,2) NOT NULL DEFAULT 0,
  INDEX `idx_need` (`needId`),
  CONSTRAINT `fk_match_need` FOREIGN KEY (`needId`) REFERENCES `client_needs` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
"""
STRAINS = """\
ALTER TABLE strains ADD COLUMN parentStrainId INT NULL;
CREATE INDEX idx_strains_parent_id ON strains (parentStrainId);
"""
BOOT = """\
import { sql } from "drizzle-orm";
import { getDb } from "./db";

export async function runAutoMigrations() {
  const db = await getDb();
  if (!db) {
    console.warn("CREATE TABLE skipped");
    return;
  }

  try {
    await db.execute(sql`ALTER TABLE strains ADD COLUMN parentStrainId INT NULL`);
  } catch (error) {
    if (error instanceof Error ? error.message : String(error).includes("Duplicate column")) {
      console.log("already exists");
    }
  }
  try {
    await db.execute(sql`CREATE INDEX idx_strains_parent ON strains (parentStrainId)`);
  } catch (error) {
    console.log("index exists");
  }
}
"""
ENTRY = 'import { runAutoMigrations } from "./autoMigrate";\nawait runAutoMigrations();\n'
OLD_RUNNER = 'const sql = require("fs").readFileSync("migrations/001_needs.sql", "utf8"); // migrate\n'
START = """\
#!/bin/bash
set -e
node scripts/migrate.js || echo "migration failed"

exec node dist/index.js
"""
PACKAGE = '{"scripts": {"build": "esbuild server/index.ts --outdir=dist", "start": "node dist/index.js"}}\n'
PLAN = {
    "db/base.sql": BASE,
    "migrations/001_needs.sql": NEEDS,
    "migrations/002_strains.sql": STRAINS,
    "server/autoMigrate.ts": BOOT,
    "server/index.ts": ENTRY,
    "scripts/migrate.js": OLD_RUNNER,
    "scripts/start.sh": START,
    "package.json": PACKAGE,
    "config/afterpush.yaml": "migrate:\n  base: [db/base.sql]\n",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """Writes the files below `root` and returns it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


def calls(*statements: str) -> str:
    """A boot script that runs these statements."""
    escaped = [statement.replace("`", "\\`") for statement in statements]
    lines = "".join(f"  await db.execute(`{statement}`);\n" for statement in escaped)
    return f'import {{ db }} from "./db";\nexport async function runAutoMigrations() {{\n{lines}}}\n'
