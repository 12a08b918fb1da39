"""What a server is asked about the sources: a dump's session settings are part of the question."""

import secrets
from pathlib import Path

from afterpush.infra.database import Address
from afterpush.infra.settings import Migrate
from afterpush.migrate.inputs import read_inputs
from afterpush.migrate.judging import rejected_by_server
from afterpush.migrate.repository import read_repository
from tests.migrate.repositories import write

DUMP = """\
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
CREATE TABLE `child` (`id` int(11) NOT NULL, `pid` int(11) DEFAULT NULL, PRIMARY KEY (`id`),
  CONSTRAINT `fk_p` FOREIGN KEY (`pid`) REFERENCES `parent` (`id`) ON DELETE SET NULL);
CREATE TABLE `parent` (`id` int(11) NOT NULL, PRIMARY KEY (`id`));
LOCK TABLES `parent` WRITE;
INSERT INTO `parent` VALUES (1),(2);
UNLOCK TABLES;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
CREATE TEMPORARY TABLE t (id INT);
INSERT INTO t VALUES (1);
SET @q = IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
  AND TABLE_NAME = 'parent' AND COLUMN_NAME = 'n') = 0, 'ALTER TABLE parent ADD COLUMN n INT', 'SELECT 1');
PREPARE s FROM @q; EXECUTE s; DEALLOCATE PREPARE s;
"""


def asked(address: Address, root: Path) -> list[tuple[int, str]]:
    repository = read_repository(root, Migrate())
    found = rejected_by_server(address, repository, random_hex=secrets.token_hex, note=print)
    return [(one.line, one.message) for one in found]


def test_what_only_works_in_its_session_is_tried_in_it(tmp_path: Path, proving: Address) -> None:
    write(tmp_path, {"migrations/001.sql": DUMP})
    assert asked(proving, tmp_path) == []
    assert read_inputs(tmp_path, Migrate()).unaudited() == []


def test_what_is_wrong_in_any_session_is_named(tmp_path: Path, proving: Address) -> None:
    write(
        tmp_path, {"migrations/001.sql": "SET SESSION no_such_thing = 1;\n\nCREATE INDEX i ON nowhere (x);\n"}
    )
    assert [line for line, _ in asked(proving, tmp_path)] == [3]
