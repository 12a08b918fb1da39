"""Which files are migrations, in which order, and which part of them is run."""

from pathlib import Path

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.statements.down_parts import up_part
from afterpush.migrate.statements.file_order import files_of, statements_of
from tests.migrate.repositories import write


def ordered(root: Path, *names: str, pattern: str = "m/**/*.sql") -> list[str]:
    write(root, {f"m/{name}": "SELECT 1;" for name in names})
    return [path.removeprefix("m/") for path in files_of(root, [pattern], without="m/all.sql")]


@pytest.mark.parametrize(
    "names",
    [
        ("1_a.sql", "9_b.sql", "10_c.sql", "100_d.sql"),
        ("001.sql", "002.sql", "010.sql"),
        ("v1.2.sql", "v1.10.sql", "v2.sql"),
        ("V1__a.sql", "V1_1__b.sql", "V1.2__c.sql", "V2__d.sql", "V10__e.sql", "R__views.sql"),
        ("20240101120000_a.sql", "20240102_b.sql"),
        ("0001_a/migration.sql", "0002_b/migration.sql", "0010_c/migration.sql"),
    ],
)
def test_files_come_in_the_order_of_their_versions(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert ordered(tmp_path, *reversed(names)) == list(names)


def test_what_leads_back_is_no_source(tmp_path: Path) -> None:
    names = "1_a.up.sql 1_a.down.sql U1__undo.sql 2_b/up.sql 2_b/down.sql countdown.sql".split()
    names += ["3_c.sql", "3_c.rollback.sql", "4_add_rollback.sql"]
    wanted = ["1_a.up.sql", "3_c.sql", "4_add_rollback.sql", "countdown.sql", "2_b/up.sql"]
    assert ordered(tmp_path, *names) == wanted


def test_a_journal_of_drizzle_gives_the_order(tmp_path: Path) -> None:
    journal = '{"entries": [{"idx": 0, "tag": "0001_z"}, {"idx": 1, "tag": "0000_a"}]}'
    write(tmp_path, {"m/meta/_journal.json": journal})
    assert ordered(tmp_path, "0000_a.sql", "0001_z.sql") == ["0001_z.sql", "0000_a.sql"]


def test_two_spellings_of_one_version_have_no_order(tmp_path: Path) -> None:
    with pytest.raises(AfterpushError, match="two ways"):
        ordered(tmp_path, "2_a.sql", "002_b.sql")


def test_the_consolidated_file_is_no_source(tmp_path: Path) -> None:
    assert ordered(tmp_path, "1.sql", "all.sql") == ["1.sql"]


@pytest.mark.parametrize(
    "up, down",
    [
        ("+goose Up", "+goose Down"),
        ("migrate:up", "migrate:down"),
        ("+migrate Up", "+migrate Down"),
        ("Up Migration", "Down Migration"),
        ("--- !Ups", "--- !Downs"),
        ("=== UP ===", "=== DOWN ==="),
        ("// create a", "//@UNDO"),
    ],
)
def test_only_the_part_of_the_way_up_is_run(tmp_path: Path, up: str, down: str) -> None:
    text = f"-- {up}\nCREATE TABLE a (id INT);\n-- {down}\nDROP TABLE a;\n"
    write(tmp_path, {"1.sql": text})
    found = statements_of(tmp_path, ["1.sql"])
    assert [(one.line, one.sql) for one in found] == [(2, "CREATE TABLE a (id INT)")]
    assert up_part(text).count("\n") == text.count("\n")


def test_a_remark_is_no_direction() -> None:
    text = "-- down\nCREATE TABLE a (id INT);\n-- slow down here\nCREATE TABLE b (id INT);\n-- up\n"
    assert up_part(text) == text


def test_lines_end_as_the_plain_client_reads_them(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"INSERT INTO t VALUES ('a\r\nb');\r\n")
    assert [one.sql for one in statements_of(tmp_path, ["a.sql"])] == ["INSERT INTO t VALUES ('a\nb')"]
