"""What an agent pays for the answer: our server beside DigitalOcean's, on twelve ends of a push.

The same questions of the same simulated platform, through the official SDK's client; the peer is asked for
the status of the app's deployment, its nearest tool. Right is an answer that names the state of this commit.

Run: python -m bench.agents [PATH of mcp-digitalocean, from the npm package @digitalocean/mcp]
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.support.agent_scenarios import SCENARIOS, Scenario, Told, happened
from tests.support.mcp_client import session

from bench._timing import command, interleaved

AFTERPUSH = str(Path(sys.executable).with_name("afterpush"))
OURS = [AFTERPUSH, "agents.serve", "--allow-push"]
ROUNDS = 15
# The platform's word for the state of the commit's own deployment.
PHASES = {
    "live": ("ACTIVE",),
    "failed": ("ERROR",),
    "superseded": ("SUPERSEDED", "CANCELED"),
    "running": ("BUILDING",),
    "canceled": ("CANCELED",),
}


@dataclass(frozen=True)
class Asked:
    """One question: whether the answer was right, and its bytes."""

    is_right: bool
    bytes: int


async def ours(told: Told) -> tuple[Asked, int, float]:
    began = time.perf_counter()
    async with session(OURS, told.folder, told.variables) as client:
        started = time.perf_counter() - began
        tools = len((await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True))
        answer = await client.call_tool("verdict", {"sha": told.sha})
    found = answer.structuredContent or {}
    is_right = (found["verdict"], found["code"]) == (told.scenario.verdict, told.scenario.code)
    is_right &= told.scenario.verdict is None or found["sha"] == told.sha
    return Asked(is_right, len(answer.model_dump_json(by_alias=True, exclude_none=True))), tools, started


async def theirs(program: str, told: Told) -> tuple[Asked, int, float]:
    address = told.variables["DIGITALOCEAN_API_URL"]
    token = told.variables["DIGITALOCEAN_TOKEN"] or "none"
    words = [program, "-services=apps", f"-digitalocean-api-endpoint={address}"]
    began = time.perf_counter()
    async with session(words, told.folder, {"DIGITALOCEAN_API_TOKEN": token}) as client:
        started = time.perf_counter() - began
        tools = len((await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True))
        answer = await client.call_tool(
            "apps-get-deployment-status", {"AppID": told.variables["AFTERPUSH_APP"]}
        )
    text = answer.model_dump_json(by_alias=True, exclude_none=True)
    is_right = _names_the_state(told.scenario, told.sha, text, is_error=bool(answer.isError))
    return Asked(is_right, len(text)), tools, started


def _names_the_state(scenario: Scenario, sha: str, text: str, *, is_error: bool) -> bool:
    if scenario.verdict in (None, "unreachable"):
        return is_error
    phases = PHASES.get(scenario.verdict or "", ())
    said = text.replace(" ", "")
    return not is_error and sha in said and any(f'\\"phase\\":\\"{one}' in said for one in phases)


def asked(scenario: Scenario, peer: str | None) -> list[tuple[Asked, int, float]]:
    with tempfile.TemporaryDirectory() as folder, happened(scenario, Path(folder)) as told:
        answers = [asyncio.run(ours(told))]
        return [*answers, asyncio.run(theirs(peer, told))] if peer else answers


def gate_seconds() -> dict[str, float]:
    """The installed line at the end of a turn, beside a Python that does nothing."""
    event = json.dumps({"hook_event_name": "Stop", "stop_hook_active": False}).encode()
    with tempfile.TemporaryDirectory() as folder, happened(SCENARIOS[0], Path(folder)) as told:
        env = dict(os.environ) | told.variables
        subprocess.run([AFTERPUSH, "agents.install", "--target=claude"], cwd=told.folder, check=True, env=env)
        settings = json.loads((told.folder / ".claude/settings.json").read_text())
        line = settings["hooks"]["Stop"][0]["hooks"][0]["command"]

        def gate() -> None:
            subprocess.run(["sh", "-c", line], cwd=told.folder, env=env, input=event, check=True, stdout=-3)

        nothing = command([sys.executable, "-c", "pass"], told.folder)
        return interleaved({"an empty Python": nothing, "the gate": gate}, ROUNDS)


def table(names: Sequence[str], found: dict[str, list[tuple[Asked, int, float]]]) -> None:
    print("| scenario | " + " | ".join(f"{name}: right, bytes" for name in names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for scenario, answers in found.items():
        cells = (f"{'yes' if one.is_right else 'NO'}, {one.bytes}" for one, _, _ in answers)
        print(f"| {scenario} | " + " | ".join(cells) + " |")
    for number, name in enumerate(names):
        column = [answers[number] for answers in found.values()]
        right = sum(one.is_right for one, _, _ in column)
        starts = median(started for _, _, started in column)
        print(
            f"\n{name}: {right} of {len(column)} right in one call; tool list {column[0][1]} bytes; "
            f"answers at most {max(one.bytes for one, _, _ in column)} bytes; start {starts:.2f} s (median)"
        )


def main() -> None:
    """Prints the tables."""
    peer = sys.argv[1] if len(sys.argv) > 1 else None
    found = {scenario.name: asked(scenario, peer) for scenario in SCENARIOS}
    table(["afterpush", *(["@digitalocean/mcp"] if peer else [])], found)
    taken = gate_seconds()
    print("\n" + "; ".join(f"{name}: {seconds * 1000:.0f} ms" for name, seconds in taken.items()))


if __name__ == "__main__":
    main()
