"""Nothing that an agent starts outlives its attempt, whoever dies first."""

import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import asdict
from pathlib import Path

import pytest

from afterpush.infra.clock import SystemClock
from afterpush.swarm.agent.run_supervised import run_supervised
from afterpush.swarm.agent.supervisor import Ended, SupervisorRequest
from tests.support.swarm import alive, pid_in, tagged_environment
from tests.support.waiting import wait_until

# A grandchild that has left group, session and parent, and one that has cleared its environment.
DAEMON = "(setsid sh -c 'echo $$ >daemon; exec sleep 300' </dev/null >/dev/null 2>&1 &) ; "
CLEARED = "(env -i PATH=$PATH setsid sh -c 'echo $$ >cleared; exec sleep 300' >/dev/null 2>&1 &) ; "
BOTH = f"{DAEMON}{CLEARED}while [ ! -s daemon ] || [ ! -s cleared ]; do sleep 0.01; done; "


@pytest.fixture
def tag() -> str:
    return f"test-{uuid.uuid4().hex}"


def order(folder: Path, command: str, **bounds: float) -> SupervisorRequest:
    return SupervisorRequest(
        command,
        cwd=str(folder),
        log=str(folder / "log"),
        result=str(folder / "result"),
        grace_seconds=0.3,
        **bounds,
    )


def run(folder: Path, tag: str, command: str, *, stop_when: Path | None = None, **bounds: float) -> Ended:
    return run_supervised(
        order(folder, command, **bounds),
        tagged_environment(tag),
        is_stopped=lambda: bool(stop_when and stop_when.exists()),
        clock=SystemClock(),
    )


def is_gone(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def test_exit_code_and_output_are_kept(tmp_path: Path, tag: str) -> None:
    ended = run(tmp_path, tag, "echo out; echo err >&2; exit 7")
    assert (ended.how, ended.code) == ("exit", 7)
    assert sorted((tmp_path / "log").read_text().split()) == ["err", "out"]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_what_an_agent_leaves_running_is_ended_and_counted(tmp_path: Path, tag: str) -> None:
    ended = run(tmp_path, tag, f"{BOTH}exit 0")
    assert (ended.how, ended.code, ended.strays) == ("exit", 0, 2)
    assert is_gone(pid_in(tmp_path / "daemon"))
    assert is_gone(pid_in(tmp_path / "cleared"))


def test_a_hanging_agent_that_ignores_term_is_ended_at_its_timeout(tmp_path: Path, tag: str) -> None:
    ended = run(tmp_path, tag, f"trap '' TERM; {BOTH} sleep 300 & wait; sleep 300", timeout_seconds=1)
    assert ended.how == "timeout"
    assert alive(tag) == []
    assert is_gone(pid_in(tmp_path / "cleared"))


def test_stop_ends_everything(tmp_path: Path, tag: str) -> None:
    ended = run(tmp_path, tag, f"{BOTH} touch up; sleep 300", stop_when=tmp_path / "up")
    assert ended.how == "stopped"
    assert alive(tag) == []


def test_memory_above_the_limit_ends_the_agent(tmp_path: Path, tag: str) -> None:
    hog = f"{sys.executable} -c 'import time; held = bytearray(200_000_000); time.sleep(300)'"
    ended = run(tmp_path, tag, hog, memory_megabytes=120)
    assert ended.how == "memory"
    assert alive(tag) == []


def test_kill_of_the_supervisor_is_noticed_and_leaves_nothing_tagged(tmp_path: Path, tag: str) -> None:
    ended = run(tmp_path, tag, "kill -9 $PPID; sleep 300")
    assert ended.how == "lost"
    assert alive(tag) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_death_of_the_worker_ends_agent_daemons_and_supervisor(
    tmp_path: Path, tag: str, number: signal.Signals
) -> None:
    words = json.dumps(asdict(order(tmp_path, f"{BOTH} touch up; sleep 300")))
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import json, os, sys\n"
            "from afterpush.infra.clock import SystemClock\n"
            "from afterpush.swarm.agent.run_supervised import run_supervised\n"
            "from afterpush.swarm.agent.supervisor import SupervisorRequest\n"
            "request = SupervisorRequest(**json.loads(sys.argv[1]))\n"
            "run_supervised(request, os.environ | {'AFTERPUSH_SWARM': sys.argv[2]},"
            " is_stopped=lambda: False, clock=SystemClock())",
            words,
            tag,
        ]
    )
    wait_until((tmp_path / "up").exists, "the agent runs")
    worker.send_signal(number)
    worker.wait()
    wait_until(lambda: alive(tag) == [], "nothing of ours is alive")
    wait_until(lambda: is_gone(pid_in(tmp_path / "cleared")), "nor what has cleared its environment")
    assert json.loads((tmp_path / "result").read_text())["how"] == "stopped"
