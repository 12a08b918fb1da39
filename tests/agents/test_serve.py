"""The server as a client has it: driven over stdio by the official SDK's own client."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.support.agent_scenarios import SCENARIOS, happened
from tests.support.mcp_client import session
from tests.support.waiting import wait_until

SERVER = [sys.executable, "-m", "afterpush", "agents.serve"]
FAULTY: tuple[tuple[str, dict[str, object]], ...] = (
    ("wait", {"seconds": -1}),
    ("wait", {"seconds": 1e9}),
    ("verdict", {"sha": 5}),
    ("verdict", {"sha": "\0"}),
    ("explain", {"logs": "a name that is not there"}),
)


def test_two_clients_ask_wait_and_read_at_once_in_their_own_roots(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with happened(SCENARIOS[5], tmp_path) as told:
        said: list[str] = []

        async def noted(progress: float, total: float | None, message: str | None) -> None:
            said.append(str(message))

        async def ask() -> None:
            elsewhere = tmp_path / "elsewhere"
            async with (
                session(SERVER, elsewhere, told.variables, roots=[told.folder]) as one,
                session([*SERVER, "--allow-push"], told.folder, told.variables) as other,
            ):
                offered = [{tool.name for tool in (await each.list_tools()).tools} for each in (one, other)]
                assert offered == [{"verdict", "wait", "explain"}, {"verdict", "wait", "explain", "push"}]
                waiting = asyncio.create_task(
                    one.call_tool("wait", {"sha": told.sha, "seconds": 1.5}, progress_callback=noted)
                )
                asked = await other.call_tool("verdict", {})
                waited = await waiting
                for answer in (asked, waited):
                    assert not answer.isError and answer.structuredContent
                    assert answer.structuredContent["verdict"] == "running", answer
                    assert answer.structuredContent["sha"] == told.sha
                assert len(asked.content) == 1 and said
                padded = await other.call_tool("verdict", {"sha": f" {told.sha}\n"})
                assert padded.structuredContent and padded.structuredContent["sha"] == told.sha
                for name, given in FAULTY:
                    refused = await one.call_tool(name, given)
                    assert refused.isError and refused.structuredContent, (name, given)
                    assert refused.structuredContent["code"] == "usage"
                    assert name in refused.structuredContent["message"]
                refused = await one.call_tool("push", {})
                assert refused.isError and "--allow-push" in refused.content[0].text  # type: ignore[union-attr]

        try:
            asyncio.run(ask())
        finally:
            stop = [sys.executable, "-m", "afterpush", "deploy.stop", "--all"]
            subprocess.run(stop, cwd=told.folder, check=True, capture_output=True)


def test_it_ends_with_its_client_and_prints_nothing_of_its_own(tmp_path: Path) -> None:
    server = subprocess.Popen(SERVER, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None and server.stdout is not None
    server.stdin.close()
    wait_until(lambda: server.poll() is not None, "the server ends")
    assert (server.returncode, server.stdout.read()) == (0, b"")
    server.stdout.close()


def test_without_the_sdk_it_says_in_one_line_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ImportError('not installed')\n")
    env = dict(os.environ) | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        SERVER, cwd=tmp_path, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "afterpush[agents]" in done.stderr
