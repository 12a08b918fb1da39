"""The platform's word on a spec, and the live spec changed: against the simulated platform over HTTP."""

import copy
from collections.abc import Iterator

import pytest

from afterpush.appspec.healthcheck.live import live_app, live_change, live_spec, propose, put
from afterpush.appspec.spec import parse_spec
from afterpush.appspec.validate.problems import Severity
from afterpush.appspec.validate.proposal import as_json, platform_word
from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Client
from afterpush.infra.secrets import Secret
from afterpush.infra.secrets.redaction import Redactor
from afterpush.simulator.model import TOKEN
from afterpush.simulator.specs import app_spec
from tests.support.platform import READ_ONLY, Served, served

SPEC = """\
name: shop
services:
- name: web
  github: {repo: acme/shop, branch: main}
  envs:
  - {key: A, value: 3000}
  - {key: B, value: on}
  - {key: C, value: 1.10}
  health_check:
    http_path: /health
    %s
"""
CHECKS: dict[str, dict[str, int | str]] = {
    "health_check": {"http_path": "/health/ready", "failure_threshold": 12}
}


@pytest.fixture
def platform() -> Iterator[Served]:
    with served() as running:
        yield running


def api(platform: Served, token: str = TOKEN) -> AppPlatform:
    return AppPlatform(Client(timeout_seconds=10), Secret(token), platform.url)


def wanted(configured: str | None = "shop") -> Wanted:
    return Wanted(configured, frozenset({"acme/shop"}), frozenset({"main"}))


def test_a_spec_that_the_platform_takes_has_no_problem(platform: Served) -> None:
    spec = parse_spec(SPEC % "period_seconds: 5", "app.yaml")
    told = platform_word(api(platform), spec, wanted(), Redactor())
    assert (told.problems, told.why_not) == ((), None)
    assert told.answer is not None
    assert told.answer.cost_per_month is not None
    assert told.answer.cost_per_month_now is not None


def test_a_name_that_another_app_has_is_warned_of_with_the_platforms_own_proposal(platform: Served) -> None:
    platform.platform.add_app(app_spec("taken", "acme/other"))
    text = (SPEC % "period_seconds: 5").replace("name: shop", "name: taken")
    told = platform_word(api(platform), parse_spec(text, "app.yaml"), wanted(), Redactor())
    assert [(one.path, one.severity) for one in told.problems] == [("name", Severity.WARNING)]
    assert told.answer is not None
    assert told.answer.suggested_name
    assert told.answer.suggested_name in told.problems[0].cure


def test_what_the_platform_rejects_is_an_error_at_its_line(platform: Served) -> None:
    spec = parse_spec(SPEC % "period_seconds: 999", "app.yaml")
    told = platform_word(api(platform), spec, wanted(), Redactor())
    [problem] = told.problems
    assert (told.answer, told.why_not) == (None, None)
    assert (problem.path, problem.line, problem.severity) == (
        "services[0].health_check.period_seconds",
        11,
        Severity.ERROR,
    )
    assert "must be between 1 and 300" in problem.message


def test_a_platform_that_cannot_be_asked_is_told_and_is_no_problem_of_the_spec(platform: Served) -> None:
    spec = parse_spec(SPEC % "period_seconds: 5", "app.yaml")
    told = platform_word(api(platform, "wrong"), spec, wanted(), Redactor())
    assert told.problems == ()
    assert told.why_not is not None
    assert "token" in told.why_not


def test_an_app_that_is_configured_but_does_not_exist_is_a_usage_error(platform: Served) -> None:
    spec = parse_spec(SPEC % "period_seconds: 5", "app.yaml")
    with pytest.raises(AfterpushError, match="nobody") as raised:
        platform_word(api(platform), spec, wanted("nobody"), Redactor())
    assert raised.value.exit_code is ExitCode.USAGE


def test_values_are_sent_with_the_types_that_the_platforms_tools_read() -> None:
    document = as_json(parse_spec(SPEC % "period_seconds: 5", "app.yaml").node)
    assert [env["value"] for env in document["services"][0]["envs"]] == [3000, True, 1.1]
    assert document["services"][0]["health_check"] == {"http_path": "/health", "period_seconds": 5}


def test_only_the_health_check_of_the_live_spec_is_changed(platform: Served) -> None:
    app = platform.platform.apps[platform.app_id]
    secrets = [{"key": "JWT", "type": "SECRET", "value": "EV[1:abc:def]"}]
    app.spec["services"][0] |= {"envs": secrets, "health_check": {"path": "/", "port": 8080}}
    before = copy.deepcopy(app.spec)
    client = api(platform)
    change = live_change(live_app(client, wanted()), "web", CHECKS)
    propose(client, change)
    assert app.spec == before
    put(client, change)
    after = copy.deepcopy(app.spec)
    assert after["services"][0].pop("health_check") == {
        "port": 8080,
        "http_path": "/health/ready",
        "failure_threshold": 12,
    }
    before["services"][0].pop("health_check")
    assert after == before
    assert "EV[" not in change.diff
    assert "-  path: /" in change.diff
    assert "+  http_path: /health/ready" in change.diff
    assert live_change(live_app(client, wanted()), "web", CHECKS).is_empty


def test_a_spec_that_somebody_else_changed_meanwhile_is_left_alone(platform: Served) -> None:
    client = api(platform)
    change = live_change(live_app(client, wanted()), "web", CHECKS)
    platform.platform.apps[platform.app_id].spec["services"][0]["instance_count"] = 7
    with pytest.raises(AfterpushError, match="somebody else"):
        put(client, change)
    assert platform.platform.apps[platform.app_id].spec["services"][0]["instance_count"] == 7


def test_a_change_that_the_platform_rejects_is_not_put(platform: Served) -> None:
    client = api(platform)
    change = live_change(live_app(client, wanted()), "web", {"health_check": {"period_seconds": 999}})
    with pytest.raises(AfterpushError, match="must be between 1 and 300") as raised:
        propose(client, change)
    assert raised.value.exit_code is ExitCode.BAD_ANSWER


def test_what_the_platform_quotes_of_a_variable_is_not_passed_on(platform: Served) -> None:
    """Here the value of a variable is what the platform says anyway."""
    text = (SPEC % "period_seconds: 999").replace("value: 3000", "value: between 1 and 300")
    [problem] = platform_word(api(platform), parse_spec(text, "app.yaml"), wanted(), Redactor()).problems
    assert "must be [REDACTED]" in problem.message
    client = api(platform)
    platform.platform.apps[platform.app_id].spec["services"][0]["envs"] = [
        {"key": "A", "value": "between 1 and 300"}
    ]
    change = live_change(live_app(client, wanted()), "web", {"health_check": {"period_seconds": 999}})
    with pytest.raises(AfterpushError, match=r"must be \[REDACTED\]"):
        propose(client, change)


def test_a_token_without_the_scope_is_told_which_one_is_missing(platform: Served) -> None:
    platform.platform.tokens["reader"] = READ_ONLY
    client = api(platform, "reader")
    change = live_change(live_app(client, wanted()), "web", CHECKS)
    propose(client, change)
    with pytest.raises(ApiFailure, match="app:update"):
        put(client, change)


def test_a_component_that_is_not_live_is_named_with_those_that_are(platform: Served) -> None:
    with pytest.raises(AfterpushError, match=r"no service api \(it has: web\)"):
        live_change(live_app(api(platform), wanted()), "api", CHECKS)


def test_the_live_spec_can_be_judged_like_a_file() -> None:
    spec = live_spec({"id": "x", "spec": app_spec("caf", "acme/shop") | {"region": "fra\u2028é😀"}})
    assert [component.name for component in spec.components] == ["web"]
    readiness = spec.components[0].readiness
    assert readiness is not None
    assert readiness.http_path == "/health"
