"""Who a process is, who started it and how: from /proc, and the same without it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from afterpush.infra.processes import process_table
from afterpush.infra.processes.identity import Identity, identity_of, is_running, own_identity
from afterpush.infra.processes.process_table import ancestors, argv_of, entry_of


@pytest.fixture(params=["proc", "psutil"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Linux's /proc, or a system that has none."""
    if request.param == "psutil":
        monkeypatch.setattr(process_table, "_PROC", tmp_path)
    return str(request.param)


def test_parent_start_and_command_line_are_the_real_ones(source: str) -> None:
    script = "print('started', flush=True); input()"
    command = [sys.executable, "-c", script, "a b", ""]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Popen returns while the kernel still sets up the new program; until then the command line is empty.
    assert child.stdout and child.stdout.readline() == b"started\n"
    entry = entry_of(child.pid)
    assert entry and (entry.pid, entry.parent, entry.is_zombie) == (child.pid, os.getpid(), False)
    assert argv_of(child.pid)[-2:] == ("a b", "")
    own = entry_of(os.getpid())
    assert own and own.started_at <= entry.started_at
    assert next(above.pid for above in ancestors(child.pid)) == os.getpid()
    assert [above.pid for above in ancestors(os.getpid())] == [p.pid for p in psutil.Process().parents()]
    child.communicate(b"\n")
    assert entry_of(child.pid) is None and argv_of(child.pid) == ()


def test_a_zombie_is_not_running(source: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identity_of(child.pid)
    assert identity and is_running(identity)
    assert child.stdin
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    entry = entry_of(child.pid)
    assert entry is None or entry.is_zombie
    assert not is_running(identity)
    child.wait()


def test_a_name_with_spaces_and_parentheses_confuses_nobody(tmp_path: Path) -> None:
    odd = tmp_path / ") S 1 1 (x"
    odd.symlink_to("/bin/sleep")
    child = subprocess.Popen([odd, "30"])
    entry = entry_of(child.pid)
    child.kill()
    child.wait()
    assert entry and entry.parent == os.getpid()


@pytest.mark.parametrize("pid", [-1, 0, 2**22 + 1, 2**70])
def test_a_pid_that_cannot_be_is_nobody(pid: int, source: str) -> None:
    assert identity_of(pid) is None or pid == 0
    assert not is_running(Identity(pid, 1.0, "another boot"))


def test_the_same_pid_with_another_start_or_boot_is_somebody_else() -> None:
    own = own_identity()
    assert is_running(own)
    assert not is_running(Identity(own.pid, own.started_at - 0.02, own.boot_id))
    assert not is_running(Identity(own.pid, own.started_at, "another boot"))
