"""What a push says it will do (githooks(5), pre-push), and which of it is to be watched."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.hooks.policy import Policy

BRANCH_PREFIX = "refs/heads/"
MOST_REASONS = 20
_LINE = re.compile(r".* ([0-9a-f]{40,64}) ([^ ]+) ([0-9a-f]{40,64})")


@dataclass(frozen=True)
class RefUpdate:
    """The remote's `ref` goes from `old` to `sha`. A missing side is all zeros."""

    sha: str
    ref: str
    old: str

    @property
    def is_delete(self) -> bool:
        return not self.sha.strip("0")

    @property
    def is_new(self) -> bool:
        return not self.old.strip("0")

    @property
    def branch(self) -> str | None:
        """The name of the remote branch; None for tags and other refs."""
        return self.ref.removeprefix(BRANCH_PREFIX) if self.ref.startswith(BRANCH_PREFIX) else None


def parse_updates(text: str) -> list[RefUpdate]:
    """The lines that git writes to the hook. The local ref may be any revision, also one with spaces."""
    found = (_LINE.fullmatch(line) for line in text.split("\n"))
    return [RefUpdate(*line.groups()) for line in found if line]


@dataclass(frozen=True)
class Choice:
    """What will be watched, a sentence for the log for what will not, and one for who pushes by a name that
    is not watched: perhaps it ought to be."""

    watched: list[RefUpdate]
    reasons: list[str]
    surprise: str | None = None


def choose(updates: Sequence[RefUpdate], policy: Policy, *, remote: str, is_app_remote: bool) -> Choice:
    """Which updates are deployments: live branches of the app's remote."""
    if not updates:
        return Choice([], ["nothing to push (or git refused every ref); not watched"])
    if not is_app_remote:
        why = f"{_count(updates)}: {remote} is not the remote {policy.remote} (push.remote); not watched"
        return Choice([], [why], f"{remote} is not watched (push.remote is {policy.remote})")
    watched: list[RefUpdate] = []
    reasons: list[str] = []
    for update in updates:
        reason = _reason_against(update, policy)
        if reason is None:
            watched.append(update)
        elif len(reasons) < MOST_REASONS:
            reasons.append(f"{update.ref}: {reason}; not watched")
    more = len(updates) - len(watched) - len(reasons)
    reasons += [f"{more} more refs: not watched"] if more else []
    return Choice(watched, reasons, None if watched else _surprise(updates, policy))


def _surprise(updates: Sequence[RefUpdate], policy: Policy) -> str | None:
    names = [each.branch for each in updates if each.branch and not each.is_delete]
    return f"{names[0]} is not watched (deploy.branches is {', '.join(policy.branches)})" if names else None


def _count(updates: Sequence[RefUpdate]) -> str:
    return updates[0].ref if len(updates) == 1 else f"{len(updates)} refs"


def _reason_against(update: RefUpdate, policy: Policy) -> str | None:
    if update.is_delete:
        return "deletes it"
    if update.branch is None:
        return "is no branch"
    if not policy.is_watched(update.branch):
        return f"deploy.branches is {', '.join(policy.branches)}"
    return None
