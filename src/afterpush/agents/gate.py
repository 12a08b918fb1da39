"""Whether an agent may end its turn: not while its last push has no verdict, or a bad one.

The decision is pure, and cannot loop: the client's own marker lets go, and so do `MOST_BLOCKS` blocks of one
push, whatever the client sends. Turns after a failed push:

    stop                      -> block: 3a5c60a failed; call `explain`, mend the cause, push again
    stop, stop_hook_active    -> let go: this turn has heard it already
    next turn, stop           -> block, for the second and last time
    every later stop          -> let go
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afterpush.agents.guidance import todo

MOST_BLOCKS = 2
# A user's word or a network's fault: another turn of the agent mends neither.
LET_GO = frozenset({"live", "unreachable"})


@dataclass(frozen=True)
class Stop:
    """The end of a turn, as the client's hook tells it. `again`: a gate held this turn already."""

    client: str
    again: bool = False
    folder: Path | None = None
    transcript: Path | None = None


@dataclass(frozen=True)
class Pushed:
    """The last push of this session: its commit, what is known of it, and how often it blocked already."""

    sha: str
    verdict: str
    message: str
    blocks: int = 0


def read_stop(text: str, target: str = "") -> Stop | None:
    """What a client says at the end of a turn; None for another event, or what is no event at all.

    `target` names the client where its input does not.

    Claude Code, Codex and VS Code say `Stop` with `stop_hook_active`, Copilot's own form is in camelCase,
    Gemini says `AfterAgent`, Cursor `stop` with `loop_count`. Cursor's begins with a byte order mark.
    """
    try:
        event = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    client = _client(event) or _named(event, target)
    if client is None:
        return None
    again = event.get("stop_hook_active") is True or _count(event.get("loop_count")) > 0
    roots = event.get("workspace_roots")
    folder = roots[0] if isinstance(roots, list) and roots else event.get("cwd")
    transcript = event.get("transcript_path") or event.get("transcriptPath")
    return Stop(client, again, _path(folder), _path(transcript))


def _client(event: dict[str, Any]) -> str | None:
    name = event.get("hook_event_name") or event.get("hookEventName")
    if name == "Stop":
        return "vscode" if "hookEventName" in event else "claude"
    if name == "AfterAgent":
        return "gemini"
    if name == "stop" or "loop_count" in event:
        return "cursor" if event.get("status") in (None, "completed") else None
    return "copilot" if name in (None, "agentStop") and "stopReason" in event else None


def _named(event: dict[str, Any], target: str) -> str | None:
    """Of an event without a name: the client that the command line names, else one of Claude Code's kind."""
    if event.get("hook_event_name") or event.get("hookEventName"):
        return None
    return target or ("claude" if "stop_hook_active" in event else None)


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _path(value: Any) -> Path | None:
    return Path(value) if isinstance(value, str) and value.startswith("/") and "\0" not in value else None


def reason_to_block(stop: Stop, pushed: Pushed | None) -> str | None:
    """Why the turn may not end, and what to do; None lets go."""
    if pushed is None or stop.again or pushed.blocks >= MOST_BLOCKS or pushed.verdict in LET_GO:
        return None
    what = "has no verdict yet" if pushed.verdict == "running" else f"is not proved live ({pushed.verdict})"
    return f"Your last push, {pushed.sha[:7]}, {what}: {pushed.message}. {todo(pushed.verdict)}"


def block(client: str, reason: str) -> str:
    """The client's form of a block."""
    if client == "cursor":
        return json.dumps({"followup_message": reason})
    decision = {"decision": "deny" if client == "gemini" else "block", "reason": reason}
    if client == "vscode":
        return json.dumps(decision | {"hookSpecificOutput": {"hookEventName": "Stop", **decision}})
    return json.dumps(decision)
