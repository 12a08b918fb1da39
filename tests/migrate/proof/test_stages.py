"""From which stages both ways are really executed."""

from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.stages import Stage, executed_stages, stages_of
from tests.migrate.histories import history, statements, steps
from tests.support.database_servers import Server

FILES = (
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY ka (a));",
    "SET @a = 1; ALTER TABLE t ADD b INT; INSERT INTO t VALUES (1, 1, 1); SET @b = 2;",
    "DROP INDEX ka ON t;",
    "CREATE INDEX ka ON t (a);",
    "ALTER TABLE t ADD c INT;",
    "ALTER TABLE t ADD d INT;",
    "ALTER TABLE t ADD e INT;",
)


def names(stages: list[Stage]) -> list[str]:
    return [one.file[:3] for one in stages]


def test_where_a_state_comes_back_the_new_way_is_not_the_rest_of_the_old_one(server: Server) -> None:
    """After 002 and after 004 the database is the same: what is between them is not run again."""
    ways = Ways((), statements(*FILES), (), steps(server, *FILES), history(server, *FILES))
    found = list(stages_of(ways, server.flavour))
    assert names(found) == ["001", "002", "003", "004", "005", "006", "007"]
    assert [one.file[:3] for one in found if not one.is_old_way] == ["002"]
    assert not any(one.wrong for one in found)
    assert [file[:3] for file in executed_stages(found, len(ways.old))] == ["001", "002", "004", "006"]


def test_rows_that_come_along_are_always_executed(mariadb: Server) -> None:
    ways = Ways(
        (), statements(*FILES), (), steps(mariadb, *FILES, with_data=True), history(mariadb, *FILES),
        with_data=True,
    )  # fmt: skip
    found = list(stages_of(ways, "mariadb"))
    assert not any(one.is_old_way for one in found)
    assert len(executed_stages(found, len(ways.old))) == 6


def test_of_many_stages_that_differ_some_are_executed() -> None:
    stages = [Stage(f"{number:03}", is_old_way=number % 2 == 0) for number in range(400)]
    assert executed_stages(stages, 400) == ["000", "001", "199", "397", "398"]
    assert executed_stages(stages[:1], 1) == []
