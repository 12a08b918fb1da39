"""App specs as people write them, and a check of one."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from afterpush.appspec.healthcheck.startup import startup_of
from afterpush.appspec.spec import AppSpec, parse_spec
from afterpush.appspec.validate.problems import PlatformAnswer, PlatformWord, SpecProblem
from afterpush.appspec.validate.source_rules import Watched
from afterpush.appspec.validate.validation import problems_of

LIVE_FROM_MAIN = "    github: {repo: acme/app, branch: main, deploy_on_push: true}\n"
SOUND = (
    """\
name: shop
services:
  - name: web
    http_port: 8080
"""
    + LIVE_FROM_MAIN
    + """\
    health_check:
      http_path: /health/ready
      initial_delay_seconds: 20
      period_seconds: 10
      timeout_seconds: 3
      failure_threshold: 9
"""
)


def service(lines: str, more: str = "") -> str:
    """A sound spec with `lines` (indented by 4) in its one service, and `more` at the top level."""
    return f"name: shop\nservices:\n  - name: web\n{LIVE_FROM_MAIN}{lines}{more}"


def check(lines: str) -> str:
    """A spec whose service has this health check (lines indented by 6)."""
    return service(f"    health_check:\n{lines}")


def problems(
    text: str,
    *,
    startup_seconds: float | None = None,
    others: Sequence[AppSpec] = (),
    repos: Sequence[str] = ("acme/app",),
    branches: Sequence[str] = ("main",),
    name: str = "app.yaml",
    is_strict: bool = False,
    is_accepted: bool = False,
    files: Mapping[str, str] = MappingProxyType({}),
) -> list[SpecProblem]:
    return problems_of(
        parse_spec(text, name),
        watched=Watched(repos, branches),
        others=others,
        startup=startup_of(startup_seconds, None, []),
        is_strict=is_strict,
        platform=PlatformWord(answer=PlatformAnswer() if is_accepted else None),
        dockerfile=files.get,
    )


def at(found: Sequence[SpecProblem], path: str) -> list[tuple[str, int, str]]:
    """(severity, line, message) of the problems at a YAML path."""
    return [(one.severity.value, one.line, one.message) for one in found if one.path == path]
