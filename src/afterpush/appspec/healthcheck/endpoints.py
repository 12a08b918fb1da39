"""Which of the endpoints that were seen fits which health check."""

from collections.abc import Sequence

from afterpush.appspec.healthcheck.probe import Measured
from afterpush.appspec.validate.health_check_rules import is_liveness_name


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
