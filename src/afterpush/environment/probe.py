"""What asking a source once came to."""

from dataclasses import dataclass, field

from afterpush.environment.report import Problem, Service, State

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
