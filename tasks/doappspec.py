"""The app spec: is it right, and do its health checks tell the truth?"""

from typing import Annotated as Flag
from typing import Any

from invoke import Collection

from afterpush.infra.console import print_json
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.tasks._task import Json, answer, number, task, whole_number
from afterpush.workflows.app_repository import app_repository

SPEC = "the app spec (default: appspec.path, .do/app.yaml)"
STARTUP = "how long the app takes to start (default: what the history of deployments says)"


@task()
def validate(
    spec: Flag[Any, f"{SPEC}; - reads stdin"] = None,
    startup_seconds: Flag[Any, STARTUP] = None,
    strict: Flag[bool, "unknown fields are errors, as for doctl"] = False,
    json: Json = False,
) -> ExitCode:
    """Check the app spec: fields, types, health checks, sources, ingress, ports, references, secrets."""
    from afterpush.appspec.healthcheck.startup import startup_of
    from afterpush.appspec.validate.agreement import other_specs
    from afterpush.appspec.validate.problems import Validation
    from afterpush.appspec.validate.validation import problems_of
    from afterpush.workflows import spec_validation

    here = app_repository()
    seconds = number(startup_seconds, "--startup-seconds")
    own = spec_validation.spec_here(here, spec)
    startup = startup_of(seconds, None, spec_validation.deploying_seconds(here))
    told = spec_validation.platform_said(here, own)
    problems = problems_of(
        own,
        watched=spec_validation.watched_here(here),
        others=other_specs(here.repo, spec_validation.spec_path(here, spec)),
        startup=startup,
        is_strict=strict,
        dockerfile=lambda path: spec_validation.file_of(here, path),
        platform=told,
    )
    found = Validation(own.name, problems, told.answer)
    return answer(found, Validation.text, json=json, is_good=not found.has_error)


@task()
def healthcheck(
    url: Flag[
        Any, "the endpoint to measure (default: HEALTH_URL or health.url, else the app's live URL)"
    ] = None,
    spec: Flag[Any, SPEC] = None,
    component: Flag[Any, "the service that is meant, when the spec has several"] = None,
    startup_seconds: Flag[Any, "how long a start takes (default: followed, else from the history)"] = None,
    wait: Flag[Any, "seconds to wait for a first answer (default: 30)"] = None,
    tries: Flag[Any, "how often the endpoint is asked (default: 5)"] = None,
    ca: Flag[Any, "a PEM file with the certificate authorities of a private endpoint"] = None,
    write: Flag[
        bool, "write the recommended health_check into the spec, and touch nothing else in it"
    ] = False,
    liveness: Flag[bool, "with --write or --apply: liveness_health_check too"] = False,
    apply: Flag[
        bool, "change the health check in the live app (a token with app:update); starts a deployment"
    ] = False,
    yes: Flag[bool, "do not ask before --apply puts the change"] = False,
    dry_run: Flag[bool, "show what --write or --apply would change, and change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Measure the health endpoint and the start; recommend, write or apply the health check."""
    from afterpush.appspec.healthcheck.apply import written
    from afterpush.appspec.healthcheck.report import findings_text
    from afterpush.workflows import app_spec
    from afterpush.workflows.spec_validation import spec_path

    if apply and (write or spec):
        raise AfterpushError("--apply changes the live app and no file: use it without --write and --spec")
    here = app_repository()
    live = app_spec.live_here(here) if apply else None
    asked = app_spec.Asked(
        url=url,
        spec=spec,
        component=component,
        startup_seconds=number(startup_seconds, "--startup-seconds"),
        wait_seconds=number(wait, "--wait", default=30) or 0,
        tries=whole_number(tries, "--tries", default=5, least=1),
        ca=ca,
        is_to_be_written=write,
    )
    found = app_spec.measured(here, asked, live)
    if live:
        found = app_spec.applied(live, found, with_liveness=liveness, dry_run=dry_run, yes=yes)
    elif found.component and (write or dry_run):
        path = spec_path(here, spec)
        found = written(found, path, with_liveness=liveness, dry_run=dry_run or not write)
    print_json(found.document()) if json else app_spec.print_findings(found, findings_text(found))
    return found.exit_code


ns = Collection("doappspec", validate, healthcheck)
