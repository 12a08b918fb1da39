"""One push at a time: in a worktree, and from one clone to one target, where racing oneself is a waste."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import own_git_folder
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.locks import HeldLock, try_lock
from afterpush.push.request import PushContext

LOOK_SECONDS = 1.0


@contextmanager
def worktree_lock(context: PushContext) -> Iterator[None]:
    """Holds this worktree. Raises AfterpushError when another `inv push` is at work in it."""
    held = try_lock(context.state / f"worktree-{_short(str(own_git_folder(context.repo)))}.lock")
    if held is None:
        raise AfterpushError(f"another push is at work in {context.repo}; wait for it to end")
    try:
        yield
    finally:
        held.release()


@contextmanager
def turn(context: PushContext, target: Target) -> Iterator[None]:
    """Waits until no other worktree of this clone is pushing to the target."""
    held = _wait(context, target)
    try:
        yield
    finally:
        held.release()


def _wait(context: PushContext, target: Target) -> HeldLock:
    path = context.state / f"target-{_short(str(target))}.lock"
    held = try_lock(path)
    if held is None:
        context.note(f"another worktree of this clone is pushing to {target}: waiting for it")
    while held is None:
        held = try_lock(path, wait_seconds=LOOK_SECONDS)
    return held


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
