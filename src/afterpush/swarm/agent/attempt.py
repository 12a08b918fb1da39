"""One attempt at one task: a fresh worktree, the agent under supervision, its work on a pushed branch."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock, duration
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder, write_private
from afterpush.infra.git import clean_environment, git, git_text, resolve_commit
from afterpush.infra.git.leases import ABSENT, Change, push_changes
from afterpush.infra.git.local_changes import changed_paths
from afterpush.infra.git.refs import ref_value
from afterpush.infra.git.unmerged import operation_under_way
from afterpush.infra.git.worktrees import add_worktree, changed_entries, commit_everything
from afterpush.infra.invocation import program
from afterpush.infra.log_tail import first_words, in_brackets
from afterpush.swarm.agent.ports import PORTS
from afterpush.swarm.agent.push_guard import without_push
from afterpush.swarm.agent.run_supervised import run_supervised
from afterpush.swarm.agent.supervisor import TAG, Ended, SupervisorRequest
from afterpush.swarm.states import TaskState


@dataclass(frozen=True)
class AttemptSpec:
    """All that a worker must know; it holds no secret and can be sent to another machine.

    `folder` is where prompt, log and ending of the attempt lie; `tag` marks every process of it.
    """

    task: str
    title: str
    attempt: int
    branch: str
    base: str
    remote: str
    command: str
    prompt: str
    worktree: str
    folder: str
    tag: str
    timeout_seconds: float = 0
    memory_megabytes: float = 0
    disk_free_megabytes: float = 0

    @property
    def log(self) -> Path:
        return Path(self.folder) / "agent.log"


@dataclass(frozen=True)
class Attempted:
    """What an attempt came to: the commit to merge, or the state that ends it and why.

    `is_lost`: it was not the task's fault (its worker died), so it does not count as a try.
    """

    tip: str | None
    state: TaskState | None = None
    reason: str = ""
    seconds: float = 0.0
    is_lost: bool = False


def carry_out(
    repo: Path,
    spec: AttemptSpec,
    environment: Mapping[str, str],
    *,
    is_stopped: Callable[[], bool],
    clock: Clock,
    expected: str = ABSENT,
) -> Attempted:
    """Runs one attempt in the clone `repo`. What goes wrong in it is its outcome, not an exception.

    `expected` is where the attempt's branch on the remote is now.
    """
    began = clock.monotonic()
    port = PORTS.take()
    try:
        short = _disk_problem(spec)
        if short:
            return Attempted(None, TaskState.FAILED, short)
        ended = _run_agent(repo, spec, environment, port, is_stopped, clock)
        taken = clock.monotonic() - began
        verdict = _judged(spec, ended)
        if verdict:
            _publish_what_is_there(repo, spec, expected)
            return Attempted(None, *verdict, taken, is_lost=ended.how == "lost")
        return _collected(repo, spec, taken, expected)
    except AfterpushError as error:
        return Attempted(None, TaskState.FAILED, str(error), clock.monotonic() - began)
    finally:
        PORTS.give_back(port)


def _disk_problem(spec: AttemptSpec) -> str | None:
    place = Path(spec.worktree)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e6
    if free >= spec.disk_free_megabytes:
        return None
    return (
        f"only {free:.0f} MB are free at {place}, swarm.disk_free_megabytes wants "
        f"{spec.disk_free_megabytes:.0f}: run {program()} swarm.cleanup, or free some space"
    )


def _run_agent(
    repo: Path,
    spec: AttemptSpec,
    environment: Mapping[str, str],
    port: int,
    is_stopped: Callable[[], bool],
    clock: Clock,
) -> Ended:
    folder, worktree = private_folder(Path(spec.folder)), Path(spec.worktree)
    prompt = folder / "prompt.md"
    write_private(prompt, spec.prompt)
    add_worktree(repo, worktree, spec.branch, spec.base)
    order = SupervisorRequest(
        spec.command,
        cwd=str(worktree),
        log=str(spec.log),
        result=str(folder / "ended.json"),
        timeout_seconds=spec.timeout_seconds,
        memory_megabytes=spec.memory_megabytes,
    )
    own = {
        "AFTERPUSH_TASK": spec.task,
        "AFTERPUSH_ATTEMPT": str(spec.attempt),
        "AFTERPUSH_BRANCH": spec.branch,
        "AFTERPUSH_PROMPT": str(prompt),
        "AFTERPUSH_PORT": str(port),
    }
    env = supervised_environment(environment, spec.tag) | own
    return run_supervised(order, env | without_push(repo, env), is_stopped=is_stopped, clock=clock)


def supervised_environment(environment: Mapping[str, str], tag: str) -> dict[str, str]:
    """What agents and checks inherit: nothing that would send git or our own tasks to another repository."""
    env = clean_environment(environment) | {TAG: tag}
    env.pop("AFTERPUSH_REPO", None)
    return env


def _judged(spec: AttemptSpec, ended: Ended) -> tuple[TaskState, str] | None:
    """The state and the reason of an ending that leaves nothing to merge; None for a good one."""
    took = duration(ended.seconds)
    match ended.how:
        case "timeout":
            limit = duration(spec.timeout_seconds)
            return (
                TaskState.TIMEOUT,
                f"the agent was ended after {took}, its limit is {limit}{in_brackets(spec.log)}",
            )
        case "memory":
            return (
                TaskState.FAILED,
                f"the agent held more than {spec.memory_megabytes:g} MB of memory "
                "(swarm.memory_megabytes) and was ended",
            )
        case "stopped":
            return TaskState.STOPPED, f"stopped after {took}; its worktree stays: {spec.worktree}"
        case "unwritten":
            return (
                TaskState.FAILED,
                f"how the agent ended could not be written into {spec.folder}: is the disk full?",
            )
        case "lost" if ended.code > 0:
            return TaskState.FAILED, f"the agent's supervisor failed{in_brackets(spec.log)}; log: {spec.log}"
        case "lost":
            return TaskState.FAILED, "the agent's supervisor was killed from outside"
    if ended.code == 0:
        return None
    return (
        TaskState.FAILED,
        f"the command {ended.code_in_words} after {took}{in_brackets(spec.log)}; log: {spec.log}",
    )


def _collected(repo: Path, spec: AttemptSpec, seconds: float, expected: str) -> Attempted:
    """Commits what the agent has left uncommitted, and pushes its branch."""
    try:
        tip = _committed(repo, spec)
    except AfterpushError:
        _publish_what_is_there(repo, spec, expected)
        raise
    if not changed_paths(repo, spec.base, tip):
        return Attempted(None, TaskState.EMPTY, "the agent ended well but changed nothing", seconds)
    # It may have left its branch; what it has checked out in the end is its work.
    git_text(repo, "update-ref", f"refs/heads/{spec.branch}", tip, doing=f"keeping the work of {spec.task}")
    _publish(repo, spec, tip, expected)
    return Attempted(tip, seconds=seconds)


def _committed(repo: Path, spec: AttemptSpec) -> str:
    """The commit that holds all of the agent's work. Raises AfterpushError when there can be none."""
    worktree = Path(spec.worktree)
    if not worktree.exists():
        return _left_on_branch(repo, spec)
    if not (worktree / ".git").exists():
        # From here, git would take a repository above it for the worktree.
        raise AfterpushError(f"the agent has taken its worktree {worktree} apart: it is no worktree any more")
    unfinished = operation_under_way(worktree)
    if unfinished:
        raise AfterpushError(f"the agent left a {unfinished.value} unfinished in {worktree}")
    if changed_entries(worktree):
        commit_everything(worktree, f"{spec.task}: {spec.title}\n" if spec.title else f"{spec.task}\n")
    return resolve_commit(worktree, "HEAD")


def _left_on_branch(repo: Path, spec: AttemptSpec) -> str:
    """An agent that tidies up after itself removes its worktree; what it has committed is its work."""
    tip = ref_value(repo, f"refs/heads/{spec.branch}")
    if tip is None or tip == spec.base:
        raise AfterpushError("the agent has removed its worktree and committed nothing on its branch")
    return tip


def _publish(repo: Path, spec: AttemptSpec, tip: str, expected: str) -> None:
    pushed = push_changes(repo, spec.remote, [Change(f"refs/heads/{spec.branch}", tip, expected)])
    if not pushed.landed:
        raise AfterpushError(
            f"the work is on the branch {spec.branch} in {repo}, but pushing it failed: "
            f"git says: {first_words(pushed.said)}; then {program()} swarm.merge --tasks={spec.task}"
        )


def _publish_what_is_there(repo: Path, spec: AttemptSpec, expected: str) -> None:
    """What a failed agent has committed is not lost with its machine; best effort."""
    worktree = Path(spec.worktree)
    is_there = (worktree / ".git").exists()
    head = git(worktree, "rev-parse", "HEAD") if is_there else None
    tip = head.text.strip() if head and head.code == 0 else ref_value(repo, f"refs/heads/{spec.branch}")
    if tip and tip != spec.base:
        push_changes(repo, spec.remote, [Change(f"refs/heads/{spec.branch}", tip, expected)])
