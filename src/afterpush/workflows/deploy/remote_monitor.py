"""Monitors on another machine: the tasks of deploying, run there and shown here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from afterpush.infra.configuration.config import CONFIG_PATH
from afterpush.infra.console import note, say
from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.deploy.monitor.remote import Prepared
    from afterpush.workflows.deploy.logs import LogRequest


def monitor_there(
    here: AppRepository, host: str, sha: str, *, timeout_seconds: float | None, strict: bool, json: bool
) -> int:
    """Starts a background monitor on the host."""
    words = ["deploy.monitor", f"--sha={sha}", "--background"]
    words += [f"--timeout={timeout_seconds:g}"] if timeout_seconds is not None else []
    words += ["--strict"] if strict else []
    return ask_there(here, host, sha, words, json=json)


def status_there(
    here: AppRepository, host: str, sha: str, *, wait: bool, timeout_seconds: float | None, json: bool
) -> int:
    """What is known about a commit there."""
    words = ["deploy.status", f"--sha={sha}", *(["--wait"] if wait else [])]
    words += [] if timeout_seconds is None else [f"--timeout={timeout_seconds}"]
    return ask_there(here, host, sha, words, json=json)


def stop_there(here: AppRepository, host: str, sha: str, *, all: bool, dry_run: bool, json: bool) -> int:
    """Ends the monitor of a commit there, or every one of this repository."""
    words = ["deploy.stop", "--all" if all else f"--sha={sha}", *(["--dry-run"] if dry_run else [])]
    return ask_there(here, host, sha, words, json=json)


def logs_there(here: AppRepository, host: str, sha: str, wanted: "LogRequest") -> int:
    """The platform's log of a commit, as that machine reads it."""
    if wanted.follow:
        raise AfterpushError("--follow does not work with --host; leave one of them out")
    more = {"component": wanted.component, "tail": wanted.tail}
    words = [f"--{name}={value}" for name, value in more.items() if value is not None]
    return ask_there(here, host, sha, ["deploy.logs", f"--sha={sha}", f"--type={wanted.type}", *words])


def ask_there(here: AppRepository, host: str, sha: str, words: Sequence[str], *, json: bool = False) -> int:
    """Runs a task there, and passes on what it says and its exit code."""
    with _prepared(here, host, sha) as machine:
        answer = machine.run([*words, *(["--json"] if json else [])])
    if answer.err.strip():
        note(answer.err.rstrip())
    if answer.out.strip():
        say(answer.out.rstrip())
    return answer.code


@contextmanager
def _prepared(here: AppRepository, host: str, sha: str) -> "Iterator[Prepared]":
    from afterpush.deploy.monitor.remote import pack, prepare
    from afterpush.infra.remote.ssh import connected

    payload = pack(here.repo, here.root, here.settings.push.remote, sha, CONFIG_PATH)
    with connected(host) as remote:
        yield prepare(remote, payload, note)
