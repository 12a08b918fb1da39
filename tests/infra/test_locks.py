"""Locks: who asks for one is not taken for its holder, and never keeps the holder from it."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.infra.locks import PROBE_SECONDS, is_locked, try_lock


def test_a_lock_is_seen_while_it_is_held_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not is_locked(path) and not path.exists()
    held = try_lock(path)
    assert held and is_locked(path) and try_lock(path) is None
    held.release()
    assert not is_locked(path) and path.exists()


def test_two_who_ask_at_once_do_not_take_one_another_for_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.touch()
    other = os.open(path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_SH)
    try:
        assert not is_locked(path)
    finally:
        os.close(other)


def test_who_takes_the_lock_waits_out_a_question(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.touch()
    asking = os.open(path, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    timer = threading.Timer(0.1, os.close, [asking])
    timer.start()
    held = try_lock(path, wait_seconds=20 * PROBE_SECONDS)
    timer.join()
    assert held and is_locked(path)
    held.release()


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.lock").symlink_to(tmp_path / "a.lock")
    with pytest.raises(AfterpushError, match=r"a\.lock"):
        is_locked(tmp_path / "a.lock")
