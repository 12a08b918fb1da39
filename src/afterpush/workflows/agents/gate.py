"""The gate at the end of an agent's turn: reads state, asks nobody, and starts a monitor that is missing.

It runs at the end of every turn, so nothing heavy is imported before it is needed.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.agents.gate import MOST_BLOCKS, Pushed, Stop, block, read_stop, reason_to_block
from afterpush.agents.session import last_push, session_began
from afterpush.hooks.policy import CONFIG_PATH, Policy, load_policy
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes, write_private
from afterpush.infra.git import clean_environment, main_worktree, top_level
from afterpush.infra.printable import one_line
from afterpush.infra.state import StateFolder, feature_folder, state_folder
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.deploy.watch.outcome import Outcome

BLOCKS = "gate.json"
# git notes the second of a push, the transcript the millisecond of the session's begin.
_SLACK_SECONDS = 2.0
_SILENT_SECONDS = 10.0
_KEPT = 50


@dataclass(frozen=True)
class GateAnswer:
    """What the client gets on stdout, and a line on stderr; either may be missing."""

    out: str | None = None
    note: str | None = None


def gate_at_stdin(environment: Mapping[str, str], target: str = "") -> None:
    """Reads what the client says, and prints what it is to do. Nobody is waited for at a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return
    answer = gate(sys.stdin.buffer.read().decode("utf-8", "replace"), environment, target)
    if answer.out:
        print(answer.out)
    if answer.note:
        print(answer.note, file=sys.stderr)


def gate(text: str, environment: Mapping[str, str], target: str = "") -> GateAnswer:
    """The answer to a client's hook. Never raises for what a repository or a machine can be like."""
    stop = read_stop(text, target)
    if stop is None or stop.again:
        return GateAnswer()
    try:
        return _judged(stop, environment)
    except (AfterpushError, OSError, ValueError) as error:  # ValueError: a path that no file can have.
        return GateAnswer(note=f"afterpush: the gate lets go: {one_line(str(error))}")


def _judged(stop: Stop, environment: Mapping[str, str]) -> GateAnswer:
    named = environment.get("AFTERPUSH_REPO")
    try:
        repo = top_level(Path(named) if named else stop.folder or Path.cwd())
    except (AfterpushError, OSError):
        return GateAnswer()  # Outside of a repository nothing is pushed.
    root, now = main_worktree(repo), SystemClock().now()
    policy = load_policy(root)
    state = state_folder(repo, policy.state_dir)
    pushed = _pushed_in_session(stop, repo, policy, state, now)
    if pushed is None or policy.switched_off(environment):
        return GateAnswer()
    blocks = _blocks(repo)
    if blocks.get(pushed, 0) >= MOST_BLOCKS:
        return GateAnswer()
    from afterpush.deploy.monitor.status import status

    found = status(state, pushed, now)
    why_silent = _why_silent(root, found, environment)
    if why_silent:
        return GateAnswer(note=f"afterpush: {pushed[:7]} was pushed, and {why_silent}: the gate lets go")
    reason = reason_to_block(stop, _told(repo, state, found, blocks.get(pushed, 0)))
    if reason is None:
        return GateAnswer()
    _remember(repo, blocks | {pushed: blocks.get(pushed, 0) + 1})
    return GateAnswer(block(stop.client, _redacted(root, environment, one_line(reason))))


def _pushed_in_session(stop: Stop, repo: Path, policy: Policy, state: StateFolder, now: float) -> str | None:
    pushed = last_push(repo, state.pushes, policy.remote, policy.branches)
    began = session_began(stop.transcript, now) if pushed else None
    if pushed is None or began is None or pushed[1] < began - _SLACK_SECONDS:
        return None
    return pushed[0]


def _why_silent(root: Path, found: "Outcome", environment: Mapping[str, str]) -> str | None:
    """Why nobody can tell how the push ended; None when somebody can, or has."""
    if found.verdict == "unreachable":
        return "no source could be asked"
    if found.verdict == "running":
        is_silent = found.app is None and found.source is None and found.elapsed_seconds > _SILENT_SECONDS
        return "no source has answered so far" if is_silent else None
    if found.finished_at is None and not _can_ask(root, environment):
        return "there is no DIGITALOCEAN_TOKEN (or other source) to ask with"
    return None


def _can_ask(root: Path, environment: Mapping[str, str]) -> bool:
    from afterpush.infra.configuration.environment_variables import read_environment

    variables = read_environment(root, environment)
    if variables.token() or variables.get("HEALTH_URL") or variables.get("DB_HOST"):
        return True
    if not (root / CONFIG_PATH).exists():
        return False
    from afterpush.infra.configuration.config import load_settings

    return bool(load_settings(root).health.url)


def _told(repo: Path, state: StateFolder, found: "Outcome", blocks: int) -> Pushed:
    """What is known of the push; a commit without verdict and without monitor gets one."""
    is_unwatched = found.finished_at is None and found.verdict != "running"
    if not is_unwatched and found.verdict != "stopped":
        return Pushed(found.sha, found.verdict, found.message, blocks)
    _start(repo, state, found.sha)
    return Pushed(found.sha, "running", f"nobody watched {found.sha[:7]}; its watch has been started", blocks)


def _start(repo: Path, state: StateFolder, sha: str) -> None:
    """Starts a monitor without waiting for it; one that runs already makes it end at once."""
    from afterpush.deploy.monitor.background import command
    from afterpush.infra.processes.detached import start_detached

    state.ready()
    words = command(repo, sha, None, strict=False)
    start_detached(words, log=state.log(sha), cwd=repo, env=clean_environment(os.environ))


def _redacted(root: Path, environment: Mapping[str, str], text: str) -> str:
    from afterpush.infra.configuration.environment_variables import read_environment

    return read_environment(root, environment).redactor()(text)


def _blocks(repo: Path) -> dict[str, int]:
    """How often each push was held against its agent."""
    try:
        document = json.loads(read_bytes(_path(repo), limit=1 << 20, follow=False))
        return {str(sha): int(count) for sha, count in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(repo: Path, blocks: Mapping[str, int]) -> None:
    write_private(_path(repo), json.dumps(dict(list(blocks.items())[-_KEPT:])) + "\n")


def _path(repo: Path) -> Path:
    return feature_folder(repo, "agents") / BLOCKS


def settle(here: AppRepository, sha: str) -> None:
    """A push that was proved live is no longer held against its agent, whatever an older result says."""
    with suppress(AfterpushError):
        blocks = _blocks(here.repo)
        if blocks.get(sha) != MOST_BLOCKS:
            _remember(here.repo, blocks | {sha: MOST_BLOCKS})
