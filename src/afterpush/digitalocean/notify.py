"""Telling the user that a deployment is over: a command of theirs, a webhook, a line at the next push.

The caller has a verdict already; what goes wrong here is a sentence for the log and nothing more.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.infra.configuration.approvals import configured, passed_variables
from afterpush.infra.errors import AfterpushError
from afterpush.infra.printable import one_line
from afterpush.infra.processes import run

if TYPE_CHECKING:
    from afterpush.infra.configuration.approvals import Trust
    from afterpush.infra.configuration.environment_variables import Environment
    from afterpush.infra.configuration.settings import Settings

COMMAND_SECONDS = 30
WEBHOOK_SECONDS = 10
_ACTIVE = re.compile(r"@(?=\w)|\](?=\()|:(?=//)")


@dataclass(frozen=True)
class Notification:
    """How the deployment of one commit ended. `category` is the cause of a failure, if it is known."""

    sha: str
    verdict: str
    message: str = ""
    app: str = ""
    category: str = ""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Notification":
        """From what `deploy.monitor --json` prints and a `.result` file holds."""
        return cls(*(one_line(str(document.get(name) or "")) for name in FIELDS))

    def line(self) -> str:
        """`1a2b3c4: failed (lockfile): the build could not ...` in one line."""
        kind = f"{self.verdict} ({self.category})" if self.category else self.verdict
        return ": ".join(filter(None, (self.sha[:7], kind, self.message)))


FIELDS = tuple(entry.name for entry in fields(Notification))
_FIELD = re.compile(rf"\{{({'|'.join(FIELDS)})\}}")


def notify(
    outcome: Notification, settings: "Settings", environment: "Environment", *, trust: "Trust", cwd: Path
) -> list[str]:
    """Runs `notify.command` and posts to the webhook; returns what went wrong, one line each.

    The command needs the user's yes (`trust`), and gets none of our secrets but those that
    `commands.variables` names. Never raises an expected error, and shows no secret.
    """
    redact = environment.redactor()
    told = Notification(*(redact(one_line(text)) for text in vars(outcome).values()))
    problems: list[str] = []
    command, variable = settings.notify.command, settings.notify.webhook_env
    if command:
        try:
            trust.require([configured("notify.command", command)])
        except AfterpushError as error:
            problems.append(str(error))
        else:
            problems += _run(command, told, environment.for_command(passed_variables(settings, trust)), cwd)
    if variable:
        problems += _post(variable, told, environment)
    return [redact(problem) for problem in problems]


def command_line(template: Sequence[str], outcome: Notification) -> list[str]:
    """The argv with its fields filled in, in one pass: braces in a message stay what they are."""
    values = vars(outcome)
    return [_FIELD.sub(lambda field: values[field[1]], word) for word in template]


def slack_payload(outcome: Notification) -> bytes:
    """The body that Slack and those that speak its format accept.

    Slack reads `&`, `<` and `>` as its own syntax (Slack API, "Formatting text for app surfaces").
    """
    where = f"{outcome.app}: " if outcome.app else ""
    text = inert(where + outcome.line()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": text}).encode()


def inert(text: str) -> str:
    """The text with an invisible space in what chats act on: `@everyone`, `[text](address)`, `https://`.

    Slack acts on `<!channel>` alone; Mattermost, and Discord behind `/slack`, read the plain words.
    """
    return _ACTIVE.sub(lambda found: f"{found[0][0]}\u200b{found[0][1:]}", text)


def _run(template: Sequence[str], outcome: Notification, env: Mapping[str, str], cwd: Path) -> list[str]:
    argv = command_line(template, outcome)
    try:
        done = run(argv, cwd=cwd, env=env, timeout_seconds=COMMAND_SECONDS)
    except AfterpushError as error:
        return [f"notify.command: {error}"]
    if done.code == 0:
        return []
    said = done.error_text.splitlines()
    return [f"notify.command: {argv[0]} ended with {done.code}" + (f": {said[-1]}" if said else "")]


def _post(variable: str, outcome: Notification, environment: "Environment") -> list[str]:
    from afterpush.infra.http import Client, NoAnswer

    url = environment.secret(variable)
    if url is None:
        return [f"notify.webhook_env: {variable} is not set; set it to the webhook's URL, or remove the key"]
    address = url.reveal().strip()  # A line end behind it is a common slip in a variable.
    if not _is_usable(address):
        return [f"notify.webhook_env: {variable} is no https:// URL"]
    client = Client(timeout_seconds=WEBHOOK_SECONDS)
    try:
        answer = client.request("POST", address, {"Content-Type": "application/json"}, slack_payload(outcome))
    except NoAnswer as error:
        # The path of such a URL is the secret, and it is in the error.
        return [f"notify.webhook_env: {variable}: {str(error).rpartition(': ')[2]}"]
    finally:
        client.close()
    return [] if answer.status < 300 else [f"notify.webhook_env: {variable}: answered {answer.status}"]


def _is_usable(address: str) -> bool:
    """Whether the wire would keep the address secret: https, or not beyond this machine."""
    from urllib.parse import urlsplit

    from afterpush.infra.http import is_loopback

    try:
        has_host = bool(urlsplit(address).hostname)
    except ValueError:
        return False
    return has_host and (address.startswith("https://") or is_loopback(address))
