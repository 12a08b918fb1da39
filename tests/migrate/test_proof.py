"""The proof on a real server: green when two ways are equal, red otherwise, and clean afterwards."""

import secrets
from dataclasses import replace

import pytest

from afterpush.infra.clock import SystemClock
from afterpush.infra.database import Address, DatabaseFailure, connected
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.migrate.evidence import Ways
from afterpush.migrate.proof import Invalid, Proof, invalid_statements, prove
from afterpush.migrate.proof_report import rendered
from afterpush.migrate.statements import Statement
from afterpush.migrate.steps import Step
from tests.migrate.samples import BASE, EVERYTHING, OLD, statements, steps, ways
from tests.support.database_servers import Server

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), KEY ab (a, b));"


def proof_of(address: Address, case: Ways, *, strict: bool = False) -> Proof:
    return prove(address, case, random_hex=secrets.token_hex, clock=SystemClock(), strict=strict)


def schemas(server: Server) -> set[str]:
    with connected(server.full) as connection:
        return {row["Database"] for row in connection.query("SHOW DATABASES")}


@pytest.mark.parametrize(("old", "base"), [(OLD, BASE), (EVERYTHING, "")], ids=["the plan's", "everything"])
def test_two_equal_ways_are_proved_with_all_the_evidence(proving: Address, old: str, base: str) -> None:
    case = ways(old, base=base)
    proof = proof_of(proving, case)
    assert proof.proved, proof.reasons
    assert list(proof.runs) == ["A", "B", "C", "D", "E"]
    assert len({run.hash for run in proof.runs.values()}) == 1
    assert proof.mutations.caught == proof.mutations.tried > 30
    assert proof.crashes.recovered == proof.crashes.points == len(case.new)
    assert proof.rows.kept and proof.rows.tables > 2 and not proof.rows.refused
    assert proof.server and proof.server.title in proof.claim and proof.server.title in rendered(proof)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("", "table t is missing"),
        (TABLE.replace(", a INT", ", a BIGINT"), "column t.a is defined otherwise"),
        (TABLE.replace(", a INT", ", a INT DEFAULT 1"), "column t.a is defined otherwise"),
        (TABLE.replace(", a INT", ", a INT NOT NULL"), "column t.a is defined otherwise"),
        (TABLE.replace(", a INT", ", a INT COMMENT 'x'"), "column t.a is defined otherwise"),
        (TABLE.replace("(20)", "(20) COLLATE utf8mb4_bin"), "column t.b is defined otherwise"),
        (TABLE.replace("(a, b)", "(b, a)"), "index t.ab is defined otherwise"),
        (TABLE.replace("(a, b)", "(a, b(5))"), "index t.ab is defined otherwise"),
        (TABLE.replace("KEY ab", "UNIQUE KEY ab"), "index t.ab is defined otherwise"),
        (TABLE.replace(", KEY ab (a, b)", ""), "index t.ab is missing"),
        (TABLE.replace("));", "), KEY more (a));"), "index t.more is there, but should not be"),
        (TABLE.replace("));", ")) COMMENT='x';"), "table t is defined otherwise"),
        (TABLE.replace("));", "), CHECK (a > 0));"), "check t."),
        (TABLE + "CREATE VIEW v AS SELECT 1 AS x;", "view v is there, but should not be"),
    ],
)
def test_every_other_definition_turns_the_proof_red_and_is_named(
    proving: Address, new: str, said: str
) -> None:
    proof = proof_of(proving, ways(TABLE, base="", new=steps(new)))
    assert not proof.proved
    assert said in " ".join(one.message for one in proof.differences)
    assert not proof.runs["B"].equal


def test_names_and_column_orders_are_a_second_class_that_counts_when_strict(proving: Address) -> None:
    new = "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), a INT, KEY other_name (a, b));"
    case = ways(TABLE, base="", new=steps(new))
    proof = proof_of(proving, case)
    assert proof.proved
    assert [one.message for one in proof.names] == [
        f"run {run}: index t.ab is called other_name" for run in ("B", "D")
    ]
    assert "the columns of t stand in another order" in proof.positions[0].message
    assert not proof_of(proving, case, strict=True).proved


def test_the_same_text_in_another_order_is_another_schema_and_is_seen(proving: Address) -> None:
    """Measured: an index that a foreign key made vanishes when the same index is made by name."""
    parent = "CREATE TABLE p (id INT PRIMARY KEY);"
    key = "CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT fkc FOREIGN KEY (p) REFERENCES p (id));"
    index = "CREATE INDEX i ON c (p);"
    again = "CREATE TABLE IF NOT EXISTS c (id INT PRIMARY KEY, p INT);"
    case = ways(parent + key + index, base="", new=statements(parent + again + index + "DO 0"))
    proof = proof_of(proving, case)
    assert not proof.proved
    assert any("foreign key c.fkc is missing" in one.message for one in proof.differences)


def test_if_not_exists_hides_no_drift(proving: Address) -> None:
    boot = "CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, a INT, b VARCHAR(30), KEY ab (a, b));"
    proof = proof_of(proving, ways(TABLE, base="", boot=boot, new=statements(boot)))
    assert not proof.proved
    assert "run B: column t.b is defined otherwise" in [one.message for one in proof.differences]


def test_a_boot_script_may_meet_what_is_there_already(proving: Address) -> None:
    boot = "ALTER TABLE strains ADD COLUMN parent_id INT NULL; CREATE INDEX idx_parent ON strains (parent_id)"
    proof = proof_of(proving, ways(boot=boot))
    assert proof.proved, proof.reasons
    assert proof.runs["A"].tolerated == 2
    assert any("boot.sql:1 met what is there already" in note for note in proof.notes)


def test_a_step_that_runs_again_every_time_is_no_idempotent_step(proving: Address) -> None:
    step = Step("comment", "table", "t", "SELECT 'needed' AS state", "ALTER TABLE t COMMENT = 'x'")
    old = TABLE + "ALTER TABLE t COMMENT = 'x';"
    proof = proof_of(proving, ways(old, base="", new=[*steps(TABLE), step]))
    assert not proof.proved and proof.runs["D"].again == 1
    assert "run D: step comment was executed again by the second pass" in [
        one.message for one in proof.differences
    ]


def test_a_way_that_cannot_be_resumed_after_a_crash_is_found_at_the_statement(proving: Address) -> None:
    """A temporary name that exists only between two steps: whole runs are fine, half runs are not."""
    made = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME"
    first = Step(
        "draft",
        "table",
        "d",
        f"SELECT IF(({made} IN ('t')) = 0, 'needed', 'done')",
        TABLE.replace(" t ", " d "),
    )
    second = Step(
        "rename", "table", "t", f"SELECT IF(({made} = 't') = 0, 'needed', 'done')", "RENAME TABLE d TO t"
    )
    proof = proof_of(proving, ways(TABLE.rstrip(";"), base="", new=[first, second]))
    assert (proof.crashes.points, proof.crashes.recovered) == (2, 1)
    assert "after statement 1: step draft: Table 'd' already exists (1050)" in proof.crashes.failed
    assert not proof.proved and all(run.equal for run in proof.runs.values())


def test_a_crash_after_which_an_index_is_made_twice_is_found(proving: Address) -> None:
    """The probe looks for the last of two names only: the first one is made again."""
    named = (
        "SELECT IF(COUNT(*) = 0, 'needed', 'done') FROM information_schema.STATISTICS WHERE INDEX_NAME = '{}'"
    )
    here = named + " AND TABLE_SCHEMA = DATABASE()"
    made = Step("index", "index", "t", here.format("y"), "ALTER TABLE t ADD INDEX (b, a)")
    renamed = Step("rename", "index", "t", here.format("y"), "ALTER TABLE t RENAME INDEX b TO y")
    old = TABLE + "ALTER TABLE t ADD INDEX y (b, a)"
    proof = proof_of(proving, ways(old, base="", new=[*steps(TABLE), made, renamed]))
    assert all(run.equal for run in proof.runs.values())
    assert (proof.crashes.points, proof.crashes.recovered) == (3, 2)
    assert not proof.proved and proof.crashes.failed[0].startswith("after statement 2: ")


def test_a_new_way_that_loses_rows_is_red_though_the_schema_is_equal(proving: Address) -> None:
    renew = [*statements("DROP TABLE IF EXISTS t"), *statements(TABLE)]
    proof = proof_of(proving, ways(TABLE, base="", new=renew))
    assert all(run.equal for run in proof.runs.values())
    assert not proof.proved and not proof.rows.kept
    assert "run C: t (3 rows before, 0 after)" in proof.rows.lost


def test_an_old_way_that_empties_its_tables_when_it_runs_again_is_red(proving: Address) -> None:
    old = "DROP TABLE IF EXISTS t; " + TABLE
    proof = proof_of(proving, ways(old, base="", new=steps(TABLE)))
    assert proof.rows.lost == ("run E: t (3 rows before, 0 after)",)
    assert any("cannot be run twice, not even without the new one" in note for note in proof.notes)


def test_a_new_way_that_spoils_the_second_run_of_the_old_one_is_not_excused(proving: Address) -> None:
    old = TABLE.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
    new: list[Step | Statement] = [*steps(TABLE), *statements("ALTER TABLE t DROP COLUMN b")]
    proof = proof_of(proving, ways(old, base="", new=new))
    assert not proof.runs["E"].equal
    assert not any("cannot be run twice" in note for note in proof.notes)


def test_a_foreign_keys_rule_is_the_same_whether_it_is_written_or_not(proving: Address) -> None:
    bare = "CREATE TABLE r (id INT, t_id INT, CONSTRAINT f FOREIGN KEY (t_id) REFERENCES t (id));"
    said = bare.replace("(id));", "(id) ON DELETE NO ACTION ON UPDATE RESTRICT);")
    proof = proof_of(proving, ways(TABLE + said, base="", new=steps(TABLE + bare)))
    assert proof.proved, proof.differences
    assert proof.mutations.kinds["foreign key rule"] == 1


def test_rows_that_the_new_way_changes_are_lost_rows_too(proving: Address) -> None:
    new: list[Step | Statement] = [
        *steps(TABLE),
        *statements("ALTER TABLE t DROP COLUMN a"),
        *statements("ALTER TABLE t ADD COLUMN a INT"),
    ]
    proof = proof_of(proving, ways(TABLE.replace(", KEY ab (a, b)", ""), base="", new=new))
    assert any(lost.startswith("run C: t (3 rows before, 3 after)") for lost in proof.rows.lost)


def test_every_rejected_statement_is_named_and_nothing_is_proved(proving: Address) -> None:
    old = TABLE + "\nCREATE TABLE t (id INT);\nALTER TABL t ADD x INT;\nCREATE INDEX i ON nowhere (x);"
    proof = proof_of(proving, Ways([], statements(old), [], steps(TABLE)))
    assert not proof.proved
    assert [(one.file, one.line) for one in proof.invalid] == [("001.sql", 2), ("001.sql", 3), ("001.sql", 4)]
    assert "already exists (1050)" in proof.invalid[0].message and "afterpush" not in proof.invalid[0].message


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE nowhere ADD x INT",
        "CREATE TABLE f (id INT, CONSTRAINT k FOREIGN KEY (id) REFERENCES nowhere (id))",
    ],
)
def test_a_table_that_others_make_is_asked_for_in_the_base(proving: Address, sql: str) -> None:
    proof = proof_of(proving, ways(f"{TABLE} {sql};", base="", new=steps(TABLE)))
    assert "migrate.base" in proof.invalid[0].message


def test_with_something_unaudited_nothing_is_executed(mariadb: Server) -> None:
    nobody = replace(mariadb.full, port=1)
    gap = Invalid("001.sql", 7, "nobody can read this")
    proof = prove(nobody, ways(), random_hex=secrets.token_hex, clock=SystemClock(), unaudited=[gap])
    assert (proof.proved, proof.unaudited, proof.runs, proof.server) == (False, (gap,), {}, None)
    marked = Statement("ALTER TABLE ${t} ADD x INT", "boot.ts", 3, "ALTER TABLE", marks=("${t}",))
    proof = prove(nobody, ways(new=[marked]), random_hex=secrets.token_hex, clock=SystemClock())
    assert [(one.file, one.line) for one in proof.unaudited] == [("boot.ts", 3)]


@pytest.mark.parametrize(
    "sql",
    [
        "USE victim",
        "DROP DATABASE victim",
        "DROP TABLE victim.kept",
        "SET @q = CONCAT('DROP DATABASE ', 'victim'); PREPARE s FROM @q; EXECUTE s",
        "PREPARE s FROM 'DROP TABLE victim.kept'; EXECUTE s",
        "CREATE PROCEDURE p() BEGIN SET @q = 'USE victim'; PREPARE s FROM @q; EXECUTE s; END; CALL p()",
        "CREATE VIEW v AS SELECT a.id, victim.id FROM t a",
        "INSERT INTO t SELECT id, 1, 'x' FROM victim.kept",
    ],
)
def test_nothing_outside_of_the_scratch_schemas_is_touched_even_with_all_rights(
    mariadb: Server, sql: str
) -> None:
    with connected(mariadb.full) as connection:
        connection.execute("CREATE DATABASE victim")
        try:
            connection.execute("CREATE TABLE victim.kept (id INT)")
            before = schemas(mariadb)
            proof = proof_of(mariadb.full, ways(TABLE + sql, base="", new=steps(TABLE)))
            assert not proof.proved
            assert proof.refused
            assert connection.query("SELECT * FROM victim.kept") == []
            assert schemas(mariadb) == before
        finally:
            connection.execute("DROP DATABASE victim")


def test_refusing_needs_no_server_at_all(mariadb: Server) -> None:
    case = ways(TABLE + "DROP DATABASE x", base="", new=steps(TABLE))
    proof = proof_of(replace(mariadb.full, port=1), case)
    assert [(one.file, one.line) for one in proof.refused] == [("001.sql", 1)]


def test_harmless_text_that_is_put_together_on_the_server_is_executed(mariadb: Server) -> None:
    dynamic = (
        "SET @n = (SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
        "AND TABLE_NAME = 't' AND COLUMN_NAME = 'c'); "
        "SET @q = IF(@n = 0, 'ALTER TABLE t ADD c INT', 'DO 0'); "
        "PREPARE s FROM @q; EXECUTE s; DEALLOCATE PREPARE s"
    )
    old = TABLE + dynamic
    proof = proof_of(mariadb.full, ways(old, base="", new=[*steps(TABLE), *statements(dynamic, "boot.sql")]))
    assert proof.proved, proof.reasons


def test_a_definer_whom_the_user_may_not_set_is_left_out_and_named(mariadb: Server) -> None:
    programs = statements(
        "CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT id FROM t;"
        "CREATE DEFINER=root@localhost TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
        "CREATE DEFINER='root'@'%' PROCEDURE p() SELECT 1;"
    )
    case = Ways([], [*statements(TABLE), *programs], [], [*steps(TABLE), *programs])
    proof = proof_of(mariadb.proof_only, case)
    assert proof.proved, (proof.reasons, proof.differences)
    assert any("`root`@`localhost`" in note and "not part of this proof" in note for note in proof.notes)


def test_a_user_without_rights_learns_which_grant_is_missing(mariadb: Server) -> None:
    with pytest.raises(AfterpushError, match=r"GRANT ALL PRIVILEGES ON `afterpush\\_proof\\_%`") as caught:
        proof_of(mariadb.no_rights, ways())
    assert caught.value.exit_code is ExitCode.USAGE


def test_an_interrupt_leaves_no_scratch_schema(mariadb: Server) -> None:
    before = schemas(mariadb)
    for moment in ("run C", "negative controls", "crash 2"):

        def interrupt(text: str, moment: str = moment) -> None:
            if text.startswith(moment):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            prove(
                mariadb.proof_only,
                ways(),
                random_hex=secrets.token_hex,
                clock=SystemClock(),
                progress=interrupt,
            )
        assert schemas(mariadb) == before


def test_leftovers_of_dead_runs_are_dropped_and_nothing_else(mariadb: Server) -> None:
    dead, living = "afterpush_proof_0123456789ab_a", "afterpush_proof_ba9876543210_k12"
    kept = {"afterpush_proof_mine", "afterpush_proof_0123456789ab", "afterpush_proof_0123456789abc_a", living}
    with connected(mariadb.full) as connection:
        for name in (dead, *kept):
            connection.execute(f"CREATE DATABASE `{name}`")
        connection.query("SELECT GET_LOCK('afterpush_proof_ba9876543210', 0)")
        try:
            assert proof_of(mariadb.proof_only, ways(TABLE, base="", new=steps(TABLE))).proved
            assert dead not in schemas(mariadb)
            assert kept <= schemas(mariadb)
        finally:
            for name in kept:
                connection.execute(f"DROP DATABASE `{name}`")


def test_a_server_that_dies_in_the_middle_is_an_outage(mortal_server: Server) -> None:
    def die(text: str) -> None:
        if text.startswith("run D"):
            mortal_server.kill()

    with pytest.raises(DatabaseFailure) as caught:
        prove(mortal_server.full, ways(), random_hex=secrets.token_hex, clock=SystemClock(), progress=die)
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_scratch_schemas_have_the_configured_databases_character_set(database: Address) -> None:
    with connected(database) as connection:
        connection.execute("ALTER DATABASE CHARACTER SET latin1")
    default = "CREATE TABLE t (a VARCHAR(10)) DEFAULT CHARSET=latin1"
    proof = proof_of(
        database, ways(default.replace(" DEFAULT CHARSET=latin1", ""), base="", new=steps(default))
    )
    assert proof.proved, proof.differences


def test_statements_are_tested_on_the_server_and_the_rejected_ones_named(proving: Address) -> None:
    tested = statements(
        OLD + "CREATE TABLE strains (id INT);\nALTER TABLE strains ADD PRIMARY KEY (nowhere);"
    )
    found = invalid_statements(
        proving, tested, base=statements(BASE, "base.sql"), random_hex=secrets.token_hex
    )
    assert ["1050" in found[0].message, "1072" in found[1].message or "1068" in found[1].message] == [
        True,
        True,
    ]
    assert (
        invalid_statements(proving, statements("DROP DATABASE x"), random_hex=secrets.token_hex)[0].line == 1
    )


def test_text_that_is_prepared_is_tested_and_does_not_reach_out_of_the_scratch_schema(
    mariadb: Server,
) -> None:
    prepare = "PREPARE s FROM @q; EXECUTE s; DEALLOCATE PREPARE s;"
    with connected(mariadb.full) as connection:
        connection.execute("CREATE DATABASE IF NOT EXISTS precious")
    for text, said in (("CREATE TABLE a (id INT)", []), ("DROP DATABASE precious", ["DROP DATABASE"])):
        tested = statements(f"SET @q = CONCAT('{text}', '');\n{prepare}")
        found = invalid_statements(mariadb.full, tested, random_hex=secrets.token_hex)
        assert [one.message[:13] for one in found][:1] == said
    assert "precious" in schemas(mariadb)


def test_an_empty_set_proves_nothing(proving: Address) -> None:
    proof = proof_of(proving, Ways([], [], [], []))
    assert not proof.proved and "nothing to compare" in proof.reasons[-1]


def test_what_the_old_way_sets_for_its_session_does_not_reach_the_new_way(proving: Address) -> None:
    trigger = "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
    old = "SET SESSION sql_mode = 'ANSI_QUOTES', FOREIGN_KEY_CHECKS = 0; LOCK TABLES t READ;"
    case = Ways([], statements(TABLE + old), [], [*steps(TABLE)])
    assert proof_of(proving, case).proved
    case = Ways(
        [], statements(TABLE + "SET SESSION sql_mode = 'ANSI_QUOTES';" + trigger), [], steps(TABLE + trigger)
    )
    proof = proof_of(proving, case)
    assert not proof.proved
    assert "run B: trigger t.tr is defined otherwise" in [one.message for one in proof.differences]
