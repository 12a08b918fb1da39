"""Migrations in one place, with proof."""

from typing import Annotated as Flag
from typing import Any

from invoke import Collection

from afterpush.infra.console import is_terminal, note
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.invocation import program
from afterpush.infra.processes.signals import ended_like_interrupted
from afterpush.tasks._task import Json, answer, number, task
from afterpush.workflows.app_repository import app_repository
from afterpush.workflows.database import app_database

DRY_RUN = "ask the live schema what would be done, and do nothing"
WAIT = "how many seconds to wait while another run holds the lock (default 600)"
STRICT = "let other names of indexes and another order of columns count as differences"
LAX_STRICT = "let warnings (portability, duplicates, destructive statements, dead code) exit with 1 too"
SERVER = "who reads the SQL: auto, mysql, mariadb (a private server), url (MYSQL_URL) or app (DB_*)"
RAN_UNTIL = (
    "the last source file that ran on a database without a journal (or none), where nothing there shows it"
)
DESTRUCTIVE = "allow steps that lose rows or values that are there (also: migrate.destructive)"


@task()
def audit(
    strict: Flag[bool, LAX_STRICT] = False,
    server: Flag[str, SERVER] = "",
    json: Json = False,
) -> ExitCode:
    """List what the migrations define, and what the boot script does not cover."""
    from afterpush.migrate import audit_report
    from afterpush.workflows.migrate import migrations

    with ended_like_interrupted(), migrations(app_repository(), server, note) as these:
        found = these.audit()
    return answer(
        audit_report.document(found),
        lambda _: audit_report.rendered(found),
        json=json,
        is_good=found.is_good(strict=strict),
    )


TARGET = "sql (the consolidated file) or typescript (the boot script); default: the boot script's kind"
WITH_DATA = "also run the migrations' INSERTs, UPDATEs and DELETEs, once each"
DIFF = "print what would change, and change and prove nothing"


@task()
def consolidate(
    target: Flag[Any, TARGET] = None,
    dry_run: Flag[bool, DIFF] = False,
    with_data: Flag[bool, WITH_DATA] = False,
    destructive: Flag[bool, DESTRUCTIVE] = False,
    server: Flag[str, SERVER] = "",
    json: Json = False,
) -> ExitCode:
    """Turn the migrations into idempotent steps, prove them, then drop the old way."""
    from afterpush.migrate import consolidate as consolidating
    from afterpush.migrate.consolidate_report import document, rendered
    from afterpush.migrate.proof import report
    from afterpush.migrate.step_files import parse_target
    from afterpush.workflows.migrate import migrations

    here = app_repository()
    with ended_like_interrupted(), migrations(here, server, note) as these:
        outcome = consolidating.consolidate(
            these.audit(),
            parse_target(target, these.repository),
            with_data=with_data,
            may_lose=destructive or here.settings.migrate.destructive,
            dry_run=dry_run,
            prove=these.prove,
            again=these.audit,
        )
    answer(document(outcome), lambda _: rendered(outcome, report.rendered), json=json)
    return outcome.exit_code


@task()
def apply(
    dry_run: Flag[bool, DRY_RUN] = False,
    wait: Flag[Any, WAIT] = None,
    destructive: Flag[bool, DESTRUCTIVE] = False,
    ran_until: Flag[str, RAN_UNTIL] = "",
    json: Json = False,
) -> ExitCode:
    """Run the consolidated steps on the database, under one lock; can be resumed."""
    from afterpush.infra.clock import SystemClock
    from afterpush.migrate.apply import apply as applying
    from afterpush.migrate.apply.report import bar, rendered
    from afterpush.migrate.repository import steps_of

    here = app_repository()
    settings = here.settings.migrate
    wait_seconds = number(wait, "--wait", default=600) or 0.0
    steps = steps_of(here.repo, settings.consolidated)
    if not steps and not (here.repo / (settings.boot_script or "/")).is_file():
        raise AfterpushError(
            f"no steps in {settings.consolidated} to apply: "
            f"`{program()} migrate.consolidate --target=sql` writes them"
        )
    address = app_database(here)
    may_lose = destructive or settings.destructive
    if dry_run:
        applied = applying.preview(address, steps or [], may_lose=may_lose, ran_until=ran_until)
    else:
        with ended_like_interrupted(), bar(note, terminal=is_terminal() and not json) as progress:
            applied = applying.apply(
                address,
                steps or [],
                clock=SystemClock(),
                wait_seconds=wait_seconds,
                may_lose=may_lose,
                ran_until=ran_until,
                progress=progress,
            )
    return answer(applied, rendered, json=json, is_good=not (applied.drifted or applied.waiting))


@task()
def prove(
    strict: Flag[bool, STRICT] = False,
    server: Flag[str, SERVER] = "",
    json: Json = False,
) -> ExitCode:
    """Prove on a real server that the old way and the new way give the same schema and rows."""
    from afterpush.migrate.proof.report import rendered
    from afterpush.workflows.migrate import migrations

    with ended_like_interrupted(), migrations(app_repository(), server, note) as these:
        proof = these.prove(these.repository, these.repository.steps, strict=strict)
    return answer(proof, rendered, json=json, is_good=proof.proved)


TABLES_FROM = (
    "sizes of the app's tables: a file (table, rows, bytes by line), or app (asks DB_*, reading only)"
)
SINCE = "look at this file and those behind it only"
LINT_STRICT = "exit with 1 when a statement locks or copies a table or loses values, or breaks a rule"


@task()
def lint(
    tables_from: Flag[Any, TABLES_FROM] = None,
    since: Flag[Any, SINCE] = None,
    strict: Flag[bool, LINT_STRICT] = False,
    server: Flag[str, SERVER] = "",
    json: Json = False,
) -> ExitCode:
    """Show what each change does to a table in use: locks, rebuilds, data loss, what breaks."""
    from afterpush.migrate.lint.report import rendered
    from afterpush.workflows.schema import lint_migrations

    with ended_like_interrupted():
        found = lint_migrations(app_repository(), tables_from=tables_from, since=since, server=server)
    return answer(found, rendered, json=json, is_good=found.is_good(strict=strict))


EXTRA_STRICT = "let what only the app's schema has exit with 1 too"


@task()
def diff(
    strict: Flag[bool, EXTRA_STRICT] = False,
    server: Flag[str, SERVER] = "",
    json: Json = False,
) -> ExitCode:
    """Compare the app's schema with what the migrations make; only reads."""
    from afterpush.migrate.diff.compare import rendered
    from afterpush.workflows.schema import diff_schema

    with ended_like_interrupted():
        found = diff_schema(app_repository(), server=server)
    return answer(found, rendered, json=json, is_good=found.is_good(strict=strict))


@task()
def baseline(
    dry_run: Flag[bool, "check the baseline, and write nothing"] = False,
    server: Flag[str, SERVER] = "",
    json: Json = False,
) -> ExitCode:
    """Write the app's schema as the first migration, for a team that has none."""
    from afterpush.migrate.diff.report import rendered
    from afterpush.workflows.schema import write_baseline

    with ended_like_interrupted():
        found = write_baseline(app_repository(), server=server, dry_run=dry_run)
    return answer(found, rendered, json=json, is_good=not found.problems)


ns = Collection("migrate", audit, consolidate, apply, prove, lint, diff, baseline)
