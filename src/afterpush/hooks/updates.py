"""What a push says it will do (githooks(5), pre-push), and which of it is to be watched."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.hooks.policy import Policy

BRANCH_PREFIX = "refs/heads/"
_LINE = re.compile(r"(.*) ([0-9a-f]{40,64}) ([^ ]+) ([0-9a-f]{40,64})")


@dataclass(frozen=True)
class RefUpdate:
    """One line: the remote's `ref` goes from `old` to `sha`. A missing side is all zeros."""

    local_ref: str
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
    """What will be watched, and a sentence for each update that will not."""

    watched: list[RefUpdate]
    reasons: list[str]


def choose(updates: Sequence[RefUpdate], policy: Policy, *, remote: str, is_app_remote: bool) -> Choice:
    """Which updates are deployments: live branches of the app's remote."""
    watched: list[RefUpdate] = []
    reasons = [] if updates else ["nothing to push (or git refused every ref); not watched"]
    for update in updates:
        reason = _reason_against(update, policy, remote, is_app_remote=is_app_remote)
        if reason:
            reasons.append(f"{update.ref}: {reason}; not watched")
        else:
            watched.append(update)
    return Choice(watched, reasons)


def _reason_against(update: RefUpdate, policy: Policy, remote: str, *, is_app_remote: bool) -> str | None:
    if not is_app_remote:
        return f"{remote} is not the remote {policy.remote} (push.remote)"
    if update.is_delete:
        return "deletes it"
    if update.branch is None:
        return "is no branch"
    if not policy.is_watched(update.branch):
        return f"deploy.branches is {', '.join(policy.branches)}"
    return None
