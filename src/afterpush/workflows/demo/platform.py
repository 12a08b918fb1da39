"""The simulated platform of a demo: served by threads of this process, so that it ends with it."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from afterpush.simulator import FakePlatform, serve
from afterpush.simulator.api.server import LoopbackServer, QuietHandler, running
from afterpush.simulator.apps import App
from afterpush.simulator.model import FULL_ACCESS
from afterpush.simulator.scenario import SCENARIOS
from afterpush.simulator.specs import app_spec


@dataclass(frozen=True)
class Simulated:
    """A platform with one app that it deploys; `variables` is what a monitor finds both with."""

    platform: FakePlatform
    app: App
    url: str
    variables: dict[str, str]


@contextmanager
def simulated(
    speed: float, scenarios: Sequence[str], name: str, repository: str, branch: str, live_sha: str | None
) -> Iterator[Simulated]:
    """Serves a platform that is `speed` times faster than real; the n-th push takes the n-th scenario.

    `live_sha` is what the app, built from a branch of `repository` (owner/name), runs at first.
    """
    token = f"simulated-{secrets.token_hex(8)}"
    plans = [SCENARIOS[scenario]() for scenario in scenarios]
    platform = FakePlatform(tokens={token: FULL_ACCESS}, speed=speed, plans=plans)
    app = platform.add_app(app_spec(name, repository, branch), live_sha=live_sha)
    with (
        running(LoopbackServer(_health(lambda: platform.live_commit(app.id)))) as app.url,
        serve(platform) as url,
    ):
        variables = {
            "DIGITALOCEAN_TOKEN": token,
            "DIGITALOCEAN_API_URL": url,
            "AFTERPUSH_APP": name,
            "HEALTH_URL": f"{app.url}/health",
        }
        yield Simulated(platform, app, url, variables)


def _health(live_commit: Callable[[], str | None]) -> type[QuietHandler]:
    """The app itself: a health endpoint that tells the commit which is live there."""

    class Health(QuietHandler):
        def do_GET(self) -> None:
            commit = live_commit()
            body = json.dumps({"status": "healthy"} | ({"commit": commit} if commit else {})).encode()
            self.send_response_only(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Health
