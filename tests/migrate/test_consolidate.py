"""The consolidation: what is written where, when the old step goes, and that a second run changes nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.settings import Migrate
from afterpush.migrate.audit import audit
from afterpush.migrate.consolidating import NO_SERVER, Outcome, consolidate, document, rendered
from afterpush.migrate.inputs import Inputs
from afterpush.migrate.proof_report import Crashes, Mutations, Proof, Rows
from afterpush.migrate.repository import read_repository
from afterpush.migrate.steps import read_sql
from afterpush.migrate.target import Target
from tests.migrate.repositories import BOOT, PLAN, START, calls, write

TARGETS: tuple[Target, ...] = ("typescript", "sql")
SETTINGS = Migrate(base=["db/base.sql"])


class Judge:
    """A proof with this result; remembers what it was asked."""

    def __init__(self, *reasons: str, error: AfterpushError | None = None) -> None:
        self.reasons, self.error = reasons, error
        self.asked: list[Inputs] = []

    def __call__(self, inputs: Inputs) -> Proof:
        self.asked.append(inputs)
        if self.error:
            raise self.error
        return Proof(
            proved=not self.reasons, claim="equal", reasons=self.reasons, server=None, runs={},
            differences=(), names=(), positions=(), invalid=(), refused=(), unaudited=(), rows=Rows(),
            mutations=Mutations(), crashes=Crashes(), notes=(), statements={}, input_hash="",
        )  # fmt: skip


def run(
    root: Path,
    target: Target = "typescript",
    judge: Judge | None = None,
    *,
    with_data: bool = False,
    dry_run: bool = False,
) -> Outcome:
    repository = read_repository(root, SETTINGS)
    return consolidate(repository, target, with_data=with_data, dry_run=dry_run, prove=judge)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write(tmp_path, PLAN)


@pytest.mark.parametrize("target", ["typescript", "sql"])
def test_after_a_consolidation_nothing_is_missing_and_a_second_one_changes_nothing(
    plan: Path, target: Target
) -> None:
    write(plan, {"scripts/start.sh": START.replace("node scripts", "inv migrate.apply\nnode scripts")})
    outcome = run(plan, target, Judge())
    assert {step.name for step in outcome.added} >= {
        "table client_needs",
        "foreign key match_records.fk_match_need",
    }
    assert audit(read_repository(plan, SETTINGS)).is_good(strict=False)
    assert outcome.exit_code is ExitCode.GOOD and outcome.proved
    before = contents(plan)
    again = run(plan, target, Judge())
    assert (again.added, again.changes, again.removed) == ((), (), ())
    assert contents(plan) == before


def test_the_step_goes_only_when_the_proof_has_passed(plan: Path) -> None:
    outcome = run(plan, judge=Judge())
    assert [step.text for step in outcome.removed] == ['node scripts/migrate.js || echo "migration failed"']
    assert (plan / "scripts/start.sh").read_text() == START.replace(
        'node scripts/migrate.js || echo "migration failed"\n', ""
    )
    assert [change.path for change in outcome.changes] == ["server/autoMigrate.ts", "scripts/start.sh"]


@pytest.mark.parametrize(
    ("judge", "reason", "code"),
    [
        (None, NO_SERVER, ExitCode.GOOD),
        (Judge("2 differences"), "the proof failed: 2 differences", ExitCode.BAD_ANSWER),
        (Judge(error=AfterpushError("no rights", ExitCode.UNREACHABLE)), "no rights", ExitCode.UNREACHABLE),
    ],
)
def test_without_a_proof_the_step_stays_and_the_reason_is_printed(
    plan: Path, judge: Judge | None, reason: str, code: ExitCode
) -> None:
    outcome = run(plan, judge=judge)
    assert (plan / "scripts/start.sh").read_text() == START
    assert outcome.added and outcome.removed == () and not outcome.proved
    assert f"scripts/start.sh:3 stays: {reason}" in rendered(outcome, str).replace(
        "the proof could not be had: ", ""
    )
    assert outcome.exit_code is code
    assert document(outcome)["proved"] is False


def test_what_is_proved_is_what_was_written(plan: Path) -> None:
    judge = Judge()
    run(plan, judge=judge)
    (inputs,) = judge.asked
    assert inputs == read_repository(plan, SETTINGS).inputs


def test_the_step_stays_when_nothing_would_call_the_boot_script(plan: Path) -> None:
    write(plan, {"server/index.ts": "export {};\n"})
    outcome = run(plan, judge=Judge())
    assert outcome.removed == () and "dead code" in outcome.reasons[0]


def test_the_step_stays_when_nothing_would_run_the_consolidated_file(plan: Path) -> None:
    outcome = run(plan, "sql", Judge())
    assert outcome.removed == () and "nothing runs migrations/consolidated.sql yet" in outcome.reasons[0]


def test_a_dry_run_shows_the_diff_and_touches_nothing(plan: Path) -> None:
    before = contents(plan)
    judge = Judge()
    outcome = run(plan, judge=judge, dry_run=True)
    text = rendered(outcome, str)
    assert contents(plan) == before and judge.asked == []
    assert "+++ b/server/autoMigrate.ts" in text and "--- a/scripts/start.sh" in text
    assert document(outcome)["files"] == ["server/autoMigrate.ts", "scripts/start.sh"]


def test_a_new_migration_extends_what_was_consolidated(plan: Path) -> None:
    for target in TARGETS:
        root = plan / target
        shutil.copytree(plan, root, ignore=shutil.ignore_patterns("typescript", "sql"))
        run(root, target)
        write(root, {"migrations/009_more.sql": "ALTER TABLE client_needs ADD COLUMN note TEXT;\n"})
        outcome = run(root, target)
        assert "column client_needs.note" in [step.name for step in outcome.added]
        assert audit(read_repository(root, SETTINGS)).missing == []
    assert (plan / "typescript/server/autoMigrate.ts").read_text().count("// <afterpush>") == 1


def test_steps_that_the_script_builds_upon_stand_before_it_and_others_after(tmp_path: Path) -> None:
    boot = calls("ALTER TABLE notes ADD COLUMN extra INT", "CREATE TABLE made (id INT PRIMARY KEY)")
    source = (
        "CREATE TABLE notes (id INT PRIMARY KEY, made_id INT);\nCREATE TABLE made (id INT PRIMARY KEY);\n"
        "ALTER TABLE notes ADD FOREIGN KEY (made_id) REFERENCES made (id);\n"
    )
    write(tmp_path, {"migrations/1.sql": source, "server/autoMigrate.ts": boot})
    run(tmp_path)
    program = read_repository(tmp_path, SETTINGS).inputs.boot
    assert program is not None
    names = [getattr(entry, "name", "") or getattr(entry, "kind", "") for entry in program.program]
    assert names == ["table notes", "ALTER TABLE", "CREATE TABLE", "foreign key notes.(made_id)"]


def test_the_consolidated_file_holds_the_tables_that_it_needs_though_the_script_makes_them_too(
    tmp_path: Path,
) -> None:
    source = "CREATE TABLE made (id INT PRIMARY KEY);\nCREATE INDEX i ON made (id);\n"
    source += "CREATE TABLE alone (id INT);\n"
    boot = calls("CREATE TABLE IF NOT EXISTS made (id INT PRIMARY KEY)", "CREATE TABLE alone (id INT)")
    write(tmp_path, {"migrations/1.sql": source, "server/autoMigrate.ts": boot})
    run(tmp_path, "sql")
    steps = read_sql((tmp_path / "migrations/consolidated.sql").read_text())
    assert [step.name for step in steps] == ["table made", "index made.i"]


def test_a_script_that_makes_an_earlier_stage_is_led_on_from_it(tmp_path: Path) -> None:
    source = "CREATE TABLE t (id INT, a VARCHAR(5));\nALTER TABLE t MODIFY a VARCHAR(9), ADD b INT;\n"
    for target in TARGETS:
        root = tmp_path / target
        boot = calls("CREATE TABLE IF NOT EXISTS t (id INT, a VARCHAR(5))")
        write(root, {"migrations/1.sql": source, "server/autoMigrate.ts": boot})
        assert run(root, target).open == ()
        drifting = calls("CREATE TABLE IF NOT EXISTS t (id INT, a TEXT)")
        write(root, {"migrations/1.sql": source, "server/autoMigrate.ts": drifting})
        assert [one.table for one in audit(read_repository(root, SETTINGS)).redefined] == ["t"]


def test_rows_come_along_only_when_asked_for_and_stay_then(plan: Path) -> None:
    write(plan, {"migrations/003_rows.sql": "INSERT INTO clients (name) VALUES ('a');\nSELECT 1;\n"})
    for target in TARGETS:
        root = plan / target
        shutil.copytree(plan, root, ignore=shutil.ignore_patterns("typescript", "sql"))
        assert "data" not in {step.kind for step in run(root, target).added}
        outcome = run(root, target, with_data=True)
        assert [step.name for step in outcome.added] == ["baseline", "data migrations/003_rows.sql:1"]
        before = contents(root)
        assert run(root, target).added == () and contents(root) == before


def test_what_no_rule_reads_leaves_the_answer_bad_and_the_rest_consolidated(plan: Path) -> None:
    write(plan, {"migrations/003.sql": "CREATE TABLE half (id INT,);\nCREATE TABLE whole (id INT);\n"})
    outcome = run(plan)
    assert outcome.exit_code is ExitCode.BAD_ANSWER
    assert outcome.open == ("1 unaudited", "1 invalid")
    assert "table whole" in [step.name for step in outcome.added]


def test_the_block_is_typescript_for_the_compiler_too(plan: Path) -> None:
    run(plan)
    text = (plan / "server/autoMigrate.ts").read_text()
    assert "<afterpush>" in text and text.startswith(BOOT[: BOOT.index("  try {")])


@pytest.mark.parametrize("text", ["if true; then\n", "node scripts/migrate.js\nif true; then\n"])
def test_a_start_script_that_would_not_parse_afterwards_stays(plan: Path, text: str) -> None:
    write(plan, {"scripts/start.sh": text})
    outcome = run(plan, judge=Judge())
    assert (plan / "scripts/start.sh").read_text() == text
    assert outcome.removed == ()


def test_a_start_that_is_no_shell_script_keeps_its_form_and_others_are_named(plan: Path) -> None:
    start = '"start": "node scripts/migrate.js && node dist/index.js"'
    command = '{"scripts": {"build": "x server/index.ts", ' + start + "}}"
    write(plan, {"package.json": command, "Procfile": "web: node scripts/migrate.js && node dist/index.js\n"})
    settings = Migrate(base=["db/base.sql"], start_script="package.json")
    outcome = consolidate(read_repository(plan, settings), "typescript", prove=Judge())
    assert (plan / "package.json").read_text() == command.replace("node scripts/migrate.js && ", "")
    assert (plan / "Procfile").read_text().startswith("web: node scripts/migrate.js")
    assert [reason.split(" ")[0] for reason in outcome.reasons] == ["scripts/start.sh:3", "Procfile:1"]
    assert "migrate.start_script" in outcome.reasons[0]


def test_the_mode_of_the_start_script_is_kept(plan: Path) -> None:
    (plan / "scripts/start.sh").chmod(0o755)
    run(plan, judge=Judge())
    assert (plan / "scripts/start.sh").stat().st_mode & 0o777 == 0o755
    subprocess.run(["bash", "-n", plan / "scripts/start.sh"], check=True)


def test_a_file_that_somebody_wrote_covers_and_is_not_overwritten(tmp_path: Path) -> None:
    ours = "CREATE TABLE a (id INT);\n"
    write(
        tmp_path, {"migrations/1.sql": ours, "migrations/consolidated.sql": "CREATE TABLE a (id INT(11));\n"}
    )
    assert audit(read_repository(tmp_path, SETTINGS)).missing == []
    assert run(tmp_path, "sql").added == ()
    write(tmp_path, {"migrations/2.sql": "CREATE TABLE b (id INT);\n"})
    with pytest.raises(AfterpushError, match="is not overwritten"):
        run(tmp_path, "sql")


def test_targets_that_cannot_take_steps_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"migrations/1.sql": "CREATE TABLE a (id INT);"})
    with pytest.raises(AfterpushError, match="use --target=sql"):
        run(tmp_path, "typescript")
