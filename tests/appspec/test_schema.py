"""Our table of fields against DigitalOcean's published description."""

from collections.abc import Mapping
from typing import Any

import pytest

from afterpush.appspec.validate.schema import LIVENESS, READINESS, SHAPES, Field
from tests.support.api_schema import properties

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
    "hosted": "apps_github_source_spec",
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


@pytest.mark.parametrize("shape", list(MODELS))
def test_every_published_field_is_known_with_its_type_and_bounds(shape: str) -> None:
    for name, schema in properties(MODELS[shape]).items():
        assert name in SHAPES[shape], f"{shape}.{name} is published, but not in the table"
        _agree(f"{shape}.{name}", SHAPES[shape][name], schema)


def _agree(where: str, field: Field, schema: Mapping[str, Any]) -> None:
    told = schema["type"]
    kind = TYPES[told if isinstance(told, str) else told[0]]  # A list also has "null".
    assert field.type in ("any", kind), where
    if field.type == "whole" and ("minimum" in schema or "maximum" in schema):
        assert (field.least, field.most) == (schema.get("minimum"), schema.get("maximum")), where
    if field.type == "text" and "enum" in schema and field.choices:
        assert set(field.choices) == set(schema["enum"]), where
    if field.pattern and "pattern" in schema:
        assert field.pattern == schema["pattern"], where


def test_our_health_check_fields_are_the_published_ones_and_the_deprecated_path() -> None:
    assert set(READINESS) - set(properties("app_service_spec_health_check")) == {"path"}
    assert set(LIVENESS) == set(properties("app_health_check_spec"))


def test_the_hosts_of_sources_have_the_same_fields() -> None:
    for host in ("github", "gitlab", "bitbucket"):
        assert set(properties(f"apps_{host}_source_spec")) == set(SHAPES["hosted"])


def test_readiness_has_the_bounds_and_defaults_of_the_official_client() -> None:
    """godo, apps.gen.go, AppServiceSpecHealthCheck: the only complete list."""
    told = {
        name: (field.default, field.least, field.most)
        for name, field in READINESS.items()
        if field.type == "whole"
    }
    assert told == {
        "port": (None, 1, 65535),
        "initial_delay_seconds": (0, 0, 3600),
        "period_seconds": (10, 1, 300),
        "timeout_seconds": (1, 1, 120),
        "success_threshold": (1, 1, 50),
        "failure_threshold": (9, 1, 50),
    }
    assert {name: LIVENESS[name].default for name in told} == {
        "port": None,
        "initial_delay_seconds": 5,
        "period_seconds": 10,
        "timeout_seconds": 1,
        "success_threshold": 1,
        "failure_threshold": 18,
    }
