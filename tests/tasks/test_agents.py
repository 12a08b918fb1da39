"""agents.*: a client is set up, proved, and taken out again; its gate holds what is not live."""

import json
import os
import subprocess
import time
from pathlib import Path

from afterpush.workflows.agents.gate import gate
from tests.support.agent_scenarios import SCENARIOS, Told, happened
from tests.support.cli import afterpush
from tests.support.repositories import Repository

BUILD_FAILED = SCENARIOS[1]


def tracked_files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if ".git" not in path.parts and path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_client_is_set_up_proved_and_taken_out(repository: Repository) -> None:
    repository.write(".mcp.json", '{"mcpServers": {"theirs": {"command": "x"}}}')
    before = tracked_files(repository.path)
    shown = afterpush("agents.install", "--target=claude", "--dry-run", "--json", cwd=repository.path)
    assert shown.code == 0 and shown.json()["dry_run"] and tracked_files(repository.path) == before
    assert afterpush("agents.install", "--target=claude,codex", cwd=repository.path).code == 0
    written = b"".join(tracked_files(repository.path).values()).decode()
    assert (
        str(Path.home()) not in written and str(repository.path) not in written and "/python" not in written
    )
    answer = afterpush("agents.status", "--target=claude", "--json", cwd=repository.path)
    (claude,) = answer.json()["targets"]
    assert claude["installed"] and claude["answers"], claude
    assert claude["files"] == [".mcp.json", ".claude/settings.json", "CLAUDE.md"]
    assert afterpush("agents.uninstall", "--json", cwd=repository.path).code == 0
    assert tracked_files(repository.path) == before
    assert repository.git("config", "--get", "afterpush.agents", check=False) == ""


def test_a_command_that_a_commit_brings_under_our_name_is_not_started(repository: Repository) -> None:
    entry = {"command": "sh", "args": ["-c", "touch ran; exec afterpush agents.serve"]}
    repository.write(".mcp.json", json.dumps({"mcpServers": {"afterpush": entry}}))
    answer = afterpush("agents.status", "--target=claude", "--json", cwd=repository.path)
    (claude,) = answer.json()["targets"]
    assert answer.code == 1 and claude["installed"] and not claude["answers"]
    assert "not ours" in claude["problem"] and not (repository.path / "ran").exists()


def test_an_unknown_client_is_a_usage_error(repository: Repository) -> None:
    answer = afterpush("agents.install", "--target=emacs", "--json", cwd=repository.path)
    assert answer.code == 2 and "claude, codex" in answer.json()["error"]


def stop(
    told: Told, began_ago: float, *, active: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    """The end of a turn, as Claude Code tells it, through the command that is installed."""
    settings = json.loads((told.folder / ".claude/settings.json").read_text())
    line = settings["hooks"]["Stop"][0]["hooks"][0]["command"]
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - began_ago))
    transcript = told.folder.parent / "transcript.jsonl"
    transcript.write_text(json.dumps({"type": "user", "timestamp": began}) + "\n")
    event = {"hook_event_name": "Stop", "stop_hook_active": active, "transcript_path": str(transcript)}
    return subprocess.run(
        ["sh", "-c", line],
        cwd=told.folder,
        env=dict(os.environ) | told.variables | more,
        input=json.dumps(event | {"cwd": str(told.folder)}),
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_gate_holds_what_this_session_pushed_until_it_is_judged(tmp_path: Path) -> None:
    with happened(BUILD_FAILED, tmp_path) as told:
        assert afterpush("agents.install", "--target=claude", cwd=told.folder).code == 0
        assert stop(told, began_ago=60).stdout == ""  # Pushed before this session began.
        assert stop(told, began_ago=3000, active=True).stdout == ""
        silent = stop(told, began_ago=3000, DIGITALOCEAN_TOKEN="")
        assert silent.stdout == "" and "DIGITALOCEAN_TOKEN" in silent.stderr
        unwatched = json.loads(stop(told, began_ago=3000).stdout)
        assert unwatched["decision"] == "block" and "its watch has been started" in unwatched["reason"]
        waited = afterpush(
            "deploy.status", "--wait", f"--sha={told.sha}", cwd=told.folder, env=told.variables
        )
        assert waited.code == 1, waited.out
        failed = json.loads(stop(told, began_ago=3000).stdout)
        assert (
            failed["decision"] == "block" and "failed" in failed["reason"] and "explain" in failed["reason"]
        )
        assert stop(told, began_ago=3000).stdout == ""  # Twice for a push, and then no more.


def test_the_gate_lets_go_of_what_no_client_would_send() -> None:
    odd = gate('{"hook_event_name": "Stop", "cwd": "/\\ud800"}', {})
    assert odd.out is None and (odd.note or "").startswith("afterpush: the gate lets go")
    assert gate("[" * 100_000, {}).note is None
