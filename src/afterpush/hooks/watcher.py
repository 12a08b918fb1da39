"""The watcher: waits for the push to end, proves what landed, and runs `.husky/post-push` for it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.hooks.install.post_push_permission import is_allowed
from afterpush.hooks.install.scripts import PROGRAM_VARIABLE, is_ours, text_of
from afterpush.hooks.journal import Journal
from afterpush.hooks.notes import Unwatched, later_push, remember_last_push, taken_note
from afterpush.hooks.push_landed import Answer, closed_by_log, moved_here, there
from afterpush.hooks.ref_updates import RefUpdate
from afterpush.hooks.request import SHELL, Request
from afterpush.hooks.trial import TRIAL_VARIABLE
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import config_value, is_ancestor, remote_urls
from afterpush.infra.git.refs import asked_of_remote, pushes_noted, ref_value, tracking_ref
from afterpush.infra.git.tracked_files import is_brought
from afterpush.infra.invocation import command
from afterpush.infra.processes import run_attached
from afterpush.infra.processes.identity import is_running, wait_for_end
from afterpush.infra.push_record import Push, append_push, read_pushes

PUSH_SECONDS = 600
REMOTE_SECONDS = 30
POST_PUSH_SECONDS = 300
TRIES_SECONDS = (1.0, 5.0, 0.0)
LATER_SECONDS = (1.0, 5.0, 15.0, 60.0)


@dataclass(frozen=True)
class Watch:
    """One request, and what is needed to serve it. `record` is None in a trial, which leaves no trace."""

    request: Request
    repo: Path
    folder: Path
    record: Path | None
    clock: Clock
    environment: Mapping[str, str]

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "watcher.log", self.clock)

    def contains(self, older: str, newer: str) -> bool:
        return is_ancestor(self.repo, older, newer)


def watch(here: Watch) -> None:
    """Serves one request to its end."""
    request, clock = here.request, here.clock
    refs = {update.ref: tracking_ref(here.repo, request.remote, update.ref) for update in request.updates}
    before = _values(here.repo, refs) if request.push and is_running(request.push) else None
    with taken_note(here.folder, request.word) as began_at:
        if request.push and not wait_for_end(request.push, clock, timeout_seconds=PUSH_SECONDS):
            here.journal.add(f"git push still runs after {PUSH_SECONDS} s; looking at the remote now")
        ended, now = clock.now(), _values(here.repo, refs)
        served = _served(here)
        for update in request.updates:
            if (update.sha, update.ref) in served:
                here.journal.add(f"{_place(update)}: another watcher of this push has served it")
                continue
            answer = _proved(here, update, refs[update.ref], before, now)
            _record(here, update, answer, began_at, ended)
            _act(here, update, answer)


def _values(repo: Path, refs: Mapping[str, str | None]) -> dict[str, str | None]:
    return {ref: ref_value(repo, tracked) if tracked else None for ref, tracked in refs.items()}


def _place(update: RefUpdate) -> str:
    return f"{update.ref} {update.sha[:7]}"


def _served(here: Watch) -> set[tuple[str, str]]:
    """The commits and refs of this push that another watcher has reported already."""
    if here.record is None or here.request.push is None:
        return set()
    mine = (push for push in read_pushes(here.record) if push.process == here.request.word)
    return {(push.sha, push.ref) for push in mine if push.landed}


def _proved(
    here: Watch,
    update: RefUpdate,
    tracked: str | None,
    before: Mapping[str, str | None] | None,
    now: Mapping[str, str | None],
) -> Answer:
    """By the tracking ref if that was seen to move, else by what the remote itself says.

    With several push URLs git moves the ref when any of them took it, which proves nothing of the one that
    deploys.
    """
    began = here.clock.now()
    has_moved = before is not None and moved_here(update, before[update.ref], now[update.ref], here.contains)
    if has_moved and _has_one_url(here):
        return Answer(True, "landed (the tracking ref moved)")
    answer = _asked(here, update)
    if answer.is_open and tracked and _has_one_url(here):
        answer = closed_by_log(answer, update, pushes_noted(here.repo, tracked), began)
    return _looked_for_later(here, update, answer) if answer.may_come else answer


def _has_one_url(here: Watch) -> bool:
    return len(remote_urls(here.repo, here.request.remote, push=True)) <= 1


def _asked(here: Watch, update: RefUpdate, *, exactly: bool = False) -> Answer:
    for pause in TRIES_SECONDS:
        try:
            values = asked_of_remote(
                here.repo, here.request.remote, [update.ref], timeout_seconds=REMOTE_SECONDS
            )
        except AfterpushError as error:
            said = str(error)
            here.clock.sleep(pause)
        else:
            contains = (lambda older, newer: False) if exactly else here.contains
            return there(update, values.get(update.ref), contains)
    return Answer(False, f"cannot be proved: {said}", is_open=True)


def _looked_for_later(here: Watch, update: RefUpdate, answer: Answer) -> Answer:
    """It did not land, or not yet: `git push` was interrupted and the remote still works on it.

    Only the commit itself counts now: one that contains it came with a later push, which has a watcher.
    """
    if here.record is None or here.request.push is None:
        return answer
    for pause in LATER_SECONDS:
        here.journal.add(f"{_place(update)}: {answer.sentence}; looking again in {pause:g} s")
        here.clock.sleep(pause)
        if not here.repo.is_dir() or later_push(here.folder, here.request.word, update.ref):
            return Answer(False, f"{answer.sentence}; a later push is watched instead")
        found = _asked(here, update, exactly=True)
        if not found.may_come:
            return found if found.landed else Answer(False, found.sentence)
    return answer


def _record(here: Watch, update: RefUpdate, answer: Answer, began: float | None, ended: float) -> None:
    """For the monitor, which takes no deployment from before the push for its own."""
    if here.record is None or answer.is_open:
        return
    old = None if update.is_new else update.old
    request = here.request
    push = Push(update.sha, update.ref, request.remote, ended, answer.landed, began, old, request.word)
    try:
        append_push(here.record, push)
    except OSError as error:
        here.journal.add(f"{_place(update)}: cannot write {here.record}: {error.strerror}")


def _act(here: Watch, update: RefUpdate, answer: Answer) -> None:
    if answer.landed:
        if here.record:
            remember_last_push(here.repo, update.sha)
        argv, env = post_push_command(here.repo, update, here.environment)
        _report(here, update, answer.sentence, argv, env)
        return
    here.journal.add(f"{_place(update)}: {answer.sentence}; not watched")
    if answer.is_open and here.record:
        Unwatched(here.folder).add(update.sha, answer.sentence)
        # The platform is worth a look: its deployment of this commit is a proof as well.
        argv = [*_own_task(), "--sha", update.sha, "--ref", update.ref, "--unproved"]
        _run(here, update, argv, here.environment)


def _report(here: Watch, update: RefUpdate, sentence: str, argv: list[str], env: Mapping[str, str]) -> None:
    here.journal.add(f"{_place(update)}: {sentence}; running {argv[2] if argv[0] == SHELL else 'post-push'}")
    reason = _run(here, update, argv, env)
    unwatched = Unwatched(here.folder)
    if reason:
        unwatched.add(update.sha, reason)
    elif here.record:
        unwatched.settle()


def _run(here: Watch, update: RefUpdate, argv: list[str], env: Mapping[str, str]) -> str | None:
    """Runs a command to its end; what went wrong, if anything did."""
    try:
        code = run_attached(argv, cwd=here.repo, env=env, timeout_seconds=POST_PUSH_SECONDS)
    except AfterpushError as error:
        here.journal.add(f"{_place(update)}: {error}")
        return str(error)
    if code == 0:
        return None
    monitor = command(f"deploy.monitor --sha={update.sha[:7]}")
    here.journal.add(f"{_place(update)}: post-push ended with {code}; {monitor} watches it")
    return f"post-push ended with {code}; what it said is in {here.journal.path}"


def _own_task() -> list[str]:
    return [sys.executable, "-P", "-m", "afterpush", "hooks.post-push"]


def post_push_command(
    repo: Path, update: RefUpdate, environment: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """How the repository wants to hear of a landed push: its post-push script, as husky runs scripts, else
    our own task. What others wrote into the script is not run by a trial, nor without a reason to trust it.
    """
    flags = ["--sha", update.sha, "--ref", update.ref]
    script = _husky_folder(repo) / "post-push"
    is_trial = TRIAL_VARIABLE in environment and not is_ours(text_of(script), "post-push")
    if not script.is_file() or is_trial or not is_allowed(repo, script, environment):
        return [*_own_task(), *flags], dict(environment)
    beside = Path(sys.executable).with_name("afterpush")
    program = environment.get(PROGRAM_VARIABLE) or (str(beside) if beside.exists() else "inv")
    # husky's order; but what git tracks there was not put there by an install.
    tools = [] if is_brought(repo, "node_modules/.bin") else ["node_modules/.bin"]
    path = os.pathsep.join([*tools, environment.get("PATH", os.defpath)])
    env = dict(environment) | {"PATH": path, PROGRAM_VARIABLE: program}
    return [SHELL, "-e", str(script), *flags], env


def _husky_folder(repo: Path) -> Path:
    """`.husky`, or the folder given to `husky DIR` instead: `core.hooksPath` is then `DIR/_`."""
    configured = Path(config_value(repo, "core.hooksPath") or ".husky/_")
    return repo / (configured.parent if configured.name == "_" else ".husky")
