"""A small app to be deployed: a health endpoint on loopback whose answer can be switched while it runs."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from afterpush.simulator.api.server import LoopbackServer, QuietHandler, running


@dataclass
class FakeApp:
    """What the app answers, at any path but those in `missing`.

    `commit` may be a function: an app on the simulated platform tells the commit that is live there. `body`
    replaces the JSON document; `seconds` is how long an answer takes. Switch any of them at any time.
    """

    commit: str | Callable[[], str | None] | None = None
    health: str = "healthy"
    status: int = 200
    body: str | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    missing: tuple[str, ...] = ("/missing",)
    asked: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        commit = self.commit() if callable(self.commit) else self.commit
        return {"status": self.health} | ({"commit": commit} if commit else {})


@contextlib.contextmanager
def serve_app(app: FakeApp) -> Iterator[str]:
    """Serves the app; gives its base URL (append `/health`, or any path)."""
    handler = type("Handler", (AppHandler,), {"app": app})
    with running(LoopbackServer(handler)) as url:
        yield url


class AppHandler(QuietHandler):
    """Answers as the app's state says."""

    app: FakeApp

    def do_GET(self) -> None:
        app = self.app
        app.asked.append(self.path)
        if app.seconds:
            self.loopback.closing.wait(app.seconds)
        status = 404 if self.path.partition("?")[0] in app.missing else app.status
        text = json.dumps(app.document()) if app.body is None else app.body
        self.send_response_only(status)
        for name, value in {"Content-Type": app.content_type, **app.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())
