"""Asking a configured server for its tools, as a client does: started in the repository, over its stdin."""

import json
from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.printable import one_line
from afterpush.infra.processes import run

PROBE_SECONDS = 20.0
_PROTOCOL = "2025-06-18"
_QUESTIONS = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": _PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "agents.status", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)


def why_silent(words: Sequence[str], folder: Path) -> str | None:
    """Why the server does not answer with its tools; None when it does."""
    asked = "".join(f"{json.dumps(question)}\n" for question in _QUESTIONS).encode()
    try:
        done = run(words, cwd=folder, input=asked, timeout_seconds=PROBE_SECONDS)
    except AfterpushError as error:
        return one_line(str(error))
    if any(_names_our_tools(line) for line in done.text.splitlines()):
        return None
    said = done.error_text.strip().splitlines()
    return one_line(said[-1]) if said else f"it ended with exit code {done.code}"


def _names_our_tools(line: str) -> bool:
    try:
        tools = json.loads(line)["result"]["tools"]
        return {"verdict", "wait"} <= {tool["name"] for tool in tools}
    except (ValueError, KeyError, TypeError):
        return False
