"""The simulated platform in tests: on the fake clock, behind a real loopback port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from afterpush.infra.http import Client, Response
from afterpush.simulator.model import TOKEN
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform, serve

SHA = "9a4df0b" + "1" * 33
OTHER_SHA = "c0ffee5" + "2" * 33
READ_ONLY = frozenset({"app:read"})


def from_image(name: str, repository: str, tag: str = "latest", **more: Any) -> dict[str, Any]:
    """A component that is a ready image."""
    image = {"registry_type": "DOCR", "repository": repository, "tag": tag}
    return {"name": name, "image": image, **more}


@dataclass(frozen=True)
class Served:
    """A platform that can be asked over HTTP; `app_id` is its first app."""

    platform: FakePlatform
    url: str

    @property
    def app_id(self) -> str:
        return next(iter(self.platform.apps))

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs to find it."""
        return {"DIGITALOCEAN_TOKEN": TOKEN, "DIGITALOCEAN_API_URL": self.url}

    def ask(self, target: str, method: str = "GET", body: object = None, token: str = TOKEN) -> Response:
        """One request with our own client; `target` is a path below the base, or a whole URL."""
        client = Client(timeout_seconds=10)
        try:
            url = target if target.startswith("http") else f"{self.url}{target}"
            content = None if body is None else json.dumps(body).encode()
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            return client.request(method, url, headers, content)
        finally:
            client.close()

    def document(self, target: str, method: str = "GET", body: object = None) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.ask(target, method, body)
        assert answer.status == 200, answer.text
        return json.loads(answer.body)

    def log_text(self, url: str) -> str:
        """What stands behind the address of an archive, past its redirects."""
        client = Client(timeout_seconds=10)
        try:
            return b"".join(client.stream(url)).decode()
        finally:
            client.close()


@contextmanager
def served(platform: FakePlatform | None = None, *, live_sha: str | None = None) -> Iterator[Served]:
    """A platform with one app, behind HTTP, on a clock that stands still until somebody sleeps."""
    platform = platform or FakePlatform(FakeClock())
    if not platform.apps:
        platform.add_app(live_sha=live_sha)
    with serve(platform) as url:
        yield Served(platform, url)
