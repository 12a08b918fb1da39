"""Histories of migrations as teams have them after years: tables, changes, indexes, programs, rows."""

from collections.abc import Iterator
from pathlib import Path


def history(statements: int, tables: int) -> list[str]:
    """That many statements over that many tables; every second table has a foreign key to the one before."""
    made = [_table(number) for number in range(tables)]
    later = _later(tables)
    return [*made, *(next(later) for _ in range(statements - tables))]


def _table(number: int) -> str:
    parent = f", parent INT, CONSTRAINT fk{number} FOREIGN KEY (parent) REFERENCES t{number - 1} (id)"
    return (
        f"CREATE TABLE t{number} (id INT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(40) NOT NULL, "
        "state ENUM('new','old') NOT NULL DEFAULT 'new', amount DECIMAL(12,2), note TEXT, "
        f"made_at DATETIME DEFAULT CURRENT_TIMESTAMP{parent if number % 2 else ''})"
    )


def _later(tables: int) -> Iterator[str]:
    """Per 25 statements: 18 of tables and indexes, 2 of rows, 4 of programs, 1 call."""
    number = 0
    while True:
        for _ in range(6):
            t, n = f"t{number * 7 % tables}", number
            yield f"ALTER TABLE {t} ADD COLUMN c{n} INT NULL"
            yield f"CREATE INDEX i{n} ON {t} (state, c{n})"
            yield f"ALTER TABLE {t} MODIFY c{n} BIGINT NULL COMMENT 'wider'"
            number += 1
        t, n = f"t{number % tables}", number
        yield f"INSERT INTO {t} (code) VALUES ('a{n}'), ('b; -- {n}')"
        yield f"UPDATE {t} SET note = 'seen' WHERE code = 'a{n}'"
        yield f"CREATE OR REPLACE VIEW v{n} AS SELECT id, code FROM {t} WHERE state = 'new'"
        yield f"CREATE TRIGGER g{n} BEFORE UPDATE ON {t} FOR EACH ROW SET NEW.note = TRIM(NEW.note)"
        yield f"CREATE PROCEDURE p{n}() ALTER TABLE {t} COMMENT '{n}'"
        yield f"CALL p{n}()"
        yield f"DROP PROCEDURE p{n}"
        number += 1


def write(root: Path, statements: list[str], files: int) -> list[Path]:
    """The statements in that many numbered files of `root`/migrations."""
    folder = root / "migrations"
    folder.mkdir(parents=True)
    size = -(-len(statements) // files)
    paths = []
    for number in range(files):
        path = folder / f"{number:04}.sql"
        path.write_text("".join(f"{one};\n" for one in statements[number * size : (number + 1) * size]))
        paths.append(path)
    return paths
