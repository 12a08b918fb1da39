"""Histories are remembered: what ran once is not run again, and what comes out is the same."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.configuration.settings import Migrate, ServerVariables
from afterpush.migrate.replay import remembered as module
from afterpush.migrate.replay.history import History
from afterpush.migrate.replay.remembered import remembered
from afterpush.migrate.replay.replay import replay
from afterpush.migrate.replay.replay_server import replay_server
from afterpush.migrate.replay.server import Server
from afterpush.migrate.statements.split import Statement, split
from tests.support.database_servers import BOTH, CACHE, program_of

FILES = {
    "001.sql": "CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT KEY); INSERT INTO a VALUES (1)",
    "002.sql": "ALTER TABLE a ADD c INT; CREATE VIEW v AS SELECT id FROM a; ALTER TABLE nope ADD d INT;",
    "003.sql": "CREATE PROCEDURE p() ALTER TABLE b ADD e INT; CALL p(); UPDATE a SET c = 1;",
}


def statements(*names: str, **more: str) -> list[Statement]:
    texts = {name: FILES[name] for name in names} | {f"{name}.sql": text for name, text in more.items()}
    return [one for name, text in texts.items() for one in split(text, name)]


@pytest.fixture(params=BOTH)
def flavour(request: pytest.FixtureRequest) -> str:
    program_of(request.param)
    return str(request.param)


@contextmanager
def private(flavour: str) -> Iterator[Server]:
    environment = read_environment(None, {"AFTERPUSH_CACHE": str(CACHE), "PATH": "/usr/bin:/bin"})
    with replay_server(Migrate(), environment, word=flavour) as server:
        yield server


def asked(server: Server, cache: Path, listed: list[Statement]) -> History:
    return remembered(replace(server, cache=cache), listed, random_hex=secrets.token_hex)


def fresh(server: Server, listed: list[Statement]) -> History:
    return replay(server, listed, random_hex=secrets.token_hex)


def test_a_remembered_history_is_the_replayed_one(flavour: str, tmp_path: Path) -> None:
    two, three = statements("001.sql", "002.sql"), statements("001.sql", "002.sql", "003.sql")
    changed = statements("001.sql", x="ALTER TABLE a ADD c BIGINT", y="CREATE TABLE z (id INT PRIMARY KEY)")
    with private(flavour) as server:
        for listed in (two, two, three, changed, three):
            assert asked(server, tmp_path, listed) == fresh(server, listed)


def test_what_is_remembered_needs_no_server(tmp_path: Path) -> None:
    listed = statements("001.sql", "003.sql")
    with private("mariadb") as server:
        first = asked(server, tmp_path, listed)
    assert asked(server, tmp_path, listed) == first  # The server is gone.
    with private("mariadb") as server:
        assert asked(server, tmp_path, listed) == first
        assert server.runner.socket and not Path(server.runner.socket).exists()  # It was not started.


def test_places_are_those_of_today(tmp_path: Path) -> None:
    moved = [one for name, text in FILES.items() for one in split("\n\n" + text, f"new/{name}")]
    with private("mariadb") as server:
        asked(server, tmp_path, statements(*FILES))
        found = asked(server, tmp_path, moved)
    assert {effect.statement.file for effect in found.effects} == {f"new/{name}" for name in FILES}
    assert found.effects[0].statement.line == 3


def test_other_settings_and_damaged_files_are_not_taken(tmp_path: Path) -> None:
    listed = statements(x="CREATE TABLE r (id INT PRIMARY KEY, v REAL)")
    environment = read_environment(None, {"AFTERPUSH_CACHE": str(CACHE), "PATH": "/usr/bin:/bin"})
    with private("mariadb") as server:
        plain = asked(server, tmp_path, listed)
    ansi = Migrate(server_variables=ServerVariables(sql_mode="REAL_AS_FLOAT"))
    with replay_server(ansi, environment, word="mariadb") as server:
        assert asked(server, tmp_path, listed) != plain
        for path in tmp_path.glob("*.json"):
            path.write_text("{")
        assert asked(server, tmp_path, listed) == fresh(server, listed)


# What a copy must give back: each is followed by a statement whose effect shows whether it did.
RICH = """
CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL) AUTO_INCREMENT=500;
CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id),
  price DECIMAL(8,2), ratio DOUBLE, share FLOAT, seen TIMESTAMP NULL, raw VARBINARY(9), mood ENUM('a','b;c'),
  twice INT GENERATED ALWAYS AS (id * 2) STORED, KEY by_price (price, seen));
INSERT INTO parent (name) VALUES ('it''s'), ('\\\\ 100 % 😀'), ('');
INSERT INTO child (id, parent, price, ratio, share, seen, raw, mood)
  VALUES (0, 500, 1.5, 0.1, 0.3, '2020-01-01 10:00:00', x'00ff', 'b;c'),
  (1, NULL, NULL, NULL, NULL, NULL, '', 'a');
CREATE VIEW z AS SELECT id FROM parent;
CREATE VIEW a AS SELECT id FROM z;
CREATE TRIGGER t1 BEFORE INSERT ON child FOR EACH ROW SET NEW.price = 1;
CREATE TRIGGER t0 BEFORE INSERT ON child FOR EACH ROW SET NEW.price = 2;
SET sql_mode = 'ANSI_QUOTES';
CREATE FUNCTION f() RETURNS INT DETERMINISTIC BEGIN DECLARE "x" INT DEFAULT 1; RETURN "x"; END;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM child;
"""
LATER = """
ALTER TABLE child DROP FOREIGN KEY child_ibfk_1;
ALTER TABLE child ADD UNIQUE KEY one_price (price);
ALTER TABLE parent MODIFY name VARCHAR(3) NOT NULL;
ALTER TABLE parent ADD UNIQUE KEY one_name (name);
CREATE TRIGGER t2 BEFORE INSERT ON child FOR EACH ROW FOLLOWS t1 SET NEW.price = 3;
DROP VIEW z;
ALTER TABLE child AUTO_INCREMENT = 7;
"""


def test_a_rich_schema_goes_on_from_its_copy(
    flavour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, both = split(RICH, "1.sql"), [*split(RICH, "1.sql"), *split(LATER, "2.sql")]
    with private(flavour) as server:
        assert asked(server, tmp_path, first) == fresh(server, first)
        expected = fresh(server, both)
        with monkeypatch.context() as patched:  # The copy is good: nothing is replayed from the beginning.
            patched.setattr(module, "replay_in", None)
            assert asked(server, tmp_path, both) == expected


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE g (id INT PRIMARY KEY, p POINT); INSERT INTO g VALUES (1, POINT(1, 2));",
        "CREATE TABLE g (id INT PRIMARY KEY); CREATE VIEW v AS SELECT id FROM g; DROP TABLE g;",
        "ALTER DATABASE DEFAULT CHARACTER SET latin1;",
    ],
)
def test_what_cannot_be_copied_is_replayed(flavour: str, made: str, tmp_path: Path) -> None:
    first = split(made, "1.sql")
    both = [*first, *split("CREATE TABLE later (id INT PRIMARY KEY, name VARCHAR(9))", "2.sql")]
    with private(flavour) as server:
        for listed in (first, both):
            assert asked(server, tmp_path, listed) == fresh(server, listed)
