"""Looking at a push before it happens: facts from git, each within its time, into findings and warnings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from afterpush.hooks.guards import Finding, force_finding, marker_finding, secret_findings, unfinished_finding
from afterpush.hooks.policy import BLOCK, OFF, Policy
from afterpush.hooks.ref_updates import BRANCH_PREFIX, RefUpdate
from afterpush.infra.clock import Countdown, SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import current_branch
from afterpush.infra.git.outgoing import (
    MARKER_LINES,
    NotHere,
    behind_and_ahead,
    changes_lines,
    changes_matching,
    conflicting_paths,
    marked_lines,
)
from afterpush.infra.git.unmerged import operation_under_way
from afterpush.infra.secrets import TOKEN_STEMS

WARNING_SECONDS = 1.0
GUARD_SECONDS = 2.0
BLOCKING_GUARD_SECONDS = 20.0  # Well below the idle time after which a server drops the connection.

Fact = TypeVar("Fact")
Standing = tuple[int, int] | None


@dataclass(frozen=True)
class Look:
    """What a push looks like. `warnings` concern no guard: they never stop it."""

    findings: list[Finding]
    warnings: list[str]


@dataclass(frozen=True)
class Outgoing:
    """A push that is about to happen. `forced` is None when it is unknown: no `git push` is above us."""

    repo: Path
    remote: str
    is_app_remote: bool
    updates: Sequence[RefUpdate]
    forced: bool | None

    def is_watched(self, update: RefUpdate, policy: Policy) -> bool:
        branch = update.branch
        return self.is_app_remote and branch is not None and policy.is_watched(branch)


def look_at(push: Outgoing, policy: Policy) -> Look:
    """Everything that the configuration wants to be looked at."""
    findings: list[Finding] = []
    warnings: list[str] = []
    sent = [update for update in push.updates if not update.is_delete]
    if sent and policy.level("unfinished_merge") != OFF:
        findings += _unfinished(push.repo)
    if policy.level("conflict_markers") != OFF:
        findings += _guarded(
            lambda limit: _markers(push, sent, policy, limit), "conflict_markers", policy, warnings
        )
    if sent and policy.level("secrets") != OFF:
        findings += _guarded(lambda limit: _secrets(push, sent, limit), "secrets", policy, warnings)
    for update in sent:
        if push.is_watched(update, policy) and not update.is_new:
            _standing(push, update, findings, warnings)
    if not push.updates and push.is_app_remote:
        warnings += _refused_by_git(push, policy)
    return Look(findings, warnings)


def _guarded(
    look: Callable[[float], list[Finding]], guard: str, policy: Policy, warnings: list[str]
) -> list[Finding]:
    """A guard that found no time says so: silence would look like "nothing found"."""
    limit = BLOCKING_GUARD_SECONDS if policy.level(guard) == BLOCK else GUARD_SECONDS
    try:
        return look(limit)
    except NotHere as error:
        warnings.append(f"hooks.guards.{guard}: not all of this push could be looked at: {error}")
    except AfterpushError:
        warnings.append(f"hooks.guards.{guard}: this push is too large to be looked through in {limit:g} s")
    return []


def _in_time(look: Callable[[], Fact], otherwise: Fact) -> Fact:
    """A fact for a warning, which is skipped silently when git takes too long for it."""
    try:
        return look()
    except AfterpushError:
        return otherwise


def _standing_of(repo: Path, theirs: str, ours: str, otherwise: Standing) -> Standing:
    return _in_time(lambda: behind_and_ahead(repo, theirs, ours, timeout_seconds=WARNING_SECONDS), otherwise)


def _conflicts_of(repo: Path, ours: str, theirs: str) -> list[str]:
    return _in_time(lambda: conflicting_paths(repo, ours, theirs, timeout_seconds=WARNING_SECONDS), [])


def _unfinished(repo: Path) -> list[Finding]:
    operation = operation_under_way(repo)
    return [unfinished_finding(operation)] if operation else []


def _markers(push: Outgoing, sent: Sequence[RefUpdate], policy: Policy, limit: float) -> list[Finding]:
    """Each commit is looked at once, however many branches are pushed to it, and all within one limit."""
    findings, left = [], Countdown(SystemClock(), limit)
    marked: dict[str, dict[str, int]] = {}
    for update in sent:
        if update.branch is None:
            continue
        if update.sha not in marked:
            marked[update.sha] = marked_lines(
                push.repo, update.sha, policy.documents, timeout_seconds=_rest(left)
            )
        findings += [
            marker_finding(path, line, update.branch)
            for path, line in marked[update.sha].items()
            if update.is_new
            or changes_lines(
                push.repo, update.old, update.sha, path, MARKER_LINES, timeout_seconds=_rest(left)
            )
        ]
    return findings


def _rest(left: Countdown) -> float:
    if left.left() <= 0:
        raise AfterpushError("looking at a push took too long")
    return left.left()


def _secrets(push: Outgoing, sent: Sequence[RefUpdate], limit: float) -> list[Finding]:
    known = sorted({update.old for update in push.updates if not update.is_new})
    new = sorted({update.sha for update in sent})
    return secret_findings(changes_matching(push.repo, new, known, TOKEN_STEMS, timeout_seconds=limit))


def _standing(push: Outgoing, update: RefUpdate, findings: list[Finding], warnings: list[str]) -> None:
    """git tells the hook of a branch that is behind only when it is forced, or when the remote has commits
    that are not here (transport.c: it leaves out what it has refused as no fast-forward)."""
    standing = _standing_of(push.repo, update.old, update.sha, (0, 0))
    branch = update.branch or update.ref
    if standing is None:
        if push.forced:
            findings.append(force_finding(branch, None))
        else:
            warnings.append(
                f"{push.remote} has commits on {branch} that are not here yet; inv push fetches them"
            )
    elif standing[0] and push.forced is not None:
        findings.append(force_finding(branch, standing[0]))
    elif standing[0]:
        warnings += _behind(push, update.sha, update.old, branch, standing[0])


def _refused_by_git(push: Outgoing, policy: Policy) -> list[str]:
    """Nothing was handed over: up to date, or refused because the remote's branch here is ahead."""
    branch = current_branch(push.repo)
    if branch is None or not policy.is_watched(branch):
        return []
    theirs = f"refs/remotes/{push.remote}/{branch}"
    ours = f"{BRANCH_PREFIX}{branch}"
    standing = _standing_of(push.repo, theirs, ours, None)
    return _behind(push, ours, theirs, branch, standing[0]) if standing and standing[0] else []


def _behind(push: Outgoing, ours: str, theirs: str, branch: str, behind: int) -> list[str]:
    paths = _conflicts_of(push.repo, ours, theirs)
    ahead = f"{push.remote} is {behind} commit{'' if behind == 1 else 's'} ahead on {branch}"
    if not paths:
        return [f"{ahead}; inv push brings both together"]
    shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return [f"{ahead}, and a merge would conflict in {shown}; inv push resolves what it can"]
