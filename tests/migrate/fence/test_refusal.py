"""The fence: nothing that reaches out of its own schema is executed; what migrations need is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.migrate.fence.refusal import refusal
from afterpush.migrate.statements.tokens import tokens

REFUSED = """
USE other
CREATE DATABASE other
create schema if not exists other
DROP DATABASE production
DROP SCHEMA IF EXISTS production
ALTER DATABASE production CHARACTER SET utf8mb4
/*!40000 DROP DATABASE IF EXISTS production*/
/*!50003 USE production */
CREATE OR REPLACE DATABASE other
GRANT ALL ON *.* TO me@localhost
REVOKE ALL ON *.* FROM me@localhost
CREATE USER me@localhost IDENTIFIED BY 'x'
ALTER USER me@localhost IDENTIFIED BY 'x'
DROP USER me@localhost
RENAME USER a@b TO c@d
CREATE ROLE boss
SET PASSWORD = 'x'
SET PASSWORD FOR a@b = 'x'
SET ROLE boss
SET DEFAULT ROLE boss FOR me@localhost
CREATE PROCEDURE p() BEGIN SET PASSWORD FOR a@b = 'x'; END
CREATE PROCEDURE p() BEGIN SET @a = 1, GLOBAL max_connections = 1; END
SET GLOBAL max_connections = 1
SET @@GLOBAL.max_connections = 1
SET sql_mode = '', GLOBAL max_connections = 1
SET @@persist.max_connections = 1
SET PERSIST max_connections = 1
SHUTDOWN
RESTART
KILL 5
LOAD DATA INFILE '/etc/passwd' INTO TABLE t
LOAD DATA LOCAL INFILE 'x' INTO TABLE t
LOAD XML INFILE 'x' INTO TABLE t
SELECT * INTO OUTFILE '/tmp/x' FROM t
SELECT a INTO DUMPFILE '/tmp/x' FROM t
INSERT INTO t VALUES (LOAD_FILE('/etc/passwd'))
INSTALL PLUGIN x SONAME 'x.so'
INSTALL SONAME 'x'
UNINSTALL PLUGIN x
CREATE FUNCTION f RETURNS STRING SONAME 'udf.so'
CREATE AGGREGATE FUNCTION f RETURNS INTEGER SONAME 'udf.so'
CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')
CREATE TABLESPACE s ADD DATAFILE 'x.ibd'
CHANGE MASTER TO MASTER_HOST = 'x'
CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'x'
START SLAVE
START REPLICA
STOP SLAVE
RESET MASTER
PURGE BINARY LOGS TO 'x'
BINLOG 'x'
FLUSH TABLES WITH READ LOCK
LOCK INSTANCE FOR BACKUP
CREATE TABLE t (id INT) DATA DIRECTORY = '/tmp'
CREATE TABLE t (id INT) INDEX DIRECTORY = '/tmp'
CREATE TABLE t (id INT) ENGINE = FEDERATED CONNECTION = 'mysql://x'
CREATE TABLE t (id INT) ENGINE=CONNECT
CREATE TABLE t (id INT) ENGINE = 'spider'
EXECUTE IMMEDIATE 'DROP DATABASE x'
DO RELEASE_ALL_LOCKS()
CREATE TABLE other.t (id INT)
CREATE TABLE IF NOT EXISTS `other`.`t` (id INT)
CREATE TABLE `other` . t (id INT)
CREATE TABLE t LIKE other.t
CREATE TABLE t (LIKE other.t)
CREATE TABLE t AS SELECT * FROM other.t
CREATE TABLE t SELECT a.* FROM x a, other.t
CREATE TABLE t (a INT REFERENCES other.p (id))
CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES other.p (id))
CREATE TEMPORARY TABLE other.t (id INT)
ALTER TABLE other.t ADD COLUMN a INT
ALTER TABLE t RENAME TO other.t
ALTER TABLE t RENAME other.t
ALTER TABLE t RENAME AS other.t
RENAME TABLE a TO b, c TO other.c
DROP TABLE other.t
DROP TABLE a, other.t
DROP TABLE IF EXISTS `other`.`t`
DROP VIEW other.v
DROP TRIGGER other.tr
DROP INDEX i ON other.t
TRUNCATE other.t
TRUNCATE TABLE other.t
CREATE INDEX i ON other.t (a)
CREATE UNIQUE INDEX i USING BTREE ON other.t (a)
CREATE VIEW other.v AS SELECT 1
CREATE OR REPLACE VIEW v AS SELECT t.id FROM other.t
CREATE VIEW v AS SELECT t.id FROM x JOIN other.t ON t.id = x.id
CREATE TRIGGER tr BEFORE INSERT ON other.t FOR EACH ROW SET NEW.a = 1
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW INSERT INTO other.t VALUES (1)
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN DROP DATABASE x; END
CREATE PROCEDURE p() BEGIN IF 1 THEN GRANT ALL ON *.* TO a@b; END IF; END
CREATE PROCEDURE other.p() SELECT 1
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM other.t
CALL other.p()
SELECT other.f(1)
INSERT INTO other.t VALUES (1)
INSERT other.t VALUES (1)
INSERT INTO t SELECT * FROM (SELECT * FROM other.t) x
REPLACE INTO other.t VALUES (1)
UPDATE other.t SET a = 1
UPDATE t, other.u SET t.a = 1
DELETE FROM other.t
SELECT * FROM mysql.user
SELECT a.b.c FROM b
LOCK TABLES other.t WRITE
OPTIMIZE TABLE other.t
"""

ALLOWED = """
CREATE TABLE t (id INT, user VARCHAR(10), role INT, `use` INT, database_name INT)
CREATE TABLE `grant` (`kill` INT)
ALTER TABLE t ADD COLUMN server VARCHAR(20) DEFAULT 'SHUTDOWN; DROP DATABASE x'
-- USE other
ALTER DATABASE CHARACTER SET utf8mb4
ALTER SCHEMA DEFAULT COLLATE utf8mb4_bin
SET NAMES utf8mb4
SET FOREIGN_KEY_CHECKS = 0
SET SESSION sql_mode = ''
SET @@session.sql_mode = ''
SET @old = @@GLOBAL_like
SET @q = IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()) = 0, 'a', 'b')
SET @q = (SELECT COUNT(*) FROM `INFORMATION_SCHEMA`.`TABLES` t WHERE t.TABLE_NAME = 'x')
PREPARE s FROM @q
EXECUTE s
DEALLOCATE PREPARE s
START TRANSACTION
COMMIT
LOCK TABLES t WRITE, u READ
UNLOCK TABLES
CREATE VIEW v AS SELECT t.id, u.name FROM t JOIN u ON u.id = t.id AND u.a = t.a WHERE t.x > 1 ORDER BY t.id
CREATE VIEW v AS SELECT EXTRACT(YEAR FROM t.born) AS y, TRIM(LEADING 'x' FROM t.name) FROM t
CREATE VIEW v AS SELECT t.id, (SELECT COUNT(*) FROM u WHERE u.t_id = t.id), t.name FROM t
UPDATE t JOIN u ON u.id = t.id SET t.a = u.a, t.b = u.b WHERE t.c LIKE u.c
INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE t.a = 2
INSERT INTO t SELECT x.id, x.name FROM x WHERE x.id NOT IN (SELECT t.id FROM t)
DELETE t FROM t JOIN u ON t.id = u.id WHERE u.gone
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = OLD.a, NEW.b = 'USE other'
CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW BEGIN UPDATE u SET u.n = u.n + 1 WHERE u.id = NEW.u; END
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.password = SHA2(NEW.password, 256); END
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.role = 'global', NEW.global = t.role; END
CREATE TABLE t (a INT REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE)
CREATE TABLE t (a INT CHECK (a > 1.5), b INT DEFAULT .5)
CREATE INDEX i ON t (a, b)
CREATE DEFINER=`me`@`localhost` VIEW v AS SELECT t.a FROM t
SELECT 1
CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1
CREATE PROCEDURE p() BEGIN DECLARE done INT; REPEAT SET done = 1; UNTIL done END REPEAT; END
ALTER TABLE t CHANGE COLUMN a b INT
ALTER TABLE t PARTITION BY HASH (id)
ANALYZE TABLE t
CREATE TABLE t (id INT) ENGINE=InnoDB COMMENT='ENGINE=FEDERATED'
SELECT 'INTO OUTFILE' FROM t
"""


@pytest.mark.parametrize("sql", REFUSED.strip().splitlines())
def test_what_reaches_beyond_the_schema_is_refused_without_asking_any_server(sql: str) -> None:
    why = refusal(sql)
    assert why and ("take it out" in why or "write" in why or "use SET SESSION" in why), why


@pytest.mark.parametrize("sql", ALLOWED.strip().splitlines())
def test_what_migrations_need_is_not_refused(sql: str) -> None:
    assert refusal(sql) is None


@given(
    sql=st.sampled_from([line for line in REFUSED.strip().splitlines() if "/*!" not in line]),
    between=st.sampled_from([" ", "\n", " /* x */ ", " -- x\n", " # x\n", "\t/**/\t"]),
    lower=st.booleans(),
    conditional=st.booleans(),
)
def test_no_spelling_of_a_refused_statement_gets_through(
    sql: str, between: str, lower: bool, conditional: bool
) -> None:
    spelled = between.join(token.text for token in tokens(sql))
    spelled = spelled.lower() if lower else spelled
    assert refusal(f"/*!50000 {spelled} */" if conditional else spelled)


@pytest.mark.parametrize(
    "sql",
    [
        "SET sql_mode='ANSI_QUOTES'",
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI', '_QUOTES')",
        "SET sql_mode = 4",
        "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='ANSI_QUOTES' */",
        "SET @old_sql_mode = 'ANSI_QUOTES'",
        "SELECT 'ANSI' INTO @old_sql_mode",
        "SET sql_mode = @mine",
        'DELETE FROM "shop"."orders"',
        'DROP TABLE "shop".`orders`',
        "CREATE PROCEDURE z() SET GLOBAL max_connections=152",
        "CREATE PROCEDURE z() COMMENT 'x' FLUSH TABLES",
        "CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW FOLLOWS h SET GLOBAL max_connections=1",
        "CREATE PROCEDURE z() BEGIN DECLARE EXIT HANDLER FOR NOT FOUND SHUTDOWN; END",
        "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO KILL 7",
        "BEGIN NOT ATOMIC SET GLOBAL max_connections=152; END",
        "CREATE TABLE m (id INT) ENGINE=MERGE UNION=(shop.orders)",
        "UPDATE a x LEFT JOIN (shop.orders o) ON 1 SET o.v = 9",
        "CREATE SPATIAL REFERENCE SYSTEM 999991 NAME 'x' DEFINITION 'y'",
        "SET @@ global . max_connections=152",
        "CREATE PROCEDURE q() BEGIN PREPARE p FROM 'SET GLOBAL max_connections=152'; EXECUTE p; END",
    ],
)
def test_ways_around_the_text_are_refused(sql: str) -> None:
    assert refusal(sql) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
        "SET SQL_MODE=@OLD_SQL_MODE",
        "SET sql_mode=REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', '')",
        "PREPARE p FROM 'ALTER TABLE a ADD b INT'",
        'CREATE TABLE c (id INT, sql_mode VARCHAR(9)) COMMENT "DROP TABLE shop.orders"',
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW SET NEW.v = OLD.v + 1",
        "CREATE PROCEDURE p() SELECT backup, c.help FROM c",
        "CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN a + 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM c WHERE c.id < 3",
        "CREATE VIEW w AS SELECT c.id FROM c JOIN (a x) ON x.id = c.id UNION (SELECT a.id FROM a)",
        "CREATE SPATIAL INDEX g ON c (geo)",
    ],
)
def test_what_migrations_write_every_day_passes(sql: str) -> None:
    assert refusal(sql) is None
