"""Before a push: look at it, say what is worth saying, and have it watched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.hooks.arming import Request, arm, identity_of_push
from afterpush.hooks.complaint import untold_complaint
from afterpush.hooks.guards import ALLOW_VARIABLE, judge
from afterpush.hooks.journal import Journal, journal_path
from afterpush.hooks.policy import Policy
from afterpush.hooks.previous import memory_path, untold_outcome
from afterpush.hooks.pushing import find_push, is_forced, push_words
from afterpush.hooks.selftest import SELF_TEST_VARIABLE, SelfTest
from afterpush.hooks.updates import RefUpdate, choose, parse_updates
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import config_value, remote_urls
from afterpush.infra.git.refs import followed_ref, is_same_place
from afterpush.infra.processes.identity import Identity, identity_from_ticks
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


def switched_off(policy: Policy, environment: Mapping[str, str]) -> str | None:
    """What switches the hooks off, if anything does."""
    for name in ("AFTERPUSH", "HUSKY"):
        if environment.get(name) == "0":
            return f"{name}=0"
    return None if policy.enabled else "hooks.enabled: false"


def before_push(push: Push, policy: Policy) -> Answer:
    """Looks, decides, arms the watcher. Raises AfterpushError when even the log cannot be written."""
    journal = Journal(journal_path(push.repo))
    off = switched_off(policy, push.environment)
    if off:
        journal.add(f"push to {_name(push)}: {off}; not watched")
        return Answer([])
    updates = parse_updates(push.text)
    above = find_push(lambda name: config_value(push.repo, f"alias.{name}"))
    identity = identity_of_push(above[0]) if above else None
    test = SelfTest.of(push.environment.get(SELF_TEST_VARIABLE), push.url)
    if test:
        test.mark("hook")
        arm(Request(push.url, identity, tuple(updates)), repo=push.repo, log=test.log)
        return Answer([])
    forced = is_forced(above[1]) if above else None
    return _look_and_arm(push, policy, updates, forced, identity, journal)


def _look_and_arm(
    push: Push,
    policy: Policy,
    updates: list[RefUpdate],
    forced: bool | None,
    identity: Identity | None,
    journal: Journal,
) -> Answer:
    from afterpush.hooks.looking import Outgoing, look_at

    is_app_remote = goes_to_app_remote(push, policy)
    remote = policy.remote if is_app_remote else push.remote
    look = look_at(Outgoing(push.repo, remote, is_app_remote, updates, forced), policy)
    allowed = push.environment.get(ALLOW_VARIABLE, "").replace(",", " ").split()
    judgement = judge(look.findings, policy, allowed)
    lines = [*_previous(push, policy), *judgement.lines, *(f"afterpush: {text}" for text in look.warnings)]
    if judgement.blocked:
        journal.add(f"push to {_name(push)}: stopped by a guard; not watched")
        return Answer(lines, blocked=True)
    choice = choose(updates, policy, remote=_name(push), is_app_remote=is_app_remote)
    journal.add(*(f"push to {_name(push)}: {reason}" for reason in choice.reasons))
    if choice.watched:
        arm(Request(policy.remote, identity, tuple(choice.watched)), repo=push.repo, log=journal.path)
    return Answer(lines)


def after_tracking_moved(
    repo: Path, policy: Policy, process: str, text: str, environment: Mapping[str, str]
) -> None:
    """Arms the watcher for what a `git push` without pre-push has landed: `sha tracking-ref` lines.

    `process` is `PID@TICKS` of what moved the refs, which may have ended by now; without ticks (no /proc)
    it is only known while it runs.
    """
    journal = Journal(journal_path(repo))
    off = switched_off(policy, environment)
    if off:
        journal.add(f"tracking refs moved: {off}; not watched")
        return
    pid, _, ticks = process.partition("@")
    if not pid.isdigit() or not (ticks or "0").isdigit():
        raise AfterpushError(
            f"--landing={process}: expected PID@TICKS, as the reference-transaction hook has it"
        )
    push = entry_of(int(pid))
    if push and push_words(argv_of(push.pid), lambda name: config_value(repo, f"alias.{name}")) is None:
        journal.add("tracking refs moved, but by no git push; not watched")
        return
    identity = identity_from_ticks(int(pid), int(ticks)) if ticks else identity_of_push(push)
    pairs = (line.split(" ", 1) for line in text.splitlines() if " " in line)
    moved = [
        RefUpdate("", sha, ref, "0" * len(sha))
        for sha, tracking in pairs
        if (ref := followed_ref(repo, policy.remote, tracking))
    ]
    choice = choose(moved, policy, remote=policy.remote, is_app_remote=True)
    journal.add(*choice.reasons)
    if choice.watched:
        request = Request(policy.remote, identity, tuple(choice.watched))
        arm(request, repo=repo, log=journal.path)


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


def _previous(push: Push, policy: Policy) -> list[str]:
    try:
        state = state_folder(push.repo, policy.state_dir)
        line = untold_outcome(state, memory_path(push.repo), SystemClock().now())
    except (AfterpushError, OSError):
        return []
    complaint = untold_complaint(memory_path(push.repo).parent)
    lines = [f"afterpush: the last push was not watched: {complaint}"] if complaint else []
    return [*lines, f"afterpush: {line}"] if line else lines
