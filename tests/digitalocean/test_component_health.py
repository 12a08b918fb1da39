"""What the platform says about running components."""

from typing import Any

import pytest

from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.component_health import judge_components, platform_ready
from afterpush.infra.http import Client
from afterpush.infra.secrets import Secret
from afterpush.simulator.model import TOKEN
from afterpush.simulator.specs import app_spec, from_github
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform, Fault
from tests.support.platform import SHA, served


def component(name: str, state: str | None = "HEALTHY", ready: int = 1, desired: int = 1) -> dict[str, Any]:
    return {"name": name, "state": state, "replicas_ready": ready, "replicas_desired": desired}


@pytest.mark.parametrize(
    ("components", "ready", "why"),
    [
        ([component("web"), component("queue")], True, "web, queue"),
        ([component("web"), component("queue", ready=1, desired=2)], False, "queue HEALTHY, 1 of 2"),
        ([component("queue", "UNHEALTHY")], False, "queue UNHEALTHY, 1 of 1"),
        ([component("queue", "UNKNOWN", 1, 1)], True, "queue"),
        ([{"name": "queue", "replicas_desired": 1}], False, "0 of 1"),
    ],
)
def test_all_components_must_be_ready(components: list[Any], ready: bool, why: str) -> None:
    found = judge_components({"app_health": {"components": components}})
    assert found and found.ready is ready and why in found.why


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"app_health": None}, {"app_health": {"components": {}}}, {"app_health": {"components": [7, {}]}},
        {"app_health": {"components": [component("job", "UNKNOWN", 0, 0)]}},
    ],
)  # fmt: skip
def test_what_tells_nothing_is_no_judgement(answer: dict[str, Any]) -> None:
    assert judge_components(answer) is None


def test_the_platform_is_asked_until_the_workers_are_ready(clock: FakeClock) -> None:
    platform = FakePlatform(clock)
    app = platform.add_app(app_spec() | {"workers": [from_github("queue", "acme/shop")]})
    with served(platform) as here:
        api = AppPlatform(Client(), Secret(TOKEN), here.url)
        before = platform_ready(api, app.id, clock, 0)
        assert before and not before.ready and "queue UNKNOWN, 0 of 1" in before.why
        platform.push(SHA)
        after = platform_ready(api, app.id, clock, 600)
        assert after and after.ready
        platform.fail(Fault.error(500))
        assert platform_ready(api, app.id, clock, 0) is None
