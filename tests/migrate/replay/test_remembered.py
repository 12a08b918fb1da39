"""Histories are remembered: what ran once is not run again, and what comes out is the same."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.configuration.settings import Migrate, ServerVariables
from afterpush.infra.configuration.variables import read_environment
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


@pytest.mark.parametrize(("long", "images"), [(1, 3), (5, 2), (1000, 0)])
def test_a_remembered_history_is_the_replayed_one(
    flavour: str, long: int, images: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONG", long)
    two, three = statements("001.sql", "002.sql"), statements("001.sql", "002.sql", "003.sql")
    changed = statements("001.sql", x="ALTER TABLE a ADD c BIGINT", y="CREATE TABLE z (id INT PRIMARY KEY)")
    with private(flavour) as server:
        for listed in (two, two, three, changed, three):
            assert asked(server, tmp_path, listed) == fresh(server, listed)
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(folders) == images


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
