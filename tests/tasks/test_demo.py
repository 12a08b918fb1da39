"""The demo as a newcomer runs it: a verdict for every push, and nothing left behind, however it ends."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli import AFTERPUSH, afterpush
from tests.support.processes import command_lines, folder_of
from tests.support.waiting import wait_until

DEMO = [*AFTERPUSH, "demo", "--fast"]


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Where the demo puts its folder: `left` tells what is still there."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def processes_in(folder: Path) -> list[str]:
    """The command line of every process that works in a folder or was told of it."""
    return [
        line
        for pid, line in command_lines().items()
        if str(folder) in line or str(folder) in str(folder_of(pid))
    ]


@contextmanager
def demo_until(room: Path, said: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo as a process of its own, as far as the line that contains `said`."""
    process = subprocess.Popen(
        DEMO, cwd=room, env=dict(os.environ) | {"TMPDIR": str(room)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if said in line:
                break
        else:
            pytest.fail(f"the demo never said {said!r}")
        yield process
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def test_every_push_has_its_verdict(room: Path) -> None:
    answer = afterpush(
        "demo",
        "--fast",
        "--json",
        cwd=room,
        env={
            "TMPDIR": str(room),
            # None of these may reach the demo's monitors.
            "DIGITALOCEAN_TOKEN": "a-real-token",
            "DIGITALOCEAN_API_URL": "https://api.example.org",
            "AFTERPUSH_APP": "real",
            "DB_HOST": "db.example.org",
            "GIT_DIR": "/nowhere",
        },
    )
    assert answer.code == 0, answer.err
    pushes = answer.json()["pushes"]
    assert [push["verdict"] for push in pushes] == ["live", "failed", "superseded", "live"]
    assert all(push.keys() == {"sha", "verdict", "category"} for push in pushes)
    assert all(re.fullmatch(r"[0-9a-f]{40}", push["sha"]) for push in pushes)
    assert [push["category"] for push in pushes] == [None, "lockfile_outdated", None, None]
    assert "SIMULATED" in answer.err
    assert "ERR_PNPM_OUTDATED_LOCKFILE" in answer.err
    assert "example.org" not in answer.err
    assert "a-real-token" not in answer.out + answer.err
    assert list(room.iterdir()) == []
    wait_until(lambda: not processes_in(room), "the demo's processes end")


def test_without_json_the_story_is_on_stdout(room: Path) -> None:
    answer = afterpush("demo", "--fast", cwd=room, env={"TMPDIR": str(room)})
    assert answer.code == 0
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert "SIMULATED" in lines[1]
    for verdict in ("LIVE: ", "FAILED: ", "SUPERSEDED: "):
        assert verdict in answer.out
    assert "2 of 3 went live" in answer.out
    assert "guide: afterpush deploy.explain --guide=lockfile_outdated" in answer.out, "as it was called"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["1. Ada pushes", "its log:"])
def test_an_interrupted_demo_leaves_nothing_behind(room: Path, number: signal.Signals, moment: str) -> None:
    with demo_until(room, moment) as process:
        process.send_signal(number)
        process.send_signal(number)
        out, _ = process.communicate(timeout=300)
        assert process.returncode == 130
        assert f"{number.name}: stopped" in out
        assert "Traceback" not in out
        assert list(room.iterdir()) == []
        wait_until(lambda: not processes_in(room), "the demo's processes end")


@pytest.mark.parametrize("moment", ["afterpush demo: ", "its log:", "3. Ada takes it back"])
def test_a_killed_demo_leaves_nothing_behind_either(room: Path, moment: str) -> None:
    with demo_until(room, moment) as process:
        if moment == "its log:":
            assert any("-m afterpush.workflows.demo.cleanup" in one for one in processes_in(room))
        process.kill()
        wait_until(lambda: not processes_in(room), "the demo's processes end")
        wait_until(lambda: not list(room.iterdir()), "the demo's folder is removed")


def test_a_reader_that_goes_away_ends_the_demo_without_a_traceback(room: Path) -> None:
    script = f"{' '.join(map(repr, DEMO))} 2>err | head -n 1"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=room,
        env=dict(os.environ) | {"TMPDIR": str(room)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("afterpush demo: ")
    assert "Traceback" not in (room / "err").read_text()
    assert [path.name for path in room.iterdir()] == ["err"]
    wait_until(lambda: not processes_in(room), "the demo's processes end")


def test_without_git_it_says_so_and_leaves_nothing(room: Path, tmp_path: Path) -> None:
    nothing = tmp_path / "bin"
    nothing.mkdir()
    answer = afterpush("demo", "--fast", "--json", cwd=room, env={"TMPDIR": str(room), "PATH": str(nothing)})
    assert answer.code == 2
    assert "git: it is not installed" in json.loads(answer.out)["error"]
    assert list(room.iterdir()) == []
