"""`doappspec.validate`: all that can be said about a spec without sending it anywhere."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.spec import AppSpec
from afterpush.appspec.validate.agreement import disagreements
from afterpush.appspec.validate.component_rules import component_problems
from afterpush.appspec.validate.health_check_rules import health_problems
from afterpush.appspec.validate.ingress_rules import ingress_problems
from afterpush.appspec.validate.port_rules import port_problems
from afterpush.appspec.validate.problems import NOT_ASKED, PlatformWord, Severity, SpecProblem
from afterpush.appspec.validate.reference_rules import reference_problems
from afterpush.appspec.validate.secret_rules import secret_problems
from afterpush.appspec.validate.shape import shape_problems
from afterpush.appspec.validate.source_rules import Watched, source_problems


def problems_of(
    spec: AppSpec,
    *,
    watched: Watched,
    others: Sequence[AppSpec] = (),
    startup: Startup | None = None,
    is_strict: bool = False,
    dockerfile: Callable[[str], str | None] = lambda _: None,
    platform: PlatformWord = NOT_ASKED,
) -> list[SpecProblem]:
    """Every problem of the spec, by line.

    `startup` is how long a start takes, if known; `dockerfile` reads a file of the repository.
    What the `platform` rejects is left out where we say the same; when it takes the spec, what we took for
    errors of shape can only be notes.
    """
    shape = [
        *shape_problems(spec.node, is_strict=is_strict),
        *component_problems(spec),
        *source_problems(spec, watched),
        *ingress_problems(spec),
    ]
    if platform.answer:
        shape = [
            replace(
                one,
                severity=Severity.NOTE,
                message=f"{one.message}; the platform accepts the spec anyway",
            )
            if one.severity is Severity.ERROR
            else one
            for one in shape
        ]
    found = [
        *shape,
        *reference_problems(spec),
        *port_problems(spec, dockerfile),
        *health_problems(spec, startup),
        *secret_problems(spec),
        *disagreements(spec, others),
    ]
    prefix = "spec." if spec.is_template else ""
    known = {problem.path for problem in found if problem.severity is Severity.ERROR}
    found += [problem for problem in platform.problems if problem.path not in known]
    placed = (replace(one, path=one.path.removeprefix(prefix), file=spec.name) for one in found)
    return sorted(placed, key=lambda problem: problem.line)
