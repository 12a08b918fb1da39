"""Which process moved a tracking ref: asked when it may have ended already."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from afterpush.hooks.policy import Policy
from afterpush.hooks.prepush import after_tracking_moved
from afterpush.hooks.request import Request
from afterpush.infra.processes.identity import Identity, own_identity
from afterpush.infra.processes.process_table import entry_of
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

TRACKING = "refs/remotes/origin/main"


@contextmanager
def uncollected() -> Iterator[int]:
    """A process that has ended, and whose parent has not asked how: it has no command line any more."""
    with subprocess.Popen(["true"]) as process:
        wait_until(lambda: (entry := entry_of(process.pid)) is not None and entry.is_zombie, "it ends")
        yield process.pid


def landed(repository: Repository, process: str) -> Request | None:
    line = f"{repository.head()} {TRACKING}\n"
    return after_tracking_moved(repository.path, Policy(), process, line, {})


def word(pid: int, seconds: float) -> str:
    return f"{pid}@{round(seconds * os.sysconf('SC_CLK_TCK'))}t"


def test_a_push_that_has_ended_is_watched_whether_or_not_it_was_collected(repository: Repository) -> None:
    with uncollected() as pid:
        entry = entry_of(pid)
        assert entry
        process = word(pid, entry.started_at)
        request = landed(repository, process)
        assert request and request.push == Identity(pid, entry.started_at, own_identity().boot_id)
    assert landed(repository, process) == request


@pytest.mark.parametrize(("later", "is_watched"), [(0, False), (-1, True)])
def test_only_the_process_itself_tells_that_it_is_no_push(
    repository: Repository, later: int, is_watched: bool
) -> None:
    """The test runner is no `git push`; but one that had its pid, and started earlier, may have been."""
    me = own_identity()
    assert (landed(repository, word(me.pid, me.started_at + later)) is not None) == is_watched
