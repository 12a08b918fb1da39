"""The background monitor's entrance: `python -m afterpush.deploy --repo=PATH --sha=SHA`.

It runs the same watch and the same reporting as `inv deploy.monitor`, without the cost of Invoke.
Exit codes are those of the verdict; 0 also when another monitor watches the commit already.
"""

import argparse
import os
import random
import sys
from pathlib import Path

from afterpush.deploy.monitor import AlreadyRunning
from afterpush.deploy.session import open_session
from afterpush.ground.clock import SystemClock, rfc3339
from afterpush.ground.config import load_settings, read_environment
from afterpush.ground.errors import AfterpushError
from afterpush.ground.git import main_worktree


def main() -> int:
    """Watches one commit; stdout is the log file."""
    arguments = _arguments()
    clock = SystemClock()
    try:
        root = main_worktree(arguments.repo)
        session = open_session(
            arguments.repo,
            arguments.sha,
            load_settings(root),
            read_environment(root, os.environ),
            clock,
            random=random.random,
            warn=lambda text: print(f"{rfc3339(clock.now())}  note: {text}", flush=True),
            timeout_seconds=arguments.timeout,
        )
        return int(session.run_in_background(strict=arguments.strict))
    except AlreadyRunning:
        return 0
    except AfterpushError as error:
        print(f"afterpush: {error}", flush=True)
        return int(error.exit_code)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m afterpush.deploy", description=__doc__)
    parser.add_argument("--repo", type=Path, required=True, help="the app repository")
    parser.add_argument("--sha", required=True, help="the full sha to watch")
    parser.add_argument("--timeout", type=float, help="seconds until the verdict is timeout")
    parser.add_argument("--strict", action="store_true", help="live but not ready is no success")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
