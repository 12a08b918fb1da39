"""Where an endpoint is asked from outside, and which path the container sees."""

import pytest

from afterpush.appspec.healthcheck.target import HealthTarget, target_of
from afterpush.appspec.spec import AppSpec, SpecComponent, parse_spec
from afterpush.infra.errors import AfterpushError

SPEC = """\
name: shop
services:
- name: api
  health_check: {http_path: %s}
- name: web
ingress:
  rules:
  - {match: {path: {prefix: /api/v2}}, component: {name: web}}
  - {match: {path: {prefix: /api}}, component: {name: api%s}}
  - {match: {path: {prefix: /}}, component: {name: web}}
"""


def spec_with(more: str = "", path: str = "/health") -> tuple[AppSpec, SpecComponent]:
    spec = parse_spec(SPEC % (path, more), "app.yaml")
    return spec, spec.components[0]


def aimed(url: str, more: str = "", path: str = "/health") -> HealthTarget:
    return target_of(url, *spec_with(more, path))


@pytest.mark.parametrize(
    ("more", "inside"),
    [("", "/ready"), (", preserve_path_prefix: true", "/api/ready"), (", rewrite: /v1/", "/v1/ready")],
)
def test_the_container_sees_what_the_rule_leaves_of_the_public_path(more: str, inside: str) -> None:
    target = aimed("https://shop.example/api/ready?key=abc", more)
    assert (target.path, target.query) == (inside, "key=abc")
    assert target.url(inside) == "https://shop.example/api/ready"
    assert target.shown == "https://shop.example/api/ready"


def test_what_no_request_from_outside_reaches_has_no_address() -> None:
    target = aimed("https://shop.example/api/ready", ", preserve_path_prefix: true")
    assert target.url("/health") is None
    assert target.url("/api/health") == "https://shop.example/api/health"


def test_the_path_of_another_components_prefix_is_refused_by_name() -> None:
    with pytest.raises(AfterpushError, match=r"HEALTH_URL: /api/v2/h leads to web, whose prefix is /api/v2"):
        target_of("https://shop.example/api/v2/h", *spec_with(), "HEALTH_URL")


def test_a_path_outside_of_every_prefix_is_the_containers_own() -> None:
    target = aimed("http://10.0.0.7:8080/health")
    assert (target.path, target.rule) == ("/health", None)


def test_an_address_without_a_path_may_be_the_containers_or_the_public_one() -> None:
    near, far = aimed("http://127.0.0.1:8080"), aimed("https://shop.example")
    assert near.url(near.path) == "http://127.0.0.1:8080/health"
    assert far.url(far.path) == "https://shop.example/api/health"
    assert near.other and far.other
    assert near.other.shown == "http://127.0.0.1:8080/api/health"
    assert far.other.shown == "https://shop.example/health"
    assert not target_of("http://127.0.0.1:8080").is_named


def test_only_a_redirect_on_the_same_host_leads_to_a_path_of_the_component() -> None:
    target = aimed("https://shop.example/api/ready")
    assert target.own_path("/ready", "/api/ready/") == "/ready/"
    assert target.own_path("/ready", "ready/") == "/ready/"
    assert target.own_path("/ready", "https://elsewhere.example/ready/") is None
