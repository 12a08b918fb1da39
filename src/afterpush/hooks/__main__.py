"""The watcher as a process of its own: `python -m afterpush.hooks REMOTE PUSH UPDATE...`. No Invoke in it."""

import os
import sys
from pathlib import Path

from afterpush.ground.clock import SystemClock
from afterpush.hooks.arming import Request
from afterpush.hooks.journal import Journal, journal_path
from afterpush.hooks.selftest import SELF_TEST_VARIABLE, SelfTest
from afterpush.hooks.watcher import forget_old_claims, watch


def main() -> None:
    repo = Path.cwd()
    request = Request.from_words(sys.argv[1:])
    test = SelfTest.of(os.environ.get(SELF_TEST_VARIABLE), request.remote)
    journal = Journal(test.log if test else journal_path(repo))
    clock = SystemClock()
    if not test:
        journal.turn_over()
        forget_old_claims(journal.path.parent, clock.now())
    watch(request, repo, journal, clock, os.environ)


if __name__ == "__main__":
    main()
