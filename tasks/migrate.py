"""Migrations in one place, with proof."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from invoke import Collection

from afterpush.infra.console import is_terminal, note, print_json, say
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.invocation import program
from afterpush.infra.processes.signals import ended_like_interrupted
from afterpush.tasks._task import number, task
from afterpush.workflows.app_repository import app_repository
from afterpush.workflows.database import app_database, proving_server, required_proving_server

if TYPE_CHECKING:
    from afterpush.infra.database import Address
    from afterpush.migrate.inputs import Inputs
    from afterpush.migrate.proof_report import Proof

JSON = "print one JSON document on stdout"
DRY_RUN = "ask the live schema what would be done, and do nothing"
WAIT = "how many seconds to wait while another run holds the lock (default 600)"
STRICT = "let other names of indexes and another order of columns count as differences"

LAX_STRICT = "let warnings (portability, duplicates, destructive statements, dead code) exit with 1 too"


@task(help={"strict": LAX_STRICT, "json": JSON})
def audit(context: Any, strict: bool = False, json: bool = False) -> ExitCode:
    """List what the migrations define and the boot script does not cover."""
    from secrets import token_hex

    from afterpush.migrate import audit_report
    from afterpush.migrate.audit import audit as audited
    from afterpush.migrate.judging import rejected_by_server
    from afterpush.migrate.repository import read_repository

    here = app_repository()
    repository = read_repository(here.repo, here.settings.migrate)
    with ended_like_interrupted():
        invalid = rejected_by_server(proving_server(here), repository, random_hex=token_hex, note=note)
    found = audited(repository, invalid)
    print_json(audit_report.document(found)) if json else say(audit_report.rendered(found))
    return ExitCode.GOOD if found.is_good(strict=strict) else ExitCode.BAD_ANSWER


TARGET = "sql (the consolidated file) or typescript (the boot script); default: the boot script's kind"
WITH_DATA = "also run the migrations' INSERTs, UPDATEs and DELETEs, once each"
DIFF = "print what would change, and change and prove nothing"


@task(help={"target": TARGET, "dry_run": DIFF, "with_data": WITH_DATA, "json": JSON})
def consolidate(
    context: Any, target: Any = None, dry_run: bool = False, with_data: bool = False, json: bool = False
) -> ExitCode:
    """Add what the boot script lacks, prove it, then drop the old way."""
    from secrets import token_hex

    from afterpush.migrate import consolidating, proof_report
    from afterpush.migrate.consolidate import parse_target
    from afterpush.migrate.judging import rejected_by_server
    from afterpush.migrate.repository import read_repository

    here = app_repository()
    repository = read_repository(here.repo, here.settings.migrate)
    server = proving_server(here)
    with ended_like_interrupted():
        outcome = consolidating.consolidate(
            repository,
            parse_target(target, repository),
            invalid=rejected_by_server(server, repository, random_hex=token_hex, note=note),
            with_data=with_data,
            dry_run=dry_run,
            prove=_prover(server) if server else None,
        )
    if json:
        print_json(consolidating.document(outcome))
    else:
        say(consolidating.rendered(outcome, proof_report.rendered))
    return outcome.exit_code


def _prover(server: "Address") -> "Callable[[Inputs], Proof]":
    """The proof on this server, of whatever inputs."""
    from secrets import token_hex

    from afterpush.infra.clock import SystemClock
    from afterpush.migrate.proof import prove

    def proved(inputs: "Inputs") -> "Proof":
        return prove(
            server,
            inputs.ways(),
            random_hex=token_hex,
            clock=SystemClock(),
            progress=note,
            unaudited=inputs.unaudited(),
        )

    return proved


@task(help={"dry_run": DRY_RUN, "wait": WAIT, "json": JSON})
def apply(context: Any, dry_run: bool = False, wait: Any = None, json: bool = False) -> ExitCode:
    """Run the consolidated steps on the database: one lock, resumable."""
    from afterpush.infra.clock import SystemClock
    from afterpush.migrate import apply as applying
    from afterpush.migrate.apply_report import bar, rendered
    from afterpush.migrate.inputs import steps_of

    here = app_repository()
    wait_seconds = number(wait, "--wait", default=600) or 0.0
    file = here.settings.migrate.consolidated
    steps = steps_of(here.repo, file)
    if not steps:
        raise AfterpushError(
            f"no steps in {file} to apply: `{program()} migrate.consolidate --target=sql` writes them"
        )
    address = app_database(here)
    if dry_run:
        applied = applying.preview(address, steps)
    else:
        with ended_like_interrupted(), bar(note, terminal=is_terminal() and not json) as progress:
            applied = applying.apply(
                address, steps, clock=SystemClock(), wait_seconds=wait_seconds, progress=progress
            )
    print_json(applied) if json else say(rendered(applied))
    return ExitCode.BAD_ANSWER if applied.drifted else ExitCode.GOOD


@task(help={"strict": STRICT, "json": JSON})
def prove(context: Any, strict: bool = False, json: bool = False) -> ExitCode:
    """Prove on a live server that old way and new way give one schema."""
    from secrets import token_hex

    from afterpush.infra.clock import SystemClock
    from afterpush.migrate import proof as proving
    from afterpush.migrate.inputs import read_inputs
    from afterpush.migrate.proof_report import rendered

    here = app_repository()
    inputs = read_inputs(here.repo, here.settings.migrate)
    with ended_like_interrupted():
        proof = proving.prove(
            required_proving_server(here),
            inputs.ways(),
            random_hex=token_hex,
            clock=SystemClock(),
            progress=note,
            unaudited=inputs.unaudited(),
            strict=strict,
        )
    print_json(proof) if json else say(rendered(proof))
    return ExitCode.GOOD if proof.proved else ExitCode.BAD_ANSWER


ns = Collection("migrate", audit, consolidate, apply, prove)
