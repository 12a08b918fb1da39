"""`doappspec.validate`: all that can be said about a spec without sending it anywhere."""

from collections.abc import Sequence
from dataclasses import replace

from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.spec import AppSpec
from afterpush.appspec.validate.agreement import disagreements
from afterpush.appspec.validate.environment_rules import variable_problems
from afterpush.appspec.validate.health_check_rules import health_problems
from afterpush.appspec.validate.problems import Severity, SpecProblem
from afterpush.appspec.validate.route_rules import route_problems
from afterpush.appspec.validate.shape import shape_problems
from afterpush.appspec.validate.source_rules import Watched, source_problems


def problems_of(
    spec: AppSpec,
    *,
    watched: Watched,
    others: Sequence[AppSpec] = (),
    startup: Startup | None = None,
    platform_said: Sequence[SpecProblem] = (),
) -> list[SpecProblem]:
    """Every problem of the spec, by line.

    `startup` is how long a start takes, if known; `platform_said` is what the API rejects,
    which is left out where we say the same.
    """
    found = [
        *shape_problems(spec.node),
        *source_problems(spec, watched),
        *route_problems(spec),
        *health_problems(spec, startup),
        *variable_problems(spec),
        *disagreements(spec, others),
    ]
    known = {problem.path for problem in found if problem.severity is Severity.ERROR}
    found += [problem for problem in platform_said if problem.path not in known]
    return sorted((replace(problem, file=spec.name) for problem in found), key=lambda problem: problem.line)


def has_error(problems: Sequence[SpecProblem]) -> bool:
    """Whether the answer is bad: warnings alone are none."""
    return any(problem.severity is Severity.ERROR for problem in problems)
