"""The official SDK's client, for tests and measurements: a session with a server over stdio."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp import ClientSession, types


@asynccontextmanager
async def session(
    words: Sequence[str], folder: Path, variables: Mapping[str, str], roots: Sequence[Path] = ()
) -> AsyncIterator["ClientSession"]:
    """A client that has said hello to the server that `words` start; with `roots` it tells where it works."""

    # Imported by one worker instead of all: it takes as long as two hundred tests.
    from mcp import ClientSession, StdioServerParameters, types
    from mcp.client.stdio import stdio_client

    async def told(context: object) -> "types.ListRootsResult":
        return types.ListRootsResult(
            roots=[types.Root.model_validate({"uri": root.as_uri()}) for root in roots]
        )

    server = StdioServerParameters(
        command=words[0], args=list(words[1:]), cwd=folder, env=dict(os.environ) | dict(variables)
    )
    async with stdio_client(server) as (incoming, outgoing):
        callback = told if roots else None
        async with ClientSession(incoming, outgoing, list_roots_callback=callback) as client:
            await client.initialize()
            yield client
