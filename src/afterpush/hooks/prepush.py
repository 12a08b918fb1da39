"""Before a push: look at it, say what is worth saying, and have it watched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.hooks.guards import ALLOW_VARIABLE, judge
from afterpush.hooks.install.managers import lacks_git_lfs_hook, no_lfs_hook
from afterpush.hooks.journal import Journal
from afterpush.hooks.notes import Unwatched, hooks_folder, outcome_to_tell, say_once
from afterpush.hooks.policy import Policy
from afterpush.hooks.push_process import (
    AliasOf,
    find_push,
    identity_of,
    identity_of_push,
    is_dry_run,
    is_forced,
    push_words,
)
from afterpush.hooks.ref_updates import RefUpdate, choose, parse_updates
from afterpush.hooks.request import Request, arm
from afterpush.hooks.trial import Trial, landed_in_trial
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import config_value, remote_urls
from afterpush.infra.git.refs import followed_ref, is_same_place
from afterpush.infra.processes.identity import Identity, is_running
from afterpush.infra.processes.process_table import argv_of, entry_of
from afterpush.infra.state import state_folder

BLOCKED_EXIT_CODE = 40
"""What a git hook gets with `--hook` for a push that is to be stopped: a broken Python exits with 1."""


@dataclass(frozen=True)
class Push:
    """What git hands to the hook, and where."""

    repo: Path
    remote: str
    url: str
    text: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """Lines for the user, and whether the push is stopped."""

    lines: list[str]
    blocked: bool = False


@dataclass(frozen=True)
class Above:
    """The `git push` that the hook runs under; nothing where somebody else calls it."""

    identity: Identity | None = None
    forced: bool | None = None
    is_dry_run: bool = False


def before_push(push: Push, policy: Policy) -> Answer:
    """Looks, decides, arms the watcher. Raises AfterpushError when even the log cannot be written."""
    folder = hooks_folder(push.repo)
    journal = Journal(folder / "watcher.log")
    off = policy.switched_off(push.environment)
    if off:
        journal.add(f"push to {_name(push)}: {off}; not watched")
        return Answer([])
    updates = parse_updates(push.text)
    above = _above(push.repo)
    trial = Trial.of(push.environment, push.url)
    if trial:
        return _tried(trial, push, policy, updates, above)
    return _look_and_arm(push, policy, updates, above, folder)


def _above(repo: Path) -> Above:
    found = find_push(_alias_in(repo))
    if found is None:
        return Above()
    return Above(identity_of_push(found[0]), is_forced(found[1]), is_dry_run(found[1]))


def _tried(trial: Trial, push: Push, policy: Policy, updates: list[RefUpdate], above: Above) -> Answer:
    """The same decision as for a real push to the remote that the trial stands for."""
    trial.mark("hook", "program")
    to_app = trial.stands_for == policy.remote
    choice = choose(updates, policy, remote=trial.stands_for, is_app_remote=to_app)
    trial.mark("reason", *choice.reasons)
    if choice.watched:
        request = Request(push.url, above.identity, tuple(choice.watched))
        arm(request, repo=push.repo, folder=trial.folder)
    return Answer([])


def _look_and_arm(push: Push, policy: Policy, updates: list[RefUpdate], above: Above, folder: Path) -> Answer:
    from afterpush.hooks.push_facts import Outgoing, look_at

    journal = Journal(folder / "watcher.log")
    is_app_remote = goes_to_app_remote(push, policy)
    remote = policy.remote if is_app_remote else push.remote
    look = look_at(Outgoing(push.repo, remote, is_app_remote, updates, above.forced), policy)
    allowed = push.environment.get(ALLOW_VARIABLE, "").replace(",", " ").split()
    judgement = judge(look.findings, policy, allowed)
    choice = choose(updates, policy, remote=_name(push), is_app_remote=is_app_remote)
    lines = [*_news(push, policy, folder), *judgement.lines]
    lines += [f"afterpush: {text}" for text in look.warnings]
    lines += [f"afterpush: {no_lfs_hook()}"] if lacks_git_lfs_hook(push.repo) else []
    if choice.surprise and not above.is_dry_run and say_once(folder, choice.surprise):
        lines.append(f"afterpush: {choice.surprise}")
    if judgement.blocked:
        journal.add(f"push to {_name(push)}: stopped by a guard; not watched")
        return Answer(lines, blocked=True)
    journal.add(*(f"push to {_name(push)}: {reason}" for reason in choice.reasons))
    if choice.watched and above.is_dry_run:
        journal.add(f"push to {_name(push)}: a dry run, which does not land; not watched")
    elif choice.watched:
        arm(Request(policy.remote, above.identity, tuple(choice.watched)), repo=push.repo, folder=folder)
    return Answer(lines)


def after_tracking_moved(
    repo: Path, policy: Policy, process: str, text: str, environment: Mapping[str, str]
) -> Request | None:
    """What is to be watched of a `git push` without pre-push that has landed: `sha tracking-ref` lines.

    `process` is `PID@TICKSt` of what moved the refs, which may have ended by now; without ticks (no /proc)
    it is only known while it runs.
    """
    folder = hooks_folder(repo)
    journal = Journal(folder / "watcher.log")
    off = policy.switched_off(environment)
    if off:
        journal.add(f"tracking refs moved: {off}; not watched")
        return None
    identity = _mover(repo, process)
    if identity is None:
        journal.add("tracking refs moved, but by no git push; not watched")
        return None
    pairs = [(sha, ref) for sha, _, ref in (line.partition(" ") for line in text.splitlines()) if ref]
    trial = Trial.of(environment, None)
    if trial:
        return landed_in_trial(trial, identity, pairs)
    refs = [(sha, followed_ref(repo, policy.remote, tracking)) for sha, tracking in pairs]
    moved = [RefUpdate(sha, ref, "0" * len(sha)) for sha, ref in refs if ref]
    choice = choose(moved, policy, remote=policy.remote, is_app_remote=True)
    journal.add(*choice.reasons)
    return Request(policy.remote, identity, tuple(choice.watched)) if choice.watched else None


def _mover(repo: Path, process: str) -> Identity | None:
    """The `git push` that a reference-transaction hook ran under; None when it is another command."""
    pid, _, started = process.partition("@")
    if not pid.isdigit() or not (started.removesuffix("t") or "0").isdigit():
        raise AfterpushError(
            f"--landing={process}: expected PID@TICKSt, as the reference-transaction hook has it"
        )
    named = identity_of(process)
    # Empty once it has ended, also while nobody has collected it; by then the pid may be a stranger's.
    argv = argv_of(int(pid))
    if argv and (named is None or is_running(named)) and push_words(argv, _alias_in(repo)) is None:
        return None
    return named or identity_of_push(entry_of(int(pid))) or identity_of(f"{pid}@0")


def _alias_in(repo: Path) -> AliasOf:
    return lambda name: config_value(repo, f"alias.{name}")


def goes_to_app_remote(push: Push, policy: Policy) -> bool:
    """Whether the push goes to the configured remote: by its name, or to its URL under whatever name."""
    if push.remote == policy.remote:
        return True
    urls = remote_urls(push.repo, policy.remote, push=True)
    return any(is_same_place(url, push.url or push.remote, push.repo) for url in urls)


def _name(push: Push) -> str:
    """The remote for a log line: a URL may hold a password and is not written down."""
    is_url = push.remote == push.url or "/" in push.remote or ":" in push.remote
    return "a URL" if is_url else push.remote or "(no name)"


def _news(push: Push, policy: Policy, folder: Path) -> list[str]:
    """What became of the pushes before this one, reported once."""
    try:
        outcome = outcome_to_tell(push.repo, state_folder(push.repo, policy.state_dir))
        lines = [*Unwatched(folder).to_tell(), *filter(None, [outcome])]
    except (AfterpushError, OSError):
        return []
    return [f"afterpush: {line}" for line in lines]
