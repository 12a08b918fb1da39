"""What the sources together mean: can a push be watched?"""

from afterpush.environment.probe import Probe
from afterpush.environment.report import Problem, State, error, warning
from afterpush.infra.invocation import command


def service_problems(probes: list[Probe]) -> list[Problem]:
    """What is wrong with the sources: an error when a watch would not start, or would learn nothing."""
    usable = [probe.service.name for probe in probes if probe.is_usable]
    configured = [probe for probe in probes if probe.service.configured]
    if not configured:
        return [
            error(
                "there is nothing to ask about a push: no source is configured",
                "set DIGITALOCEAN_TOKEN (scope app:read is enough), or DB_HOST and DB_PASS, or HEALTH_URL, "
                f"in the environment or in .env; to try it without an account: {command('demo --serve')}",
                "pushing, merging, migrations, prompts, docs: all but watching deployments",
            )
        ]
    problems = [_source_problem(probe, usable) for probe in configured if not probe.is_usable]
    return problems + [problem for probe in probes for problem in probe.advice]


def _source_problem(probe: Probe, usable: list[str]) -> Problem:
    what = f"{probe.service.name}: {probe.service.detail}"
    if probe.service.state is State.MISCONFIGURED or not usable:
        return error(what, probe.cure, "all but watching deployments")
    return warning(what, probe.cure, f"watching, by {' and '.join(usable)}")
