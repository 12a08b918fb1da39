"""The main path on every kind of server, also on one set up as DigitalOcean's."""

from collections.abc import Iterator

import pytest

from afterpush.infra.database import Address, connected
from tests.support.cli import Answer, afterpush
from tests.support.database_servers import fresh_database, shared, url_of
from tests.support.repositories import Repository

FIRST = """
CREATE TABLE owners (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL);
CREATE TABLE pets (
  id INT AUTO_INCREMENT PRIMARY KEY, owner_id INT, name VARCHAR(20) DEFAULT 'nobody', weight REAL,
  CONSTRAINT pets_owner FOREIGN KEY (owner_id) REFERENCES owners (id) ON DELETE CASCADE
);
CREATE VIEW light AS SELECT id, name FROM pets WHERE weight < 10;
"""
LATER = """
ALTER TABLE pets MODIFY name VARCHAR(40) DEFAULT 'nobody', ADD COLUMN born DATE NULL;
ALTER TABLE owners ADD UNIQUE INDEX one_name (name);
CREATE OR REPLACE VIEW light AS SELECT id, name, born FROM pets WHERE weight <= 10;
"""


@pytest.fixture(params=["mysql", "digitalocean", "mariadb"])
def live(request: pytest.FixtureRequest) -> Iterator[Address]:
    with fresh_database(shared(request.param).full) as address:
        yield address


def run(app: Repository, live: Address, *words: str) -> Answer:
    return afterpush(*words, "--json", cwd=app.path, env={"MYSQL_URL": url_of(live)})


def test_a_migration_that_comes_later_arrives_under_a_green_proof(
    repository: Repository, live: Address
) -> None:
    repository.write("config/afterpush.yaml", "migrate: {boot_script: null, start_script: null}\n")
    repository.write("migrations/001.sql", FIRST)
    adopted = run(repository, live, "migrate.consolidate", "--target=sql")
    assert (adopted.code, adopted.json()["proved"]) == (0, True), adopted.out + adopted.err
    assert run(repository, live, "migrate.apply").code == 0
    with connected(live) as connection:
        connection.execute("INSERT INTO owners (name) VALUES ('Ada'), ('Grace')")
        connection.execute("INSERT INTO pets (owner_id, name, weight) VALUES (1, 'Tom', 4.5)")
    repository.write("migrations/002.sql", LATER)
    later = run(repository, live, "migrate.consolidate", "--target=sql")
    assert (later.code, later.json()["proved"]) == (0, True), later.out + later.err
    arrived = run(repository, live, "migrate.apply")
    assert arrived.code == 0 and arrived.json()["executed"], arrived.out + arrived.err
    again = run(repository, live, "migrate.apply")
    assert (again.code, again.json()["executed"]) in ((0, []), (0, 0))
    with connected(live) as connection:
        assert connection.query("SELECT name, born FROM light") == [{"name": "Tom", "born": None}]
    compared = run(repository, live, "migrate.diff")
    assert (compared.code, compared.json()["missing"], compared.json()["different"]) == (0, [], []), (
        compared.out
    )
