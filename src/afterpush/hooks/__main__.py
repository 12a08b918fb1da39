"""The watcher as a process of its own: `python -m afterpush.hooks REMOTE PUSH UPDATE...`. No Invoke in it."""

import contextlib
import os
import sys
from pathlib import Path

from afterpush.hooks.arming import Request, watcher_environment
from afterpush.hooks.journal import Journal, journal_path
from afterpush.hooks.policy import load_policy
from afterpush.hooks.selftest import SELF_TEST_VARIABLE, SelfTest
from afterpush.hooks.shortcut import keep_shortcut
from afterpush.hooks.watcher import forget_old_claims, watch
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import main_worktree


def main() -> None:
    repo = Path.cwd()
    request = Request.from_words(sys.argv[1:])
    test = SelfTest.of(os.environ.get(SELF_TEST_VARIABLE), request.remote)
    journal = Journal(test.log if test else journal_path(repo))
    clock = SystemClock()
    if not test:
        journal.turn_over()
        forget_old_claims(journal.path.parent, clock.now())
    watch(request, repo, journal, clock, watcher_environment(os.environ))
    if not test:
        with contextlib.suppress(AfterpushError, OSError):  # The long way is never wrong.
            root = main_worktree(repo)
            keep_shortcut(repo, root, load_policy(root))


if __name__ == "__main__":
    main()
