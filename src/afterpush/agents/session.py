"""When an agent's session began, and what was pushed last: from files and processes, without a network."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from afterpush.infra.clock import parse_rfc3339
from afterpush.infra.files import read_bytes
from afterpush.infra.git import common_folder, own_git_folder
from afterpush.infra.git.refs import pushes_noted, tracking_ref
from afterpush.infra.processes.process_table import age_of, ancestors, argv_of
from afterpush.infra.push_record import read_pushes

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "fish", "env", "timeout", "nice", "afterpush", "inv"))
_TIME = re.compile(rb'"(?:timestamp|startTime)"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
_HEAD_BYTES = 1 << 16
# What puts a commit of one's own at HEAD; `pull`, `checkout` and `reset` bring the commits of others.
_OWN_MOVES = ("commit", "rebase", "cherry-pick", "merge", "am", "revert", "pull --rebase", "pull -r")


def session_began(transcript: Path | None, now: float) -> float | None:
    """When the session began, in epoch seconds: by its transcript, else by the client's own process."""
    told = _in_transcript(transcript) if transcript else None
    return told if told is not None else _client_began(now)


def _in_transcript(path: Path) -> float | None:
    if not path.is_file():  # A pipe would keep us waiting.
        return None
    with suppress(OSError, ValueError), path.open("rb") as file:
        if found := _TIME.search(file.read(_HEAD_BYTES)):
            return parse_rfc3339(found[1].decode())
    return None


def _client_began(now: float) -> float | None:
    """When the first process above us began that is no shell; else the shell that is above them all."""
    entry = None
    for entry in ancestors(os.getpid()):
        words = argv_of(entry.pid)
        name = Path(words[0]).name if words else ""
        script = Path(words[1]).name if len(words) > 1 and name.startswith("python") else ""
        if name.lstrip("-") not in _SHELLS and script not in _SHELLS:
            break
    age = age_of(entry, now) if entry else None
    return None if age is None else now - age


def last_push(repo: Path, record: Path, remote: str, branches: Iterable[str]) -> tuple[str, float] | None:
    """The commit that this work tree pushed last to one of the branches, and when (epoch seconds).

    From the record of the hooks and the logs of the tracking refs, which all worktrees share: with several
    worktrees only what was committed in this one counts.
    """
    refs = [f"refs/heads/{branch}" for branch in branches]
    found = [(push.sha, push.pushed_at) for push in read_pushes(record) if push.landed and push.ref in refs]
    for ref in refs:
        tracked = tracking_ref(repo, remote, ref)
        found += pushes_noted(repo, tracked) if tracked else []
    if (common_folder(repo) / "worktrees").is_dir():
        own = _made_here(repo)
        found = [push for push in found if push[0] in own]
    return max(found, key=lambda push: push[1], default=None)


def _made_here(repo: Path) -> set[str]:
    try:
        log = read_bytes(own_git_folder(repo) / "logs" / "HEAD").decode("utf-8", "replace")
    except OSError:
        return set()
    lines = (line.partition("\t") for line in log.splitlines())
    return {
        head.split(" ")[1] for head, _, what in lines if what.startswith(_OWN_MOVES) and head.count(" ") > 1
    }
