"""How fast `migrate.audit` is: 200 files with 1 MB of SQL against a boot script, beside sqlglot alone.

Run: python bench/migrate_audit.py
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from afterpush.infra.settings import Migrate
from afterpush.migrate.audit import audit
from afterpush.migrate.repository import read_repository

FILES, BYTES = 200, 1_000_000
TABLE = """\
-- Table {number} of the benchmark; `;` in a comment
CREATE TABLE IF NOT EXISTS `table_{number}` (
  `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `owner_id` INT NOT NULL COMMENT 'who; owns it',
  `title` VARCHAR(255) NOT NULL DEFAULT 'it''s new',
  `price` DECIMAL(15,4) UNSIGNED DEFAULT '0.00',
  `state` ENUM('new','old','gone') NOT NULL DEFAULT 'new',
  `made_at` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  UNIQUE KEY `uq_title` (`title`(20), `owner_id`),
  KEY `idx_state` (`state`, `made_at`),
  CONSTRAINT `fk_owner_{number}` FOREIGN KEY (`owner_id`) REFERENCES `owners` (`id`) ON DELETE CASCADE,
  CONSTRAINT `ck_price_{number}` CHECK (`price` >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
ALTER TABLE `table_{number}` ADD COLUMN `note` TEXT NULL AFTER `title`, ADD INDEX `idx_price` (`price`);
CREATE OR REPLACE VIEW `view_{number}` AS SELECT t.id, t.title, COUNT(*) AS n FROM `table_{number}` t
  LEFT JOIN `owners` o ON o.id = t.owner_id WHERE t.state IN ('new', 'old') GROUP BY t.id, t.title;
INSERT INTO `table_{number}` (`owner_id`, `title`) VALUES (1, 'a; b'), (2, 'c -- d');
"""
BOOT = """\
import {{ db }} from "./db";
export async function runAutoMigrations() {{
{calls}}}
"""


def make(root: Path) -> int:
    """A repository of that size; returns its bytes of SQL."""
    total = number = 0
    (root / "migrations").mkdir()
    for file in range(FILES):
        text = ""
        while len(text) < BYTES / FILES:
            text += TABLE.format(number=number)
            number += 1
        (root / "migrations" / f"{file:04}.sql").write_text(text)
        total += len(text)
    calls = "".join(
        f"  await db.execute(`ALTER TABLE table_{n} ADD COLUMN note TEXT NULL`);\n" for n in range(number)
    )
    (root / "server").mkdir()
    (root / "server/autoMigrate.ts").write_text(BOOT.format(calls=calls))
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return total


def seconds_of(action: object) -> float:
    began = time.perf_counter()
    assert callable(action)
    action()
    return time.perf_counter() - began


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="afterpush-bench-"))
    try:
        report(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report(root: Path) -> None:
    import logging

    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    size = make(root)
    text = "".join(path.read_text() for path in sorted((root / "migrations").glob("*.sql")))
    found = audit(read_repository(root, Migrate()))
    task = [sys.executable, "-c", "from afterpush.program import main; main()", "migrate.audit", "--json"]
    rows = {
        "`inv migrate.audit --json`, whole process": lambda: subprocess.run(
            task, cwd=root, stdout=subprocess.DEVNULL, check=False
        ),
        "reading and comparing, in process": lambda: audit(read_repository(root, Migrate())),
        "yardstick: sqlglot.parse of the same text": lambda: sqlglot.parse(text, read="mysql"),
    }
    print(
        f"{FILES} files, {size:,} bytes of SQL, {len(found.repository.inputs.sources):,} statements, ", end=""
    )
    print(f"{len(found.objects):,} objects, {len(found.unaudited)} unaudited; best of three\n")
    print("| | seconds |\n|---|---|")
    for name, action in rows.items():
        print(f"| {name} | {min(seconds_of(action) for _ in range(3)):.2f} |")


if __name__ == "__main__":
    main()
