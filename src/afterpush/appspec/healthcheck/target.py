"""Which component a health check is for, and where its endpoint is asked."""

from collections.abc import Mapping
from typing import Any

from afterpush.appspec.healthcheck.survey import HealthTarget, target_of
from afterpush.appspec.routing import rule_for
from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.infra.errors import AfterpushError


def meant_component(spec: AppSpec, named: str | None) -> SpecComponent:
    """The service that is meant: the named one, else the only one. Raises AfterpushError listing them."""
    services = spec.services()
    names = ", ".join(service.name for service in services)
    if named:
        for service in services:
            if service.name == named:
                return service
        raise AfterpushError(
            f"--component={named}: {spec.name} has no such service; it has: {names or 'none'}"
        )
    if len(services) == 1:
        return services[0]
    if not services:
        raise AfterpushError(f"{spec.name} has no service, so there is no health_check to recommend")
    raise AfterpushError(f"{spec.name} has several services; name one with --component: {names}")


def live_target(
    app: Mapping[str, Any], spec: AppSpec | None, component: SpecComponent | None
) -> HealthTarget:
    """The endpoint of the live app, through its public address. Raises AfterpushError when it has none."""
    url = app.get("live_url") or app.get("default_ingress")
    if not isinstance(url, str) or not url:
        raise AfterpushError("the app has no live URL yet; pass --url")
    check = component.readiness if component else None
    target = target_of(url, check.http_path if check else None, "the app's live URL")
    if spec is None or component is None:
        return target
    rule = rule_for(spec, component)
    if rule is None or rule.inside:
        raise AfterpushError(
            f"{component.name} is not reached under a plain prefix of {url}: pass --url with its address"
        )
    return HealthTarget(target.base + rule.public, target.path, target.query)
