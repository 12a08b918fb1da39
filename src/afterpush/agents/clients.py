"""What each client reads from a repository: where its servers, its hook at the end of a turn and its
instructions are, and in which form. All of it as published in November 2026:

claude    code.claude.com/docs/en/mcp and /hooks (2.1): `.mcp.json`, `.claude/settings.json`, CLAUDE.md
codex     developers.openai.com/codex/mcp and /hooks (0.171): `.codex/config.toml`, read in trusted projects
cursor    cursor.com/docs/mcp and /agent/hooks (3.17): `.cursor/mcp.json`, `stop` in `.cursor/hooks.json`
copilot   code.visualstudio.com/docs/agents/reference/mcp-configuration (`.vscode/mcp.json`), docs.github.com
          copilot/reference/hooks-reference (`.github/hooks/*.json`; the event `Stop` has VS Code's form) and
          copilot-cli/customize-copilot/add-mcp-servers (`.github/mcp.json`)
gemini    geminicli.com/docs/hooks/reference and /tools/mcp-server (0.61): `.gemini/settings.json`, GEMINI.md

The files are committed, so the command names no path of one machine: `git config afterpush.agents`, which
`agents.install` writes into this clone alone, else `afterpush` on PATH. The repository's tasks.py is never
loaded by it: `inv` would run code that a commit brings.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.agents import block
from afterpush.infra.git.tracked_files import TRACKED_IN_SH

TARGETS = ("claude", "codex", "cursor", "copilot", "gemini")
PROGRAM_KEY = "afterpush.agents"
SERVER = "afterpush"
# A commit can overwrite an environment that git ignores: nothing of one that git tracks files in is run.
_FOUND = (
    f'p="$(git config --get {PROGRAM_KEY} || echo afterpush)"; '
    f'e=${{p%/bin/*}}; case $p in */bin/*) [ -z "$({TRACKED_IN_SH})" ] || '
    '{ echo "afterpush: git tracks files beside $p; it is not run" >&2; exit 0; };; esac; '
)
GATE = f'{_FOUND}"$p" agents.gate || :'  # An exit code of 2 would be a block.
GATE_SECONDS = 10
MOST_FOLLOW_UPS = 2
# Clients that start servers with few variables hand these on; `.env` is read by the server itself.
VARIABLES = (
    "DIGITALOCEAN_TOKEN",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "DIGITALOCEAN_API_URL",
    "AFTERPUSH_APP",
    "HEALTH_URL",
)


@dataclass(frozen=True)
class JsonPiece:
    """A value at a path of a JSON file; `also` is what a file of this kind needs besides."""

    file: str
    path: tuple[str, ...]
    value: Any
    mark: str
    also: tuple[tuple[str, Any], ...] = ()

    def is_ours(self, value: Any) -> bool:
        """Whether an entry is one that we wrote, now or in an earlier version."""
        return self.mark in json.dumps(value)


@dataclass(frozen=True)
class BlockPiece:
    """A marked block at the end of a text file."""

    file: str
    marks: block.Marks
    body: str


Piece = JsonPiece | BlockPiece


def server_words(*, allow_push: bool) -> list[str]:
    """The command that starts the server, for a client that takes a list of words."""
    flags = " --allow-push" if allow_push else ""
    return ["sh", "-c", f'{_FOUND}exec "$p" agents.serve{flags}']


def pieces(target: str, *, instructions: str, text: str, allow_push: bool) -> list[Piece]:
    """What `agents.install` writes for a client; `instructions` is the file that gets the `text`."""
    configured = _codex if target == "codex" else _JSON[target]
    return [*configured(server_words(allow_push=allow_push)), BlockPiece(instructions, block.MARKDOWN, text)]


def configured_command(target: str, document: Any) -> list[str] | None:
    """The command of our server in a client's configuration; None without one."""
    names = {"codex": "mcp_servers", "copilot": "servers"}
    servers = document.get(names.get(target, "mcpServers")) if isinstance(document, dict) else None
    entry = servers.get(SERVER) if isinstance(servers, dict) else None
    if not isinstance(entry, dict):
        return None
    return [str(entry.get("command")), *map(str, entry.get("args") or ())]


def instruction_file(target: str) -> str:
    """The file with instructions that the client reads by itself."""
    return {"claude": "CLAUDE.md", "gemini": "GEMINI.md"}.get(target, "AGENTS.md")


def server_file(target: str) -> str:
    """The file that names the server to the client."""
    return _SERVER_FILES[target]


_SERVER_FILES = {
    "claude": ".mcp.json",
    "codex": ".codex/config.toml",
    "cursor": ".cursor/mcp.json",
    "copilot": ".vscode/mcp.json",
    "gemini": ".gemini/settings.json",
}


def _server(file: str, words: Sequence[str], *, names: str = "mcpServers", **more: Any) -> JsonPiece:
    entry = {"command": words[0], "args": list(words[1:]), **more}
    return JsonPiece(file, (names, SERVER), entry, "agents.serve")


def _gate(
    file: str, event: str, hook: dict[str, Any], *, also: tuple[tuple[str, Any], ...] = ()
) -> JsonPiece:
    return JsonPiece(file, ("hooks", event, "[]"), hook, "agents.gate", also)


def _command(**more: Any) -> dict[str, Any]:
    return {"type": "command", "command": GATE, **more}


def _claude(words: Sequence[str]) -> list[Piece]:
    hook = {"hooks": [_command(timeout=GATE_SECONDS)]}
    return [_server(".mcp.json", words), _gate(".claude/settings.json", "Stop", hook)]


def _codex(words: Sequence[str]) -> list[Piece]:
    # TOML's literal strings take the command as it is; it has no single quote.
    body = [
        f"[mcp_servers.{SERVER}]",
        f'command = "{words[0]}"',
        f"args = [\"{words[1]}\", '{words[2]}']",
        f"env_vars = {json.dumps(VARIABLES)}",
        "",
        "[[hooks.Stop]]",
        "[[hooks.Stop.hooks]]",
        'type = "command"',
        f"command = '{GATE}'",
        f"timeout = {GATE_SECONDS}",
    ]
    return [BlockPiece(".codex/config.toml", block.TOML, "\n".join(body))]


def _cursor(words: Sequence[str]) -> list[Piece]:
    hook = {"command": GATE, "loop_limit": MOST_FOLLOW_UPS}
    return [
        _server(".cursor/mcp.json", words),
        _gate(".cursor/hooks.json", "stop", hook, also=(("version", 1),)),
    ]


def _copilot(words: Sequence[str]) -> list[Piece]:
    own = {name: f"${{{name}}}" for name in VARIABLES}
    return [
        _server(".vscode/mcp.json", words, names="servers", type="stdio"),
        _server(".github/mcp.json", words, type="stdio", tools=["*"], env=own),
        _gate(".github/hooks/afterpush.json", "Stop", _command(timeout=GATE_SECONDS), also=(("version", 1),)),
    ]


def _gemini(words: Sequence[str]) -> list[Piece]:
    hook = {"hooks": [_command(name="afterpush", timeout=GATE_SECONDS * 1000)]}
    # It hides variables whose names look like secrets from servers unless they are named.
    env = {name: f"${name}" for name in VARIABLES}
    return [
        _server(".gemini/settings.json", words, env=env),
        _gate(".gemini/settings.json", "AfterAgent", hook),
    ]


_JSON = {"claude": _claude, "cursor": _cursor, "copilot": _copilot, "gemini": _gemini}
