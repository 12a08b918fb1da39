"""The server: the tools over stdin and stdout, with the official SDK of the Model Context Protocol.

The first major version of the SDK: it starts half a second sooner than the second (0.45 and 0.9 s of CPU to
import), and every client speaks its revision of the protocol.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from afterpush.agents.answers import Answer, fitted
from afterpush.agents.tool_descriptions import (
    INSTRUCTIONS,
    MOST_WAIT_SECONDS,
    SERVER_NAME,
    WAIT_SECONDS,
    described,
)
from afterpush.infra.errors import AfterpushError, depth_limit

LOOK_AGAIN_SECONDS = 0.5
ROOTS_SECONDS = 5.0
GOODBYE_SECONDS = 1.0
NO_SDK = (
    "agents.serve needs the official MCP SDK, which is not installed here: install afterpush with its extra "
    "`agents` (pip install 'afterpush[agents]'; from a checkout: AFTERPUSH_EXTRAS=agents ./inv --version)"
)
Progress = Callable[[float, str], Awaitable[None]]


class Tools(Protocol):
    """What the tools do, in the repository of the client. Each may raise AfterpushError."""

    def verdict(self, sha: str | None, *, detail: bool) -> Answer: ...

    def watch(self, sha: str | None) -> str:
        """Sees to it that the commit is watched; its full sha."""

    def progress(self, sha: str) -> str | None:
        """How far the watch is; None once it is over."""

    def explain(self, sha: str | None, log: str | None, *, detail: bool) -> Answer: ...

    def push(self, *, dry_run: bool, autostash: bool) -> Answer: ...

    def failure(self, error: AfterpushError) -> Answer:
        """An expected error as an answer."""


@dataclass(frozen=True)
class Service:
    """How the server is built: `tools_in` takes the folders that the client works in, if it tells any."""

    tools_in: Callable[[Sequence[Path]], Tools]
    version: str
    allow_push: bool


def serve(service: Service) -> None:
    """Serves the client at stdin and stdout until it goes. Raises AfterpushError without the SDK."""
    try:
        import mcp.server.stdio  # noqa: F401
    except ImportError as error:
        raise AfterpushError(NO_SDK) from error
    for name in [name for name, value in os.environ.items() if value in (f"${name}", f"${{{name}}}")]:
        del os.environ[name]  # A client that found no such variable hands on the place for it.
    # The protocol has the real stdout to itself: whatever else is printed goes to stderr.
    wire = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asyncio.run(_serve(service, wire))
    # Threads of tools that are still at work must not outlive the client.
    sys.stderr.flush()
    os._exit(0)


async def _serve(service: Service, wire: Any) -> None:
    import anyio
    from mcp import types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    server: Server[Any, Any] = Server(SERVER_NAME, version=service.version, instructions=INSTRUCTIONS)
    tools = [types.Tool.model_validate(one) for one in described(allow_push=service.allow_push)]

    async def list_tools() -> list[types.Tool]:
        return tools

    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        context = server.request_context
        folders = await _roots(context.session)
        token = context.meta.progressToken if context.meta else None

        async def progress(done: float, message: str) -> None:
            if token is not None:
                await context.session.send_progress_notification(token, done, message=message)

        answer = fitted(await _called(service, folders, name, arguments, progress))
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=answer.text)],
            structuredContent=answer.structured,
            isError=answer.is_error,
        )

    server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
    # The SDK's own refusals have neither code nor cure: the arguments are checked in `_called`.
    server.call_tool(validate_input=False)(call_tool)
    lines: Any = _lines()
    async with stdio_server(stdin=lines, stdout=anyio.wrap_file(wire)) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _lines() -> AsyncIterator[str]:
    """What the client says. At its end the SDK drops the answers in the making: they get a moment more."""
    import anyio

    async for line in anyio.wrap_file(TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")):
        yield line
    await anyio.sleep(GOODBYE_SECONDS)


async def _roots(session: Any) -> list[Path]:
    """The folders that the client says it works in; none where it does not tell."""
    told = session.client_params
    if told is None or told.capabilities.roots is None:
        return []
    from mcp.shared.exceptions import McpError

    try:
        answer = await asyncio.wait_for(session.list_roots(), ROOTS_SECONDS)
    except (McpError, TimeoutError, ValueError) as error:
        print(f"afterpush: the client does not tell its roots: {error}", file=sys.stderr)
        return []
    return [Path(unquote(urlsplit(str(root.uri)).path)) for root in answer.roots if root.uri.scheme == "file"]


async def _called(
    service: Service, folders: Sequence[Path], name: str, arguments: Mapping[str, Any], progress: Progress
) -> Answer:
    tools = service.tools_in(folders)
    try:
        _check(service, name, arguments)
        with depth_limit(name):
            return await _answer(service, tools, name, arguments, progress)
    except AfterpushError as error:
        return tools.failure(error)
    except (ValueError, OSError) as error:  # What no file or command can be named, for one.
        return tools.failure(AfterpushError(f"{name}: {error}; correct the arguments"))


def _check(service: Service, name: str, arguments: Mapping[str, Any]) -> None:
    """Holds the arguments against the tool's schema. Raises AfterpushError naming the one that is wrong."""
    import jsonschema

    schemas = {one["name"]: one["inputSchema"] for one in described(allow_push=service.allow_push)}
    try:
        jsonschema.validate(dict(arguments), schemas.get(name, {}))
    except jsonschema.ValidationError as error:
        which = f" {error.path[-1]}" if error.path else ""
        raise AfterpushError(f"{name}{which}: {error.message}; correct the arguments") from error


async def _answer(
    service: Service, tools: Tools, name: str, given: Mapping[str, Any], progress: Progress
) -> Answer:
    sha, detail = given.get("sha"), bool(given.get("detail"))
    sha = sha.strip() if sha else sha  # As `git rev-parse` prints it, with its newline.
    if name == "verdict":
        return await asyncio.to_thread(lambda: tools.verdict(sha, detail=detail))
    if name == "wait":
        seconds = min(float(given.get("seconds", WAIT_SECONDS)), MOST_WAIT_SECONDS)
        return await _waited(tools, sha, seconds, progress, detail=detail)
    if name == "explain":
        return await asyncio.to_thread(lambda: tools.explain(sha, given.get("log"), detail=detail))
    if name == "push" and service.allow_push:
        flags = {key: bool(given.get(key)) for key in ("dry_run", "autostash")}
        return await asyncio.to_thread(lambda: tools.push(**flags))
    if name == "push":
        raise AfterpushError(
            "push is off: the server was started without --allow-push; run the push in a shell"
        )
    raise AfterpushError(f"there is no tool {name!r}; there are verdict, wait, explain, push")


async def _waited(
    tools: Tools, sha: str | None, seconds: float, progress: Progress, *, detail: bool
) -> Answer:
    """The verdict, or `running` when the time is over; the watch goes on either way."""
    loop = asyncio.get_running_loop()
    began, said = loop.time(), None
    commit = await asyncio.to_thread(lambda: tools.watch(sha))
    while (now := await asyncio.to_thread(lambda: tools.progress(commit))) is not None:
        left = seconds - (loop.time() - began)
        if now != said:
            said = now
            await progress(round(loop.time() - began, 1), now)
        if left <= 0:
            break
        await asyncio.sleep(min(LOOK_AGAIN_SECONDS, left))
    return await asyncio.to_thread(lambda: tools.verdict(commit, detail=detail))
