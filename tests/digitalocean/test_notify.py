"""Telling the user how a deployment ended: with their command, with a webhook, and never at any price."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.digitalocean import notify as notifying
from afterpush.digitalocean.notify import Notification, command_line, slack_payload
from afterpush.infra.configuration.approvals import Trust, configured_items
from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.configuration.settings import Commands, Notify, Settings

SHA = "0123456789abcdef0123456789abcdef01234567"
FAILED = Notification(SHA, "failed", "the build ended with an error", "shop", "lockfile")
TOKEN = "dop_v1_" + "a" * 64


class Webhook:
    """An endpoint on loopback that remembers what it got."""

    def __init__(self, status: int) -> None:
        self.bodies: list[bytes] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0/B0/topsecretpart"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(params=[200])
def webhook(request: pytest.FixtureRequest) -> Iterator[Webhook]:
    endpoint = Webhook(request.param)
    yield endpoint
    endpoint.close()


def environment(**variables: str) -> Environment:
    return Environment({"PATH": "/usr/bin:/bin", **variables})


def notify(
    outcome: Notification,
    settings: Notify,
    environment: Environment,
    *,
    cwd: Path,
    passed: tuple[str, ...] = (),
) -> list[str]:
    """After a yes to the command, as the monitor tells it."""
    trust = Trust(cwd / ".git", {})
    whole = Settings(notify=settings, commands=Commands(variables=list(passed)))
    trust.say_yes(configured_items(whole))
    return notifying.notify(outcome, whole, environment.telling(settings.webhook_env), trust=trust, cwd=cwd)


def test_a_command_that_nobody_said_yes_to_is_not_run(tmp_path: Path) -> None:
    settings = Settings(notify=Notify(command=["touch", "told"]))
    problems = notifying.notify(
        FAILED, settings, environment(), trust=Trust(tmp_path / ".git", {}), cwd=tmp_path
    )
    assert "env.trust" in problems[0] and not (tmp_path / "told").exists()


def test_the_command_gets_no_secret_of_ours_unless_it_is_listed(tmp_path: Path) -> None:
    settings = Notify(command=["sh", "-c", "env > told"])
    variables = environment(DIGITALOCEAN_TOKEN="secret-token", DB_PASS="secret-pass", OTHER="mine")
    for passed, seen in (((), set()), (("DB_PASS",), {"DB_PASS"})):
        assert notify(FAILED, settings, variables, cwd=tmp_path, passed=passed) == []
        told = (tmp_path / "told").read_text()
        assert {
            name for name in ("DIGITALOCEAN_TOKEN", "DB_PASS") if name in told
        } == seen and "OTHER" in told


def test_no_message_calls_everybody_or_makes_a_link() -> None:
    text = json.loads(
        slack_payload(Notification(SHA, "failed", "@everyone see [this](https://evil.example)"))
    )["text"]
    assert not any(active in text for active in ("@everyone", "](", "https://"))
    assert text.replace("\u200b", "") == "0123456: failed: @everyone see [this](https://evil.example)"


def test_the_command_gets_every_field_as_its_own_argument(tmp_path: Path) -> None:
    script = "import json, sys; json.dump(sys.argv[1:], open('told', 'w'))"
    words = ["{sha}", "{verdict}", "{message}", "{app}", "{category}", "{verdict}: {message}", "{other}"]
    settings = Notify(command=[sys.executable, "-c", script, *words])
    assert notify(FAILED, settings, environment(), cwd=tmp_path) == []
    assert json.loads((tmp_path / "told").read_text()) == [
        SHA,
        "failed",
        "the build ended with an error",
        "shop",
        "lockfile",
        "failed: the build ended with an error",
        "{other}",
    ]


@given(st.text().filter(lambda text: "\0" not in text))
def test_no_message_can_add_an_argument_or_be_filled_in_again(message: str) -> None:
    assert command_line(["say", "{message}"], Notification(SHA, "live", message)) == ["say", message]


def test_a_secret_in_the_message_reaches_nobody(tmp_path: Path, webhook: Webhook) -> None:
    leaky = Notification(SHA, "failed", f"curl said {TOKEN} and hunter2secret")
    settings = Notify(
        command=["sh", "-c", 'printf %s "$1" > told', "sh", "{message}"], webhook_env="HOOK_URL"
    )
    problems = notify(
        leaky, settings, environment(DB_PASS="hunter2secret", HOOK_URL=webhook.url), cwd=tmp_path
    )
    told = (tmp_path / "told").read_text() + webhook.bodies[0].decode()
    assert problems == []
    assert TOKEN not in told and "hunter2" not in told and told.count("[REDACTED]") == 4


def test_the_webhook_gets_slack_json(tmp_path: Path, webhook: Webhook) -> None:
    outcome = Notification(SHA, "failed", "a <b> & c", "shop")
    assert (
        notify(outcome, Notify(webhook_env="HOOK_URL"), environment(HOOK_URL=webhook.url), cwd=tmp_path) == []
    )
    assert json.loads(webhook.bodies[0]) == {"text": "shop: 0123456: failed: a &lt;b&gt; &amp; c"}


def test_a_line_end_behind_the_webhooks_url_does_no_harm(tmp_path: Path, webhook: Webhook) -> None:
    url = f" {webhook.url}\n"
    assert notify(FAILED, Notify(webhook_env="HOOK_URL"), environment(HOOK_URL=url), cwd=tmp_path) == []
    assert len(webhook.bodies) == 1


@pytest.mark.parametrize("webhook", [404, 500], indirect=True)
def test_a_webhook_that_refuses_is_one_sentence_without_its_url(tmp_path: Path, webhook: Webhook) -> None:
    said = notify(FAILED, Notify(webhook_env="HOOK_URL"), environment(HOOK_URL=webhook.url), cwd=tmp_path)
    assert len(said) == 1 and "HOOK_URL: answered" in said[0] and "topsecretpart" not in said[0]


@pytest.mark.parametrize(
    ("settings", "variables", "said"),
    [
        (Notify(command=["no-such-program-here"]), {}, "cannot run no-such-program-here"),
        (Notify(command=["sh", "-c", "echo broken >&2; exit 3"]), {}, "ended with 3: broken"),
        (Notify(webhook_env="HOOK_URL"), {}, "HOOK_URL is not set"),
        (Notify(webhook_env="HOOK_URL"), {"HOOK_URL": "http://example.org/x"}, "no https:// URL"),
        (Notify(webhook_env="HOOK_URL"), {"HOOK_URL": "http://127.0.0.1:1/topsecretpart"}, "refused"),
        (Notify(webhook_env="HOOK_URL"), {"HOOK_URL": "https://[/topsecretpart"}, "no https:// URL"),
        (Notify(webhook_env="HOOK_URL"), {"HOOK_URL": "https://"}, "no https:// URL"),
    ],
)
def test_what_goes_wrong_is_said_and_never_raised(
    tmp_path: Path, settings: Notify, variables: dict[str, str], said: str
) -> None:
    problems = notify(FAILED, settings, environment(**variables), cwd=tmp_path)
    assert len(problems) == 1 and said in problems[0] and "topsecretpart" not in problems[0]


def test_without_configuration_nobody_is_told(tmp_path: Path) -> None:
    assert notify(FAILED, Notify(), environment(), cwd=tmp_path) == []


def test_an_outcome_is_read_from_the_document_of_a_monitor() -> None:
    document = {"sha": SHA, "verdict": "live", "message": "live\nafter 4 m", "app": None, "requests": 12}
    assert Notification.from_document(document) == Notification(SHA, "live", "live after 4 m")
    assert Notification.from_document(document).line() == "0123456: live: live after 4 m"


def test_the_payload_is_json_whatever_the_message_holds() -> None:
    assert json.loads(slack_payload(Notification(SHA, "failed", 'quote " and \\ and \u2028')))[
        "text"
    ].endswith("\u2028")
