# ruff: noqa: E501 (SQL in lines of its own)
"""The proof on live servers: what makes it green, and what must turn it red."""

from collections.abc import Sequence
from dataclasses import replace
from secrets import token_hex

import pytest

from afterpush.infra.clock import SystemClock
from afterpush.migrate.proof.compare import compare
from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.prove import prove
from afterpush.migrate.proof.report import Proof
from afterpush.migrate.replay.run_user import as_run_user
from afterpush.migrate.replay.server import server_at
from afterpush.migrate.statements.split import split
from afterpush.migrate.steps.step import Step
from tests.migrate.histories import history, replaying, statements, steps
from tests.support.database_servers import Server

OLD = (
    "CREATE TABLE clients (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL DEFAULT 'x');\n"
    "CREATE TABLE needs (id INT PRIMARY KEY, client INT NOT NULL, KEY k (client), "
    "CONSTRAINT fk FOREIGN KEY (client) REFERENCES clients (id) ON DELETE CASCADE);\n",
    "ALTER TABLE needs ADD COLUMN strain VARCHAR(20) NULL AFTER id;\n"
    "CREATE VIEW open_needs AS SELECT id, strain FROM needs;\n"
    "CREATE TRIGGER stamp BEFORE INSERT ON needs FOR EACH ROW SET NEW.strain = IFNULL(NEW.strain, 'any');\n",
    "ALTER TABLE clients MODIFY name VARCHAR(90) NOT NULL DEFAULT 'x';\n",
)  # fmt: skip


def proof(
    server: Server,
    old: Sequence[str],
    new: Sequence[Step],
    *,
    boot: str = "",
    earlier: Sequence[Step] = (),
    once: bool = True,
    strict: bool = False,
    with_data: bool = False,
    mark: str = "",
) -> Proof:
    ways = Ways(
        (), statements(*old), split(boot, "boot.sql"), new, history(server, *old),
        once=once, earlier=earlier, with_data=with_data,
    )  # fmt: skip
    return prove(
        replaying(server),
        ways,
        random_hex=lambda size: mark + token_hex(size),
        clock=SystemClock(),
        strict=strict,
    )


def test_a_history_is_proved_from_every_stage_with_all_the_evidence(server: Server) -> None:
    new = steps(server, *OLD)
    found = proof(server, OLD, new, earlier=steps(server, *OLD[:2]), once=False)
    assert found.proved, found.reasons
    assert set(found.runs) == set("ABCDE")
    assert {run.hash for run in found.runs.values()} == {found.runs["A"].hash}
    assert (found.runs["B"].executed, found.runs["C"].executed) == (6, 0)
    assert found.rows.tables == 2 and found.rows.kept
    assert found.mutations.tried == found.mutations.caught > 20
    assert found.crashes.points == found.crashes.recovered == 6
    assert [stage.split(" ")[0] for stage in found.stages] == ["001.sql", "002.sql", "the"]
    assert found.server is not None and found.server.flavor in ("MySQL", "MariaDB")


def test_a_managed_user_who_may_end_nobody_elses_connection_proves_too(digitalocean: Server) -> None:
    new = steps(digitalocean, "CREATE TABLE t (id INT PRIMARY KEY);")
    ways = Ways(
        (),
        statements("CREATE TABLE t (id INT PRIMARY KEY);"),
        (),
        new,
        history(digitalocean, "CREATE TABLE t (id INT PRIMARY KEY);"),
    )
    with as_run_user(server_at(digitalocean.full), token_hex) as server:
        assert server.runner.user != server.looker.user
        found = prove(server, ways, random_hex=token_hex, clock=SystemClock())
    assert found.proved and found.crashes.recovered == 1, found.reasons


def changed(new: Sequence[Step], number: int, sql: str) -> list[Step]:
    return [replace(one, sql=sql) if at == number else one for at, one in enumerate(new)]


@pytest.mark.parametrize(
    ("number", "sql", "said"),
    [
        (2, "ALTER TABLE needs ADD COLUMN strain VARCHAR(21) NULL AFTER id", "needs.strain"),
        (5, "ALTER TABLE clients MODIFY name VARCHAR(90) NULL DEFAULT 'x'", "clients.name"),
        (3, "CREATE VIEW open_needs AS SELECT id, strain FROM needs WHERE id > 0", "open_needs"),
        (3, "DO 0", "open_needs"),
    ],
)
def test_steps_that_do_something_else_turn_it_red(mariadb: Server, number: int, sql: str, said: str) -> None:
    found = proof(mariadb, OLD, changed(steps(mariadb, *OLD), number, sql))
    assert not found.proved
    assert said in " ".join([*found.reasons, *(one.message for one in found.differences)])


def test_steps_that_are_blind_to_a_stage_turn_it_red(mariadb: Server) -> None:
    """A step that takes an earlier state for done would never reach a database in use."""
    new = steps(mariadb, *OLD)
    blind = [one for one in new if one.file != "003.sql"]
    found = proof(mariadb, OLD, blind)
    assert not found.proved and any("clients.name" in one.message for one in found.differences)


def test_rows_that_a_step_takes_are_lost_rows(mariadb: Server) -> None:
    old = ("CREATE TABLE t (id INT PRIMARY KEY, a INT);", "ALTER TABLE t ADD COLUMN b INT;")
    new = changed(steps(mariadb, *old), 1, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, a INT, b INT)")
    found = proof(mariadb, old, new)
    assert not found.proved and any("stage 001.sql" in one for one in found.rows.lost)


def test_rows_of_the_migrations_are_compared_where_they_come_along(server: Server) -> None:
    old = (
        "CREATE TABLE t (id INT PRIMARY KEY, a INT);\nINSERT INTO t VALUES (1, 5);",
        "ALTER TABLE t ADD COLUMN b INT NULL;\nUPDATE t SET b = a + 1 WHERE b IS NULL;\nALTER TABLE t MODIFY b INT NOT NULL;",
    )
    assert proof(server, old, steps(server, *old, with_data=True), with_data=True).proved


def test_what_the_server_rejects_is_named_and_nothing_is_proved(server: Server) -> None:
    found = proof(server, ("CREATE TABLE a (id INT);\nCREATE TABLE a (id INT);\n",), [])
    assert not found.proved and [(one.file, one.line) for one in found.invalid][-1] == ("001.sql", 2)


def test_a_boot_script_may_meet_what_is_there(server: Server) -> None:
    boot = "ALTER TABLE needs ADD COLUMN strain VARCHAR(20) NULL; CREATE INDEX mine ON needs (strain);"
    found = proof(server, OLD, steps(server, *OLD), boot=boot)
    assert found.proved, found.reasons
    assert any("must catch this" in note for note in found.notes)


def test_names_and_orders_are_a_second_class() -> None:
    ours = {
        ("table", "t", "index a"): "BTREE `x`",
        ("table", "t", "order"): "x, y",
        ("view", "v", "view"): "1",
    }
    theirs = {
        ("table", "t", "index b"): "BTREE `x`",
        ("table", "t", "order"): "y, x",
        ("view", "v", "view"): "2",
    }
    found = compare("B", ours, theirs)
    assert [one.message for one in found.names] == ["run B: index t.a is called b"]
    assert [one.kind for one in found.positions] == ["column order"]
    assert [one.message for one in found.definitions] == ["run B: view v is defined otherwise: 2, not 1"]


def test_nothing_is_left_on_the_server(mariadb: Server) -> None:
    from afterpush.infra.database import connected

    mark = token_hex(4)  # Other workers prove on this server meanwhile.
    assert proof(mariadb, OLD[:1], steps(mariadb, *OLD[:1]), mark=mark).proved
    with connected(mariadb.proof_only) as connection:
        assert mark not in str(connection.query("SHOW DATABASES"))
