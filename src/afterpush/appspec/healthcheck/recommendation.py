"""What follows from a look at the app: both health checks, and what to be warned of."""

from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.appspec.healthcheck.advice import CheckValues, liveness_check, readiness_check
from afterpush.appspec.healthcheck.endpoints import best_endpoint, liveness_endpoint
from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.healthcheck.startup import Startup
from afterpush.appspec.healthcheck.survey import Observed
from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.appspec.validate.health_check_rules import is_liveness_name


@dataclass(frozen=True)
class Recommendation:
    """Values with reasons, and warnings in sentences.

    `is_proven`: the recommended endpoint was seen ready, or none was asked and the path is left alone.
    """

    readiness: CheckValues
    liveness: CheckValues
    warnings: tuple[str, ...]
    is_proven: bool


def recommend(
    seen: Observed | None, startup: Startup | None, spec: AppSpec | None, component: SpecComponent | None
) -> Recommendation:
    """Pure: from what was seen (None: no endpoint was asked) and what the spec says."""
    endpoint, others = (seen.endpoint, list(seen.others)) if seen else (None, [])
    has_database = _has_database(seen, spec)
    best = best_endpoint(endpoint, others)
    alive = liveness_endpoint(endpoint, others, has_database)
    current = component.readiness if component else None
    readiness = readiness_check(best, startup, current)
    liveness = liveness_check(alive, startup, component.liveness if component else None)
    warnings = [
        *_endpoint_warnings(seen, best),
        *_database_warnings(best, others, has_database),
        *_liveness_warnings(component, others, endpoint),
        *_start_warnings(startup, component),
    ]
    return Recommendation(readiness, liveness, tuple(warnings), best is not None or seen is None)


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
    if not endpoint.readiness.ready:
        found = f"; {best.path} is ready" if best else "; no other well-known endpoint is ready"
        yield f"{endpoint.path} is not ready: it {endpoint.readiness.why}{found}"
    elif endpoint.readiness.degraded:
        yield f"{endpoint.path} is ready, but degraded: it {endpoint.readiness.why}"
    if seen.any_path_answers_ready:
        yield (
            f"every path answers like {endpoint.path}, also one that nobody has: "
            "the answer proves only that something listens"
        )
    elif seen.any_path_answers_a_page:
        yield (
            "unknown paths answer 200 with a page (a catch-all route): "
            "a mistyped http_path would look healthy"
        )
    if endpoint.slowest_seconds > 1:
        yield (
            f"{endpoint.path} took up to {endpoint.slowest_seconds:.1f} s: "
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
