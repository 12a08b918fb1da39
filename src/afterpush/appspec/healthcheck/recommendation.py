"""What follows from a look at the app: both health checks, and what to be warned of."""

from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.appspec.healthcheck.check_values import CheckValues, liveness_check, readiness_check
from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.healthcheck.survey import Observed, best_other, liveness_endpoint
from afterpush.appspec.spec import AppSpec, HealthCheck, SpecComponent
from afterpush.appspec.validate.health_check_rules import is_liveness_name


@dataclass(frozen=True)
class Recommendation:
    """Values with reasons, and warnings in sentences.

    `refusal` says why nothing of it may be written; None: the recommended endpoint was seen ready, or none
    was asked and the path is left alone.
    """

    readiness: CheckValues
    liveness: CheckValues
    warnings: tuple[str, ...]
    refusal: str | None


def recommend(
    seen: Observed | None, startup: Startup | None, spec: AppSpec | None, component: SpecComponent | None
) -> Recommendation:
    """Pure: from what was seen (None: no endpoint was asked) and what the spec says."""
    endpoint, others = (seen.endpoint, list(seen.others)) if seen else (None, [])
    has_database = _has_database(seen, spec)
    current = component.readiness if component else None
    down = _says_not_ready(endpoint, others, current)
    best = _best(endpoint, others, down)
    # A query may be secret, so it is never written: a path that needs one stays only where the spec has it.
    is_kept = bool(best and seen and current and _keeps_own_query(best, seen.target.query, current))
    proven = best if best and (is_kept or not best.needs_query) else None
    alive = liveness_endpoint(endpoint, others, has_database)
    readiness = readiness_check(proven, startup, current, keeps_path=is_kept)
    liveness = liveness_check(alive, startup, component.liveness if component else None)
    warnings = [
        *_endpoint_warnings(seen, best if proven else None),
        *_database_warnings(proven, others, has_database),
        *_liveness_warnings(component, others, endpoint),
        *_start_warnings(startup, component),
    ]
    return Recommendation(readiness, liveness, tuple(warnings), _refusal(seen, proven, best, down))


def _says_not_ready(
    endpoint: Measured | None, others: list[Measured], current: HealthCheck | None
) -> Measured | None:
    """What was asked, or what the spec has, where it is there and says that the app is not ready."""
    configured = [other for other in others if current and other.path == current.http_path]
    asked = [endpoint] if endpoint else []
    return next((one for one in [*asked, *configured] if one.says_not_ready), None)


def _best(endpoint: Measured | None, others: list[Measured], down: Measured | None) -> Measured | None:
    """An outage is no reason for another check: a neighbour may be ready because it asks for less."""
    if down:
        return None
    return endpoint if endpoint and endpoint.readiness.ready else best_other(others)


def _keeps_own_query(best: Measured, asked_query: str, current: HealthCheck) -> bool:
    """Whether the spec has the path with a query of its own, which then stays."""
    own, _, query = (current.http_path or "").partition("?")
    is_same = own == best.path.partition("?")[0]
    return bool(query) and is_same and (not best.needs_query or query == asked_query)


def _refusal(
    seen: Observed | None, proven: Measured | None, best: Measured | None, down: Measured | None
) -> str | None:
    if seen is None or proven:
        return None
    if down:
        return (
            f"not written: {down.path} is there and says that the app is not ready; "
            "an outage is no reason for another check, so run this again when it is ready"
        )
    if best:
        return f"not written: {best.path} is ready only with its query, which may be secret; write it by hand"
    return "not written: no endpoint was seen ready, and an unproven one would only be another guess"


def _has_database(seen: Observed | None, spec: AppSpec | None) -> bool | None:
    """What an endpoint shows of a database counts for more than a spec that names none; None: not known."""
    answers = [seen.endpoint, *seen.others] if seen else []
    if any(one.shows_database for one in answers):
        return True
    return spec.has_database if spec else None


def _endpoint_warnings(seen: Observed | None, best: Measured | None) -> Iterator[str]:
    if seen is None:
        yield "no endpoint was asked: pass --url, or set HEALTH_URL or DIGITALOCEAN_TOKEN"
        return
    endpoint = seen.endpoint
    path = endpoint.path.partition("?")[0]
    if not endpoint.readiness.ready:
        found = f"; {best.path} is ready" if best else "; no other well-known endpoint is ready"
        yield f"{path} is not ready: it {endpoint.readiness.why}{'' if endpoint.says_not_ready else found}"
    elif endpoint.readiness.degraded:
        yield f"{path} is ready, but degraded: it {endpoint.readiness.why}"
    if seen.speaks_tls:
        yield "the port speaks TLS: try https:// in the address"
    rule = seen.target.rule
    if rule and rule.public != rule.inside:
        yield (
            f"the platform makes {path} of the public path {rule.to_public(path)}; "
            "the check asks the container, so it gets the container's path"
        )
    if seen.any_path_answers_ready:
        yield (
            f"every path answers like {path}, also one that nobody has: "
            "the answer proves only that something listens"
        )
    elif seen.any_path_answers_a_page:
        yield (
            "unknown paths answer 200 with a page (a catch-all route): "
            "a mistyped http_path would look healthy"
        )
    if endpoint.slowest_seconds > 1:
        yield (
            f"{path} took up to {endpoint.slowest_seconds:.1f} s: "
            "the platform's default timeout of 1 s would count that as a failure"
        )


def _database_warnings(
    best: Measured | None, others: list[Measured], has_database: bool | None
) -> Iterator[str]:
    if best is None or best.shows_database or has_database is False:
        return
    asks = next((other for other in others if other.readiness.ready and other.shows_database), None)
    hint = f"; {asks.path} does" if asks else ""
    yield (
        f"the readiness endpoint {best.path} does not show that it asks the database{hint}: "
        "it would stay green while the database is down"
    )


def _liveness_warnings(
    component: SpecComponent | None, others: list[Measured], endpoint: Measured | None
) -> Iterator[str]:
    configured = component.liveness.http_path if component and component.liveness else None
    for one in [*others, *([endpoint] if endpoint else [])]:
        is_meant = one.path == configured if configured else is_liveness_name(one.path)
        if is_meant and one.shows_database:
            yield (
                f"the liveness endpoint {one.path} depends on the database: "
                "an outage there would restart every instance"
            )


def _start_warnings(startup: Startup | None, component: SpecComponent | None) -> Iterator[str]:
    if startup is None:
        yield (
            "how long the app takes to start is not known, so the budget is left as it is: "
            "run this during a start, or pass --startup-seconds"
        )
        return
    current = component.readiness if component else None
    if current and component and current.budget_seconds < startup.seconds:
        yield (f"the spec gives {component.name} up after {current.budget_seconds} s, but {startup}")
