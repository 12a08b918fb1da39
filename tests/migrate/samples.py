"""Schemas for the proof: a small one like the plan's, and one with everything that MySQL has."""

from collections.abc import Sequence

from afterpush.migrate.evidence import Ways
from afterpush.migrate.statements import Statement, split
from afterpush.migrate.steps import Step

BASE = """
CREATE TABLE clients (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL);
CREATE TABLE strains (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL);
"""
OLD = """
CREATE TABLE client_needs (
  id INT AUTO_INCREMENT PRIMARY KEY,
  client_id INT NOT NULL,
  strain VARCHAR(100) DEFAULT 'any',
  quantity DECIMAL(15,4) NOT NULL DEFAULT 0,
  status ENUM('ACTIVE','FULFILLED') NOT NULL DEFAULT 'ACTIVE',
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  KEY idx_client (client_id, status),
  CONSTRAINT fk_need_client FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE CASCADE
);
CREATE TABLE vendor_supply (
  id INT AUTO_INCREMENT PRIMARY KEY,
  note TEXT,
  price DECIMAL(10,2) CHECK (price > 0),
  UNIQUE KEY uq_price (price)
);
ALTER TABLE strains ADD COLUMN parent_id INT NULL;
CREATE INDEX idx_parent ON strains (parent_id);
CREATE VIEW active_needs AS SELECT n.id, n.strain FROM client_needs n WHERE n.status = 'ACTIVE';
"""
EVERYTHING = """
CREATE TABLE a (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  tiny TINYINT(1) DEFAULT NULL, small SMALLINT NOT NULL DEFAULT 7, medium MEDIUMINT UNSIGNED NULL,
  amount DECIMAL(12,3), ratio DOUBLE NOT NULL DEFAULT 0.5, part FLOAT,
  code CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'x',
  title VARCHAR(120) COLLATE utf8mb4_unicode_ci NOT NULL COMMENT 'it''s a "title", yes',
  body MEDIUMTEXT COLLATE utf8mb4_unicode_ci, raw VARBINARY(16), big BLOB,
  born DATE, seen DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  stamped TIMESTAMP NULL, clock TIME, yr YEAR,
  state ENUM('new','old, or "so"','it''s') NOT NULL DEFAULT 'new', flags SET('r','w','x'),
  bits BIT(4) NOT NULL DEFAULT b'101', doc JSON, place POINT NOT NULL,
  total DECIMAL(13,3) GENERATED ALWAYS AS (amount * 2) STORED,
  PRIMARY KEY (id), UNIQUE KEY uq_code (code), KEY k_title (title(10), small), KEY k_two (small, born),
  FULLTEXT KEY ft (title, body), SPATIAL KEY sp (place),
  CONSTRAINT ck_small CHECK (small >= 0), CONSTRAINT ck_born CHECK (born > '1900-01-01')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='all of it';
CREATE TABLE b (
  id INT PRIMARY KEY, a_id BIGINT UNSIGNED, self_id INT, kind VARCHAR(20) NOT NULL,
  CONSTRAINT fk_a FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT fk_self FOREIGN KEY (self_id) REFERENCES b (id),
  CONSTRAINT ck_kind CHECK (kind IN ('red','green'))
) ROW_FORMAT=DYNAMIC;
CREATE TABLE parts (id INT NOT NULL, y INT NOT NULL, PRIMARY KEY (id, y))
  PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE VIEW v1 AS SELECT id, title FROM a WHERE small > 1;
CREATE SQL SECURITY INVOKER VIEW v2 AS SELECT v1.id, b.kind FROM v1 JOIN b ON b.a_id = v1.id;
DELIMITER //
CREATE TRIGGER t1 BEFORE INSERT ON b FOR EACH ROW
  BEGIN IF NEW.kind IS NULL THEN SET NEW.kind = 'red'; END IF; END//
CREATE TRIGGER t2 BEFORE INSERT ON b FOR EACH ROW SET NEW.kind = LOWER(NEW.kind)//
CREATE PROCEDURE p1(IN n INT, OUT m INT) BEGIN SELECT COUNT(*) INTO m FROM a WHERE small > n; END//
CREATE FUNCTION f1(x INT) RETURNS INT DETERMINISTIC NO SQL RETURN x + 1//
CREATE EVENT e1 ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM b WHERE id < 0//
DELIMITER ;
"""


def statements(text: str, file: str = "001.sql") -> list[Statement]:
    return split(text, file)


def step_of(statement: Statement) -> Step:
    """A step as the consolidation would make it, with the plainest of probes: is the thing there?"""
    words = statement.sql.replace("(", " (").split()
    kind = statement.kind.removeprefix("CREATE ").lower()
    name = words[[word.upper() for word in words].index(statement.kind.rpartition(" ")[2]) + 1].strip("`")
    places = {
        "table": ("TABLES", "TABLE_SCHEMA", "TABLE_NAME"),
        "view": ("VIEWS", "TABLE_SCHEMA", "TABLE_NAME"),
        "trigger": ("TRIGGERS", "TRIGGER_SCHEMA", "TRIGGER_NAME"),
        "procedure": ("ROUTINES", "ROUTINE_SCHEMA", "ROUTINE_NAME"),
        "function": ("ROUTINES", "ROUTINE_SCHEMA", "ROUTINE_NAME"),
        "event": ("EVENTS", "EVENT_SCHEMA", "EVENT_NAME"),
        "index": ("STATISTICS", "TABLE_SCHEMA", "INDEX_NAME"),
        "alter table": ("COLUMNS", "TABLE_SCHEMA", "COLUMN_NAME"),
    }
    view, schema, column = places[statement.kind.lower() if kind.startswith("alter") else kind]
    if kind.startswith("alter"):
        kind, name = "column", words[words.index("COLUMN") + 1]
    probe = (
        f"SELECT IF(COUNT(*) = 0, 'needed', 'done') AS state FROM information_schema.{view} "
        f"WHERE {schema} = DATABASE() AND {column} = '{name}'"
    )
    return Step(f"{kind} {name}", kind, "", probe, statement.sql)


def steps(text: str) -> list[Step]:
    return [step_of(statement) for statement in split(text, "steps")]


def ways(
    old: str = OLD, *, base: str = BASE, boot: str = "", new: Sequence[Step | Statement] | None = None
) -> Ways:
    """The old way against itself as steps, unless `new` says otherwise."""
    boot_statements = split(boot, "boot.sql")
    made: Sequence[Step | Statement] = [*steps(old), *boot_statements] if new is None else new
    return Ways(split(base, "base.sql"), split(old, "001.sql"), boot_statements, made)
