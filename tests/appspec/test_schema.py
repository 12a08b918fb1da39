"""Our table of fields against DigitalOcean's published description and the official client's types."""

from collections.abc import Mapping
from typing import Any

import pytest

from afterpush.appspec.schema import Field, health_check_fields, platform
from tests.support.api_schema import properties

SHAPES = platform().shapes
MODELS = {
    "app": "app_spec",
    "service": "app_service_spec",
    "worker": "app_worker_spec",
    "job": "app_job_spec",
    "static_site": "app_static_site_spec",
    "function": "app_functions_spec",
    "database": "app_database_spec",
    "domain": "app_domain_spec",
    "env": "app_variable_definition",
    "git": "apps_git_source_spec",
    "github": "apps_github_source_spec",
    "grouped": "apps_gitlab_source_spec",
    "image": "apps_image_source_spec",
    "route": "app_route_spec",
    "ingress": "app_ingress_spec",
    "ingress_rule": "app_ingress_spec_rule",
    "ingress_match": "app_ingress_spec_rule_match",
    "path_match": "app_ingress_spec_rule_string_match_prefix",
    "authority_match": "app_ingress_spec_rule_string_match_exact",
    "ingress_component": "app_ingress_spec_rule_routing_component",
    "ingress_redirect": "app_ingress_spec_rule_routing_redirect",
    "maintenance": "app_maintenance_spec",
    "autoscaling": "app_autoscaling_spec",
    "service_termination": "app_service_spec_termination",
    "termination": "app_worker_spec_termination",
    "alert": "app_alert_spec",
    "health_check": "app_service_spec_health_check",
    "liveness_health_check": "app_health_check_spec",
}
TYPES = {
    "string": "text",
    "integer": "whole",
    "number": "number",
    "boolean": "truth",
    "array": "list",
    "object": "mapping",
}
# What the official client has and the description lacks, or calls by another type.
CLIENT_ONLY = {
    "service": {"inactivity_sleep"},
    "job": {"schedule", "timeout"},
    "ingress": {"secure_header", "load_balancer"},
    "path_match": {"exact"},
    "authority_match": {"prefix"},
    "health_check": {"path"},
}


@pytest.mark.parametrize("shape", list(MODELS))
def test_no_published_field_value_or_bound_is_an_error_of_ours(shape: str) -> None:
    for name, schema in properties(MODELS[shape]).items():
        if shape == "alert" and name == "rule":
            assert set(schema["enum"]) <= platform().alert_rules
            continue
        assert name in SHAPES[shape], f"{shape}.{name} is published, but not in the table"
        _permits(f"{shape}.{name}", SHAPES[shape][name], schema)


def _permits(where: str, field: Field, schema: Mapping[str, Any]) -> None:
    told = schema["type"]
    kind = TYPES[told if isinstance(told, str) else told[0]]  # A list also has "null".
    assert field.only_warns or field.type == kind, where
    if field.type == "whole":
        assert (field.least or 0) <= schema.get("minimum", 1), where
        assert field.most is None or field.most >= schema.get("maximum", 1), where
    if field.values:
        assert set(schema.get("enum", ())) <= set(field.values), where


@pytest.mark.parametrize("shape", list(CLIENT_ONLY))
def test_what_only_the_official_client_has_is_known_too(shape: str) -> None:
    assert CLIENT_ONLY[shape] <= set(SHAPES[shape])
    assert all(SHAPES[shape][name].is_known_to_doctl for name in CLIENT_ONLY[shape])


def test_what_doctl_does_not_know_is_marked() -> None:
    marked = {
        f"{shape}.{name}"
        for shape in SHAPES
        for name, one in SHAPES[shape].items()
        if not one.is_known_to_doctl
    }
    assert marked == {
        "static_site.image",
        "static_site.run_command",
        "static_site.log_destinations",
        "ingress.custom_error_page_url",
    }


def test_every_named_shape_and_type_is_there_and_every_source_is_dated() -> None:
    for shape in SHAPES.values():
        for field in shape.values():
            if field.type == "mapping" or (field.type == "list" and platform().item_field(field) is None):
                assert field.items in SHAPES
    assert all(len(source) == 3 for source in platform().sources.values())
    assert set(platform().components.values()) | {"database"} == set(platform().variables)


def test_the_checks_have_the_bounds_and_defaults_of_the_official_client() -> None:
    """godo, apps.gen.go, AppServiceSpecHealthCheck and HealthCheckSpec: the only complete list."""
    names = (
        "initial_delay_seconds",
        "period_seconds",
        "timeout_seconds",
        "success_threshold",
        "failure_threshold",
    )
    ready, alive = health_check_fields(), health_check_fields(is_liveness=True)
    assert [(ready[name].least, ready[name].most) for name in names] == [
        (0, 3600),
        (1, 300),
        (1, 120),
        (1, 50),
        (1, 50),
    ]
    assert [ready[name].default for name in names] == [0, 10, 1, 1, 9]
    assert [alive[name].default for name in names] == [5, 10, 1, 1, 18]
    assert alive["success_threshold"].most == 1
