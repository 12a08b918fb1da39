"""The same swarm on a dask cluster: a scheduler and two workers, real processes on loopback."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import AFTERPUSH, afterpush
from tests.support.cluster import cluster
from tests.support.repositories import Repository
from tests.support.swarm import alive, main_files, with_roadmap
from tests.support.waiting import wait_until

pytest.importorskip("distributed", reason="the extra swarm is not installed")

WRITE = "echo done >$AFTERPUSH_TASK"


def tag_of(repository: Repository) -> str:
    return f"{(repository.path / '.git/afterpush/swarm').resolve()}:"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as found:
        yield found


def test_the_same_tasks_give_the_same_main_as_with_threads(
    repository: Repository, address: str, tmp_path: Path
) -> None:
    with_roadmap(repository, "QA-001", "QA-002", "QA-003")
    subprocess.run(["cp", "-r", repository.remote, tmp_path / "twin.git"], check=True)
    twin = Repository(tmp_path / "twin", tmp_path / "twin.git")
    subprocess.run(["git", "clone", "-q", twin.remote, twin.path], check=True)
    words = ["swarm.run", "--ready", "--agents=3", f"--command={WRITE}", "--json"]
    there = afterpush(*words, "--engine=dask", f"--scheduler={address}", cwd=repository.path)
    here = afterpush(*words, cwd=twin.path)
    assert (there.code, here.code) == (0, 0), there.err + here.err
    assert main_files(repository) == main_files(twin)
    assert alive(tag_of(repository)) == []


def test_a_worker_killed_in_the_middle_of_a_task_lands_it_once_by_a_new_attempt(
    repository: Repository, address: str
) -> None:
    with_roadmap(repository, "QA-001", "QA-002")
    # The agent's parent is the supervisor, whose parent is the worker.
    kill_worker = 'set -- $(cat /proc/$PPID/stat); (setsid sleep 300 &); kill -9 "$4"; sleep 300'
    agent = f"if [ $AFTERPUSH_TASK$AFTERPUSH_ATTEMPT = QA-0011 ]; then {kill_worker}; fi; {WRITE}"
    answer = afterpush(
        *("swarm.run", "--ready", "--agents=2", f"--command={agent}", "--json", "--engine=dask"),
        f"--scheduler={address}",
        cwd=repository.path,
        timeout_seconds=120,
    )
    assert answer.code == 0, answer.err
    attempts = {entry["task"]: entry["attempt"] for entry in answer.json()["tasks"]}
    assert attempts["QA-001"] == 2
    wait_until(lambda: alive(tag_of(repository)) == [], "nothing of the killed worker's agent is alive")
    log = ["log", "--format=%(trailers:key=Swarm-Task,valueonly)", "main"]
    landed = repository.git("--git-dir", str(repository.remote), *log)
    assert sorted(landed.split()) == ["QA-001", "QA-002"]


def test_an_agent_that_removes_its_worktree_there_lands_and_one_that_failed_has_nothing_to_merge(
    repository: Repository, address: str
) -> None:
    """A worker's branch begins with an empty commit of its own: that is no work."""
    with_roadmap(repository, "QA-001", "QA-002")
    tidy = f'{WRITE}; git add .; git commit -qm done; rm -rf "$PWD"'
    agent = f"if [ $AFTERPUSH_TASK = QA-001 ]; then {tidy}; else exit 3; fi"
    answer = afterpush(
        *("swarm.run", "--ready", f"--command={agent}", "--json", "--engine=dask", f"--scheduler={address}"),
        cwd=repository.path,
    )
    states = {entry["task"]: entry["state"] for entry in answer.json()["tasks"]}
    assert states == {"QA-001": "merged", "QA-002": "failed"}, answer.err
    assert "QA-001" in main_files(repository)
    merged = afterpush("swarm.merge", "--tasks=QA-002", "--json", cwd=repository.path)
    assert [entry["state"] for entry in merged.json()["tasks"]] == ["empty"], merged.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_end_of_the_manager_ends_the_agents_on_the_workers(
    repository: Repository, address: str, tmp_path: Path, number: signal.Signals
) -> None:
    with_roadmap(repository, "QA-001")
    agent = f"(setsid sleep 300 &); touch {tmp_path / 'up'}; sleep 300"
    words = ["swarm.run", "--ready", f"--command={agent}", "--engine=dask", f"--scheduler={address}"]
    manager = subprocess.Popen(
        [*AFTERPUSH, *words],
        cwd=repository.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until((tmp_path / "up").exists, "the agent runs")
    os.kill(manager.pid, number)
    assert manager.wait(timeout=300) == (130 if number is signal.SIGINT else -9)
    wait_until(lambda: alive(tag_of(repository)) == [], "nothing of ours is alive")


@pytest.mark.parametrize(
    ("scheduler", "code", "said"),
    [
        ("tcp://10.0.0.1:8786", 2, "tunnel"),
        ("http://127.0.0.1:1", 2, "tls://"),
        ("", 2, "--scheduler"),
    ],
)
def test_a_scheduler_in_the_clear_or_none_is_refused(
    repository: Repository, scheduler: str, code: int, said: str
) -> None:
    with_roadmap(repository, "QA-001")
    answer = afterpush(
        *("swarm.run", "--ready", "--command=true", "--engine=dask", f"--scheduler={scheduler}"),
        cwd=repository.path,
    )
    assert answer.code == code and said in answer.err
