"""What asking a source once came to, and what the sources together mean: can a push be watched?"""

from dataclasses import dataclass, field

from afterpush.environment.report import Problem, Service, State, error, warning
from afterpush.infra.invocation import command

PROBE_SECONDS = 8.0
"""How long a source may take to answer."""


@dataclass(frozen=True)
class Probe:
    """A source that was asked; `cure` belongs to a state other than OK, `advice` to one that works."""

    service: Service
    cure: str = ""
    advice: list[Problem] = field(default_factory=list)

    @property
    def is_usable(self) -> bool:
        return self.service.state is State.OK


def outcome(
    name: str,
    state: State,
    detail: str,
    *,
    cure: str = "",
    target: str | None = None,
    seconds: float | None = None,
    advice: list[Problem] | None = None,
) -> Probe:
    """A probe's result; `seconds` is how long the answer took, None without one."""
    configured = state is not State.NOT_CONFIGURED
    milliseconds = None if seconds is None else round(seconds * 1000)
    reachable = milliseconds is not None
    return Probe(
        Service(name, state, configured, reachable, milliseconds, target, detail), cure, advice or []
    )


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
