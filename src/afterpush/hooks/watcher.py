"""The watcher: waits for the push to end, proves what landed, and runs `.husky/post-push` for it."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from afterpush.hooks.arming import Request
from afterpush.hooks.complaint import note_complaint, settle_complaint
from afterpush.hooks.journal import Journal
from afterpush.hooks.proof import Answer, moved_here, noted, there
from afterpush.hooks.scripts import own_script, text_of
from afterpush.hooks.selftest import SELF_TEST_VARIABLE
from afterpush.hooks.updates import RefUpdate
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import config_value, is_ancestor
from afterpush.infra.git.refs import asked_of_remote, pushes_noted, ref_value, tracking_ref
from afterpush.infra.locks import try_lock
from afterpush.infra.processes import run_attached
from afterpush.infra.processes.identity import is_running, wait_for_end

PUSH_SECONDS = 600
REMOTE_SECONDS = 30
POST_PUSH_SECONDS = 300
CLAIM_SECONDS = 900
PAUSES_SECONDS = (1.0, 5.0, 0.0)


def watch(
    request: Request, repo: Path, journal: Journal, clock: Clock, environment: Mapping[str, str]
) -> None:
    """Serves one request to its end."""
    refs = {update.ref: tracking_ref(repo, request.remote, update.ref) for update in request.updates}
    began = clock.now()
    before = _values(repo, refs) if request.push and is_running(request.push) else None
    with _claims(request, journal) as updates:
        if request.push and not wait_for_end(request.push, clock, timeout_seconds=PUSH_SECONDS):
            journal.add(f"git push still runs after {PUSH_SECONDS} s; looking at the remote now")
        now = _values(repo, refs)
        for update in updates:
            answer = _proved(request, repo, update, before, now, clock)
            tracked = refs[update.ref]
            if answer.is_open and tracked and noted(update, pushes_noted(repo, tracked), began):
                answer = Answer(True, "landed (git noted it here)")
            if answer.landed:
                _report(update, answer, repo, journal, environment)
            else:
                journal.add(f"{update.ref} {update.sha[:7]}: {answer.sentence}; not watched")


def _values(repo: Path, refs: Mapping[str, str | None]) -> dict[str, str | None]:
    return {ref: ref_value(repo, tracked) if tracked else None for ref, tracked in refs.items()}


def _proved(
    request: Request,
    repo: Path,
    update: RefUpdate,
    before: Mapping[str, str | None] | None,
    now: Mapping[str, str | None],
    clock: Clock,
) -> Answer:
    """By the tracking ref if that was seen to move, else by what the remote itself says."""

    def contains(older: str, newer: str) -> bool:
        return is_ancestor(repo, older, newer)

    if before is not None and moved_here(update, before[update.ref], now[update.ref], contains):
        return Answer(True, "landed (the tracking ref moved)")
    for pause in PAUSES_SECONDS:
        try:
            values = asked_of_remote(repo, request.remote, [update.ref], timeout_seconds=REMOTE_SECONDS)
        except AfterpushError as error:
            said = str(error)
            clock.sleep(pause)
        else:
            return there(update, values.get(update.ref), contains)
    return Answer(False, f"cannot be proved: {said}", is_open=True)


@contextlib.contextmanager
def _claims(request: Request, journal: Journal) -> Iterator[list[RefUpdate]]:
    """The updates that no other watcher of the same push has or had: `--enforce` arms a second one.

    The file of a claim stays, marked as served, for a watcher that starts late; later ones remove it.
    """
    if request.push is None:
        yield list(request.updates)
        return
    mine: list[RefUpdate] = []
    with contextlib.ExitStack() as stack:
        for update in request.updates:
            ref = update.ref.replace("/", "-")
            name = f"push-{request.push.pid}-{request.push.started_at:.2f}-{ref}.lock"
            held = try_lock(journal.path.with_name(name))
            if held:
                stack.callback(held.release)
            if held is None or held.path.stat().st_size:
                journal.add(f"{update.ref} {update.sha[:7]}: another watcher of this push has it")
                continue
            stack.callback(held.path.write_text, "served\n")
            mine.append(update)
        yield mine


def forget_old_claims(folder: Path, now: float) -> None:
    """Removes the claims of pushes that ended long ago."""
    for path in folder.glob("push-*.lock"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > CLAIM_SECONDS:
                path.unlink()


def _report(
    update: RefUpdate, answer: Answer, repo: Path, journal: Journal, environment: Mapping[str, str]
) -> None:
    argv, env = post_push_command(repo, update, environment)
    place = f"{update.ref} {update.sha[:7]}"
    journal.add(f"{place}: {answer.sentence}; running {'post-push' if argv[0] != 'sh' else argv[2]}")
    try:
        code = run_attached(argv, cwd=repo, env=env, timeout_seconds=POST_PUSH_SECONDS)
    except AfterpushError as error:
        journal.add(f"{place}: {error}")
        note_complaint(journal.path.parent, str(error))
        return
    if code == 0:
        settle_complaint(journal.path.parent)
        return
    journal.add(f"{place}: post-push ended with {code}; inv deploy.monitor --sha={update.sha[:7]} watches it")
    note_complaint(journal.path.parent, f"post-push ended with {code}; what it said is in {journal.path}")


def post_push_command(
    repo: Path, update: RefUpdate, environment: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """How the repository wants to hear of a landed push: its post-push script, as husky runs scripts, else
    our own task. What others wrote into the script is not run by a self-test.
    """
    flags = ["--sha", update.sha, "--ref", update.ref]
    script = _husky_folder(repo) / "post-push"
    is_trial = SELF_TEST_VARIABLE in environment and text_of(script) != own_script("post-push")
    if not script.is_file() or is_trial:
        return [sys.executable, "-P", "-m", "afterpush", "hooks.post-push", *flags], dict(environment)
    path = os.pathsep.join(["node_modules/.bin", environment.get("PATH", os.defpath)])
    return ["sh", "-e", str(script), *flags], dict(environment) | {"PATH": path}


def _husky_folder(repo: Path) -> Path:
    """`.husky`, or the folder that `husky DIR` was told to use instead: `core.hooksPath` is then `DIR/_`."""
    configured = Path(config_value(repo, "core.hooksPath") or ".husky/_")
    return repo / (configured.parent if configured.name == "_" else ".husky")
