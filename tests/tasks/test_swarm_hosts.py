"""A swarm on two machines over real sshds on loopback: prepared, worked with, lost, and left clean."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.cli import AFTERPUSH, Answer, afterpush
from tests.support.repositories import Repository
from tests.support.sshd import sshd, there
from tests.support.swarm import alive, main_files, with_roadmap
from tests.support.waiting import wait_until

HOSTS = "--hosts=one,two"
# Says where it ran, and stays long enough for both machines to be needed.
AGENT = "echo $AFTERPUSH_SWARM_HOME >$AFTERPUSH_TASK; sleep 1"


@dataclass
class Machines:
    """Two machines with homes of their own below a folder."""

    repository: Repository
    folder: Path
    servers: "dict[str, subprocess.Popen[bytes]]"

    def run(self, *words: str) -> Answer:
        return afterpush("swarm.run", "--ready", *words, cwd=self.repository.path, timeout_seconds=300)

    def start(self, agent: str) -> "subprocess.Popen[bytes]":
        """A manager with two agents at once."""
        words = ["swarm.run", "--ready", "--agents=2", f"--command={agent}", HOSTS]
        return subprocess.Popen(
            [*AFTERPUSH, *words],
            cwd=self.repository.path,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "manager.log").open("wb"),
        )

    @property
    def tag(self) -> str:
        return f"{(self.repository.path / '.git/afterpush/swarm').resolve()}:"

    def home_of(self, pid: int) -> str | None:
        """Where the worker with this pid keeps its clones; None when it is no worker of these machines."""
        try:
            process = psutil.Process(pid)
            home = process.environ().get("AFTERPUSH_SWARM_HOME", "")
            is_worker = "afterpush.swarm.remote.host_worker" in process.cmdline()
        except psutil.Error:
            return None
        return home if is_worker and home.startswith(str(self.folder)) else None

    def workers(self) -> list[int]:
        """The workers of these machines that are alive."""
        return [pid for pid in psutil.pids() if self.home_of(pid)]

    def is_left_clean(self) -> bool:
        return not (self.workers() or alive(self.tag))


@pytest.fixture
def machines(repository: Repository, tmp_path: Path) -> Iterator[Machines]:
    servers = {}
    with ExitStack() as stack:
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            environment = there(folder) | {"AFTERPUSH_SWARM_HOME": str(folder / "swarm")}
            servers[name] = stack.enter_context(sshd(folder, environment, name))
        yield Machines(repository, tmp_path, servers)
        for server in servers.values():
            with suppress(psutil.Error):
                for process in psutil.Process(server.pid).children(recursive=True):
                    process.kill()


def test_both_machines_work_and_nothing_is_left_there(machines: Machines) -> None:
    tasks = ["QA-001", "QA-002", "QA-003", "QA-004"]
    with_roadmap(machines.repository, *tasks)
    answer = machines.run("--agents=2", f"--command={AGENT}", HOSTS, "--json")
    assert answer.code == 0, answer.err
    assert [task["state"] for task in answer.json()["tasks"]] == ["merged"] * 4
    files = main_files(machines.repository)
    assert set(tasks) <= files.keys()
    homes = {files[task].strip() for task in tasks}
    assert homes == {str(machines.folder / name / "swarm") for name in ("one", "two")}
    wait_until(machines.is_left_clean, "nothing of ours is alive on the machines")


def test_nothing_of_it_listens_and_the_orders_are_on_no_command_line(machines: Machines) -> None:
    with_roadmap(machines.repository, "QA-001")
    up = machines.folder / "up"
    manager = machines.start(f"touch {up}; sleep 300")
    wait_until(up.exists, "an agent runs")
    listening = [
        connection.laddr
        for pid in (manager.pid, *machines.workers())
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(machines.workers()) == 2 and listening == []
    for pid in machines.workers():
        told = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert b"sleep 300" not in told
    os.kill(manager.pid, signal.SIGTERM)
    assert manager.wait(timeout=300) == 130


def test_a_killed_manager_leaves_nothing_running_on_the_machines(machines: Machines) -> None:
    with_roadmap(machines.repository, "QA-001", "QA-002")
    agent = f"(setsid sleep 300 &); touch {machines.folder}/up-$AFTERPUSH_TASK; sleep 300"
    manager = machines.start(agent)
    ups = [machines.folder / f"up-{task}" for task in ("QA-001", "QA-002")]
    wait_until(lambda: all(up.exists() for up in ups), "the agents run")
    os.kill(manager.pid, signal.SIGKILL)
    manager.wait()
    wait_until(machines.is_left_clean, "nothing of ours is alive on the machines")


# Killed, the connection breaks at once; stopped, it only falls silent, as when a cable is cut.
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_machine_gives_its_task_to_the_other_and_it_lands_once(
    machines: Machines, number: signal.Signals
) -> None:
    with_roadmap(machines.repository, "QA-001", "QA-002")
    place = machines.folder
    agent = (
        f"echo $AFTERPUSH_SWARM_HOME >{place}/up-$AFTERPUSH_TASK-$AFTERPUSH_ATTEMPT; "
        f"until [ -e {place}/go ]; do sleep 0.1; done; {AGENT}"
    )
    manager = machines.start(agent)
    wait_until(lambda: len(list(place.glob("up-*"))) == 2, "both agents run")
    [lost] = [pid for pid in machines.workers() if machines.home_of(pid) == str(place / "one" / "swarm")]
    for process in psutil.Process(machines.servers["one"].pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name() == "sshd":
                process.send_signal(number)
    wait_until(lambda: lost not in machines.workers(), "the lost machine's worker has ended itself")
    (place / "go").touch()
    assert manager.wait(timeout=300) == 0, (place / "manager.log").read_text()
    log = machines.repository.git("--git-dir", str(machines.repository.remote), "log", "--format=%s", "main")
    for task in ("QA-001", "QA-002"):
        assert log.count(f"Merge {task}") == 1
        assert main_files(machines.repository)[task].strip() == str(place / "two" / "swarm")
    wait_until(machines.is_left_clean, "nothing of ours is alive on the machines")


def test_a_machine_that_cannot_be_reached_begins_nothing(machines: Machines) -> None:
    with_roadmap(machines.repository, "QA-001")
    servant = machines.servers["two"]
    servant.kill()
    servant.wait()
    answer = machines.run("--command=true", HOSTS, "--json")
    assert answer.code == 6 and "connecting to two" in answer.json()["error"]
    wait_until(machines.is_left_clean, "nothing of ours is alive on the machines")


def test_a_machine_that_cannot_get_the_code_is_named_before_anything_begins(
    repository: Repository, tmp_path: Path
) -> None:
    with_roadmap(repository, "QA-001")
    (tmp_path / "box").mkdir()
    with sshd(tmp_path / "box", there(tmp_path / "box") | {"GIT_ALLOW_PROTOCOL": "https"}):
        answer = afterpush(
            *("swarm.run", "--ready", "--command=true", "--hosts=box", "--json"), cwd=repository.path
        )
    assert answer.code == 6 and "box cannot get the code: cloning" in answer.json()["error"]
    assert not list((repository.path / ".git/afterpush/swarm").glob("attempts/*"))


def test_where_nothing_fits_an_environment_is_made_once(repository: Repository, tmp_path: Path) -> None:
    with_roadmap(repository, "QA-001", "QA-002")
    bare = {
        "PATH": f"{Path(os.path.realpath(sys.executable)).parent}:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        # To pip this means that it does not compile: what is started compiles the tenth that it needs.
        "PIP_NO_COMPILE": "no",
    }
    (tmp_path / "box").mkdir()
    with sshd(tmp_path / "box", bare):
        words = ("swarm.run", "--command=echo done >$AFTERPUSH_TASK", "--hosts=box", "--json")
        answer = afterpush(*words, "--tasks=QA-001", cwd=repository.path, timeout_seconds=400)
        assert answer.code == 0, answer.err
        assert "making an environment" in answer.err
        places = list((tmp_path / "cache/afterpush/environments").iterdir())
        assert len(places) == 1
        made = places[0].stat().st_mtime_ns
        again = afterpush(*words, "--tasks=QA-002", cwd=repository.path, timeout_seconds=400)
    assert again.code == 0 and "making an environment" not in again.err
    assert places[0].stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hosts=one", "--engine=local"), "--engine=dask"),
        (("--hosts=one", "--scheduler=tcp://127.0.0.1:1"), "not both"),
        (("--hosts=one,one",), "named twice"),
        (("--engine=dask",), "--hosts"),
    ],
)
def test_what_does_not_fit_together_is_one_line(
    repository: Repository, words: tuple[str, ...], said: str
) -> None:
    with_roadmap(repository, "QA-001")
    answer = afterpush("swarm.run", "--ready", "--command=true", *words, cwd=repository.path)
    assert answer.code == 2 and said in answer.err and len(answer.err.splitlines()) == 1


def test_checks_of_the_merge_queue_run_on_both_machines(machines: Machines) -> None:
    """The candidates travel over refs that are gone afterwards; a red log comes back."""
    repository = machines.repository
    for name in ("bad", "good"):
        repository.git("checkout", "--quiet", "-b", name, "main")
        repository.commit(name, **{f"{name}_txt": "x"})
    repository.git("checkout", "--quiet", "main")
    knows = '[ "$AFTERPUSH_PORT" -gt 0 ] && [ -n "$AFTERPUSH_BRANCHES" ]'
    check = f"--check={knows} && pwd >>{machines.folder}/places; ls bad.* && exit 3; exit 0"
    words = ["queue.run", "--branch=bad,good", check, HOSTS, "--json"]
    answer = afterpush(*words, cwd=repository.path, timeout_seconds=300)
    assert answer.code == 1, answer.err
    rows = {row["branch"]: row for row in answer.json()["branches"]}
    assert (rows["bad"]["state"], rows["good"]["state"]) == ("evicted", "landed")
    assert "exit code 3" in rows["bad"]["reason"] and "bad.txt" in rows["bad"]["reason"]
    places = (machines.folder / "places").read_text().split()
    assert places and all("/swarm/" in place for place in places)
    assert repository.git("ls-remote", "origin", "refs/afterpush/*") == ""
    wait_until(machines.is_left_clean, "nothing is left")


def test_a_queue_that_loses_every_machine_ends_and_keeps_its_branches(machines: Machines) -> None:
    repository, up = machines.repository, machines.folder / "up"
    repository.git("checkout", "--quiet", "-b", "one", "main")
    repository.commit("one", one_txt="x")
    repository.git("checkout", "--quiet", "main")
    words = ["queue.run", "--branch=one", f"--check=touch {up}; sleep 300", HOSTS]
    log = (machines.folder / "queue.log").open("wb")
    manager = subprocess.Popen([*AFTERPUSH, *words], cwd=repository.path, stdout=log, stderr=log)
    wait_until(up.exists, "a check runs")
    for pid in machines.workers():
        os.kill(pid, signal.SIGKILL)
    assert manager.wait(timeout=300) == 6, (machines.folder / "queue.log").read_text()
    assert "checking one: the workers for it were lost" in (machines.folder / "queue.log").read_text()
    queue = afterpush("queue.status", "--json", cwd=repository.path).json()
    assert [row["branch"] for row in queue["branches"]] == ["one"]
    wait_until(machines.is_left_clean, "nothing is left")
