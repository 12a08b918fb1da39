"""The fields of an app spec that we know, with type, bounds and default.

Sources: DigitalOcean's OpenAPI description (models/app_spec.yml and below; a test compares this table
with it) and, where that has no bounds or lags behind, the comments of the official Go client godo
(apps.gen.go: readiness bounds and defaults, `path`, `features`, app-level `envs` and `alerts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

Type = Literal["text", "whole", "number", "truth", "list", "mapping", "any"]


@dataclass(frozen=True)
class Field:
    """One field. `shape` names the table of a mapping, or of the items of a list."""

    type: Type
    shape: str | None = None
    least: int | None = None
    most: int | None = None
    default: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    is_required: bool = False
    instead: str | None = None
    """What replaces a deprecated field."""


def _whole(least: int, most: int | None, default: int | None = None) -> Field:
    return Field("whole", least=least, most=most, default=default)


def _list(shape: str | None = None, instead: str | None = None) -> Field:
    return Field("list", shape, instead=instead)


def _mapping(shape: str | None = None, instead: str | None = None) -> Field:
    return Field("mapping", shape, instead=instead)


_NAME: Final = Field("text", pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$", is_required=True)
_TEXT: Final = Field("text")
_TRUTH: Final = Field("truth")

LIVENESS: Final[Mapping[str, Field]] = {
    "http_path": _TEXT,
    "port": _whole(1, 65535),
    "initial_delay_seconds": _whole(0, 3600, 5),
    "period_seconds": _whole(1, 300, 10),
    "timeout_seconds": _whole(1, 120, 1),
    "success_threshold": _whole(1, 1, 1),
    "failure_threshold": _whole(1, 50, 18),
}
READINESS: Final[Mapping[str, Field]] = dict(LIVENESS) | {
    "initial_delay_seconds": _whole(0, 3600, 0),
    "success_threshold": _whole(1, 50, 1),
    "failure_threshold": _whole(1, 50, 9),
    "path": replace(_TEXT, instead="http_path"),
}

_SOURCES: Final[Mapping[str, Field]] = {
    "git": _mapping("git"),
    "github": _mapping("hosted"),
    "gitlab": _mapping("hosted"),
    "bitbucket": _mapping("hosted"),
}
_ROUTED: Final[Mapping[str, Field]] = {
    "routes": _list("route", instead="ingress.rules"),
    "cors": _mapping(instead="ingress.rules[].cors"),
}
_BUILT: Final[Mapping[str, Field]] = dict(_SOURCES) | {
    "name": _NAME,
    "image": _mapping("image"),
    "dockerfile_path": _TEXT,
    "build_command": _TEXT,
    "run_command": _TEXT,
    "source_dir": _TEXT,
    "environment_slug": _TEXT,
    "envs": _list("env"),
    "log_destinations": _list(),
}
_RUNNING: Final[Mapping[str, Field]] = dict(_BUILT) | {
    "instance_count": _whole(1, None, 1),
    "instance_size_slug": _TEXT,
    "alerts": _list("alert"),
}

SHAPES: Final[Mapping[str, Mapping[str, Field]]] = {
    "app": {
        "name": _NAME,
        "region": _TEXT,
        "disable_edge_cache": _TRUTH,
        "disable_email_obfuscation": _TRUTH,
        "enhanced_threat_control_enabled": _TRUTH,
        "domains": _list("domain"),
        "services": _list("service"),
        "static_sites": _list("static_site"),
        "jobs": _list("job"),
        "workers": _list("worker"),
        "functions": _list("function"),
        "databases": _list("database"),
        "ingress": _mapping("ingress"),
        "egress": _mapping(),
        "maintenance": _mapping("maintenance"),
        "vpc": _mapping(),
        "envs": _list("env"),
        "alerts": _list("alert"),
        "features": _list(),
    },
    "service": dict(_RUNNING)
    | dict(_ROUTED)
    | {
        "autoscaling": _mapping("autoscaling"),
        "health_check": _mapping("health_check"),
        "liveness_health_check": _mapping("liveness_health_check"),
        "protocol": Field("text", choices=("HTTP", "HTTP2")),
        "http_port": _whole(1, 65535),
        "internal_ports": _list(),
        "termination": _mapping("service_termination"),
    },
    "worker": dict(_RUNNING)
    | {
        "autoscaling": _mapping("autoscaling"),
        "liveness_health_check": _mapping("liveness_health_check"),
        "termination": _mapping("termination"),
    },
    "job": dict(_RUNNING)
    | {
        "kind": Field("text", choices=("UNSPECIFIED", "PRE_DEPLOY", "POST_DEPLOY", "FAILED_DEPLOY")),
        "termination": _mapping("termination"),
    },
    "static_site": dict(_BUILT)
    | dict(_ROUTED)
    | {
        "index_document": _TEXT,
        "error_document": _TEXT,
        "catchall_document": _TEXT,
        "output_dir": _TEXT,
    },
    "function": dict(_SOURCES)
    | dict(_ROUTED)
    | {
        "name": _NAME,
        "source_dir": _TEXT,
        "alerts": _list("alert"),
        "envs": _list("env"),
        "log_destinations": _list(),
    },
    "database": {
        "name": _NAME,
        "cluster_name": _TEXT,
        "db_name": _TEXT,
        "db_user": _TEXT,
        "engine": Field(
            "text", choices=("UNSET", "MYSQL", "PG", "REDIS", "MONGODB", "KAFKA", "OPENSEARCH", "VALKEY")
        ),
        "production": _TRUTH,
        "version": _TEXT,
        "size": _TEXT,
        "num_nodes": Field("whole"),
    },
    "domain": {
        "domain": Field("text", is_required=True),
        "type": Field("text", choices=("UNSPECIFIED", "DEFAULT", "PRIMARY", "ALIAS")),
        "wildcard": _TRUTH,
        "zone": _TEXT,
        "certificate": _TEXT,
        "minimum_tls_version": Field("text", choices=("1.2", "1.3")),
    },
    "env": {
        "key": Field("text", pattern=r"^[_A-Za-z][_A-Za-z0-9]*$", is_required=True),
        "scope": Field("text", choices=("UNSET", "RUN_TIME", "BUILD_TIME", "RUN_AND_BUILD_TIME")),
        "type": Field("text", choices=("GENERAL", "SECRET")),
        "value": _TEXT,
    },
    "git": {"branch": _TEXT, "repo_clone_url": _TEXT},
    "hosted": {"branch": _TEXT, "deploy_on_push": _TRUTH, "repo": Field("text", pattern=r"^[^/\s]+/[^\s]+$")},
    "image": {
        "registry": _TEXT,
        "registry_type": Field("text", choices=("DOCKER_HUB", "DOCR", "GHCR")),
        "registry_credentials": _TEXT,
        "repository": _TEXT,
        "tag": _TEXT,
        "digest": _TEXT,
        "deploy_on_push": _mapping("image_push"),
    },
    "image_push": {"enabled": _TRUTH},
    "route": {"path": _TEXT, "preserve_path_prefix": _TRUTH},
    "ingress": {
        "rules": _list("ingress_rule"),
        "custom_error_page_url": _TEXT,
        "load_balancer": _TEXT,
        "load_balancer_size": Field("whole"),
    },
    "ingress_rule": {
        "match": _mapping("ingress_match"),
        "component": _mapping("ingress_component"),
        "redirect": _mapping("ingress_redirect"),
        "cors": _mapping(),
    },
    "ingress_match": {"path": _mapping("path_match"), "authority": _mapping("authority_match")},
    "path_match": {"prefix": _TEXT},
    "authority_match": {"exact": _TEXT},
    # The description calls preserve_path_prefix text, its own prose and godo a truth value.
    "ingress_component": {"name": _TEXT, "preserve_path_prefix": Field("any"), "rewrite": _TEXT},
    "ingress_redirect": {
        "uri": _TEXT,
        "authority": _TEXT,
        "port": Field("whole"),
        "scheme": _TEXT,
        "redirect_code": Field("whole"),
    },
    "maintenance": {"enabled": _TRUTH, "archive": _TRUTH, "offline_page_url": _TEXT},
    "autoscaling": {
        "min_instance_count": _whole(1, None),
        "max_instance_count": _whole(1, 250),
        "metrics": _mapping(),
    },
    "service_termination": {"drain_seconds": _whole(1, 110), "grace_period_seconds": _whole(1, 600)},
    "termination": {"grace_period_seconds": _whole(1, 600)},
    "alert": {
        "rule": _TEXT,
        "disabled": _TRUTH,
        "operator": _TEXT,
        "value": Field("number"),
        "window": _TEXT,
    },
    "health_check": READINESS,
    "liveness_health_check": LIVENESS,
}

COMPONENTS: Final[Mapping[str, str]] = {
    "services": "service",
    "workers": "worker",
    "jobs": "job",
    "static_sites": "static_site",
    "functions": "function",
}
