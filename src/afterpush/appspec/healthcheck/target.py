"""Which component a health check is for, and where its endpoint is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from afterpush.appspec.routing import Rule, rule_for, rule_that_matches
from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import is_loopback


@dataclass(frozen=True)
class HealthTarget:
    """Where to ask. `path` is the component's own, which a health check asks inside of the container.

    `rule` is the one that leads there from outside; None: the address is the container's own. `is_named`:
    somebody chose the path. `other` is where the component may answer as well, when the address has no path.
    """

    base: str
    path: str
    query: str = ""
    rule: Rule | None = None
    is_named: bool = True
    other: "HealthTarget | None" = None

    def url(self, path: str) -> str | None:
        """The address of one of the component's own paths; None where no request from outside gets there."""
        public = self.rule.to_public(path) if self.rule else path
        return None if public is None else self.base + public

    @property
    def shown(self) -> str:
        """The address without user and query, which may be secret."""
        parts = urlsplit(self.url(self.path) or self.base)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def own_path(self, path: str, location: str) -> str | None:
        """The component's own path that a redirect of `path` leads to; None for another host."""
        target = urlsplit(urljoin(self.url(path) or self.base, location))
        if target.netloc != urlsplit(self.base).netloc:
            return None
        return self.rule.to_inside(target.path) if self.rule else target.path


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


def target_of(
    url: str, spec: AppSpec | None = None, component: SpecComponent | None = None, flag: str = "--url"
) -> HealthTarget:
    """Where a URL points; its own path wins over the spec's.

    A public path is taken apart by the rule that leads to the component. Raises AfterpushError when it is no
    http(s) URL, or leads to another component.
    """
    base, path, query = _parts(url, flag)
    rule = rule_for(spec, component) if spec and component else None
    if path in ("", "/"):
        check = component.readiness if component else None
        own = check.http_path if check else None
        direct = HealthTarget(base, own or "/", query, is_named=own is not None)
        if rule is None or not rule.public or rule.to_public(direct.path) is None:
            return direct
        public = HealthTarget(base, direct.path, query, rule, direct.is_named)
        first, second = (direct, public) if is_loopback(url) else (public, direct)
        return HealthTarget(base, first.path, query, first.rule, first.is_named, second)
    leading = rule_that_matches(spec, path) if spec and component else None
    if leading is None or component is None or (leading.component != component.name and not leading.public):
        return HealthTarget(base, path, query)
    if leading.component != component.name:
        owner = leading.component or "a redirect"
        raise AfterpushError(
            f"{flag}: {path} leads to {owner}, whose prefix is {leading.path}, and not to {component.name}; "
            f"pass --component={owner}, or the address of {component.name}"
        )
    if leading.is_exact:
        raise AfterpushError(
            f"{flag}: {path} leads to {component.name} by an exact match, and what the component sees of it "
            "is not documented; pass the component's own address"
        )
    return HealthTarget(base, leading.to_inside(path), query, leading)


def _parts(url: str, flag: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise AfterpushError(f"{flag}: expected http://HOST/PATH or https://HOST/PATH")
    return urlunsplit((parts.scheme, parts.netloc, "", "", "")), parts.path, parts.query


def live_target(
    app: Mapping[str, Any], spec: AppSpec | None, component: SpecComponent | None
) -> HealthTarget:
    """The endpoint of the live app, through its public address. Raises AfterpushError when it has none."""
    url = app.get("live_url") or app.get("default_ingress")
    if not isinstance(url, str) or not url:
        raise AfterpushError("the app has no live URL yet; pass --url")
    base, *_ = _parts(url, "the app's live URL")
    check = component.readiness if component else None
    path = check.http_path if check else None
    rule = rule_for(spec, component) if spec and component else None
    if component and (rule is None or rule.to_public(path or "/") is None):
        raise AfterpushError(
            f"{component.name} is not reached under a plain prefix of {url}: pass --url with its address"
        )
    return HealthTarget(base, path or "/", "", rule, is_named=path is not None)
