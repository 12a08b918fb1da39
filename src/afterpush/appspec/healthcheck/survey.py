"""Looking at a running app from outside: its endpoint, its start, the neighbours and which of them fits."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from afterpush.appspec.healthcheck.probe import Measured, Origin
from afterpush.appspec.healthcheck.target import HealthTarget
from afterpush.appspec.validate.health_check_rules import is_liveness_name
from afterpush.digitalocean.health_verdict import NOWHERE
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Client

# Where apps put their health endpoints, the most telling names first; /up is Rails' and Laravel's, and
# /actuator/health Spring's.
WELL_KNOWN = (
    "/health/ready /readyz /ready /actuator/health/readiness /health /healthz /actuator/health "
    "/api/health /up /health/live /livez /live"
).split()
Choice = Callable[[Sequence[Measured]], Measured | None]


@dataclass(frozen=True)
class Observed:
    """What came over the wire. `nowhere` is the answer of a path that nobody has."""

    target: HealthTarget
    endpoint: Measured
    others: tuple[Measured, ...] = ()
    nowhere: Measured | None = None
    start_seconds: float | None = None
    speaks_tls: bool = False

    @property
    def any_path_answers_ready(self) -> bool:
        """Then the endpoint's answer proves only that somebody listens."""
        return bool(self.nowhere and self.nowhere.readiness.ready and _alike(self.nowhere, self.endpoint))

    @property
    def any_path_answers_a_page(self) -> bool:
        """A single-page app's catch-all route: a wrong http_path would pass unnoticed."""
        return bool(self.nowhere and self.nowhere.is_page and self.nowhere.status == 200)


def look_at(
    client: Client,
    target: HealthTarget,
    clock: Clock,
    *,
    wait_seconds: float,
    tries: int,
    also: Collection[str] = (),
    notice: Callable[[str], None] = lambda _: None,
) -> Observed:
    """Follows a start, measures the endpoint, looks at its neighbours (well-known ones, and those in `also`).

    What may be recommended is measured as often as what was asked. Raises AfterpushError (exit 6) when nobody
    listened within `wait_seconds`.
    """
    origin = Origin(client, target, clock)
    start = origin.follow_start(wait_seconds, notice)
    if not start.was_listening:
        raise AfterpushError(
            f"asking {target.shown}: nobody listened there within {wait_seconds:g} s; "
            "start the app, correct the address, or wait longer with --wait",
            ExitCode.UNREACHABLE,
        )
    if target.other and origin.look(target.path).is_nothing:
        second = Origin(client, target.other, clock)
        if not second.look(target.path).is_nothing:
            origin, target = second, target.other
    endpoint = _asked(origin, target, tries)
    if endpoint.status is None:
        return Observed(target, endpoint, start_seconds=start.seconds, speaks_tls=origin.speaks_tls())
    nowhere = origin.look(NOWHERE)
    found = _survey(origin, target, endpoint, also) if nowhere.status is not None else []
    others: Sequence[Measured] = [one for one in found if one.status != 404 and not _alike(one, nowhere)]
    if not endpoint.readiness.ready and not endpoint.says_not_ready:
        others = _confirmed(origin, others, best_other, tries)
        best = best_other(others)
        if best and not target.is_named:
            # Nobody chose the path, so what was found is what was asked for.
            endpoint, others = best, [one for one in others if one is not best]
    others = _confirmed(origin, others, lambda seen: liveness_endpoint(None, seen, None), tries)
    return Observed(target, endpoint, tuple(others), nowhere, start.seconds)


def _asked(origin: Origin, target: HealthTarget, tries: int) -> Measured:
    """The endpoint as the platform will ask it: without the query of the address, where that is ready too."""
    measured = origin.measure(target.path, tries, target.query)
    if target.query and measured.readiness.ready:
        bare = origin.measure(target.path, tries)
        return bare if bare.readiness.ready else measured
    return measured


def _survey(
    origin: Origin, target: HealthTarget, endpoint: Measured, also: Collection[str]
) -> list[Measured]:
    """The other endpoints, named and well-known, that answer; stops at the first that hangs.

    A redirect that only adds or drops a slash (Django, Next.js) is followed to where it leads.
    """
    inside = target.rule.inside if target.rule else ""
    paths = [*filter(None, [endpoint.leads_to]), *also, *WELL_KNOWN, *(inside + path for path in WELL_KNOWN)]
    found: dict[str, Measured] = {}
    while paths:
        path = paths.pop(0)
        if path in (target.path, *found) or target.url(path) is None:
            continue
        found[path] = origin.look(path)
        if found[path].status is None:
            del found[path]
            break
        if found[path].leads_to:
            paths.insert(0, found[path].leads_to or "")
    return list(found.values())


def _confirmed(origin: Origin, others: Sequence[Measured], choose: Choice, tries: int) -> list[Measured]:
    """The same, where the one that would be chosen was measured; when it falls, the next best is."""
    seen = list(others)
    while (chosen := choose(seen)) and not chosen.is_measured:
        measured = origin.measure(chosen.path, tries)
        seen = [measured if one is chosen else one for one in seen]
    return seen


def _alike(one: Measured, other: Measured) -> bool:
    """Two paths that answer the same: nothing of its own is behind either."""
    return (one.status, one.content_type, one.digest) == (other.status, other.content_type, other.digest)


def best_other(others: Sequence[Measured]) -> Measured | None:
    """The neighbour for readiness where what was asked is not there: the most telling one that is ready."""
    ready = [other for other in others if other.readiness.ready and not is_liveness_name(other.path)]
    return next((other for other in ready if other.shows_database), ready[0] if ready else None)


def liveness_endpoint(
    endpoint: Measured | None, others: Sequence[Measured], has_database: bool | None
) -> Measured | None:
    """An endpoint that answers for the process alone; one that shows a database is never that."""
    seen = [one for one in [*others, *([endpoint] if endpoint else [])] if one.readiness.ready]
    named = [one for one in seen if is_liveness_name(one.path) and not one.shows_database]
    if named:
        return named[0]
    # Without a database there is nothing that the one endpoint could depend on, as far as can be seen.
    alone = endpoint if has_database is False and endpoint and endpoint.readiness.ready else None
    return alone if alone and not alone.shows_database else None
