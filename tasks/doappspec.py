"""The app spec: is it right, and do its health checks tell the truth?"""

from typing import Any

from invoke import Collection

from afterpush.ground.console import print_json, say
from afterpush.ground.errors import ExitCode
from afterpush.tasks._door import door, number, site

SPEC = "the app spec (default: appspec.path, .do/app.yaml)"
STARTUP = "how long the app takes to start (default: what the history of deployments says)"
JSON = "print one JSON document on stdout"


@door(help={"spec": SPEC, "startup_seconds": STARTUP, "json": JSON})
def validate(context: Any, spec: Any = None, startup_seconds: Any = None, json: bool = False) -> ExitCode:
    """Check the app spec: fields, bounds, health checks, sources, routes, secrets."""
    from afterpush.appspec.report import problem_text
    from afterpush.appspec.validation import has_error, problems_of
    from afterpush.tasks._app_spec import other_specs_here, spec_here, watched_here

    here = site()
    seconds = number(startup_seconds, "--startup-seconds")
    own = spec_here(here, spec)
    problems = problems_of(
        own, watched=watched_here(here), others=other_specs_here(here, spec), startup_seconds=seconds
    )
    print_json({"spec": own.name, "problems": problems}) if json else say(problem_text(problems, own.name))
    return ExitCode.BAD_ANSWER if has_error(problems) else ExitCode.GOOD


ns = Collection("doappspec", validate)
