"""The watcher as a process of its own, without Invoke: `python -m afterpush.hooks REMOTE PUSH UPDATE...`, or
`--landing PUSH` for what a reference-transaction hook saw, with its lines on stdin.
"""

import contextlib
import os
import sys
from pathlib import Path

from afterpush.hooks.install.scripts import PROGRAM_VARIABLE
from afterpush.hooks.notes import hooks_folder
from afterpush.hooks.policy import CONFIG_PATH, load_policy
from afterpush.hooks.request import Request, watcher_environment
from afterpush.hooks.trial import Trial
from afterpush.hooks.watcher import Watch, watch
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import main_worktree, pushed_repository
from afterpush.infra.invocation import called_as
from afterpush.infra.state import state_folder


def main() -> None:
    repo = pushed_repository(os.environ, Path.cwd())
    request = _landed(repo, sys.argv[2]) if sys.argv[1] == "--landing" else Request.from_words(sys.argv[1:])
    if request is None:
        return
    trial = Trial.of(os.environ, request.remote)
    folder = trial.folder if trial else hooks_folder(repo)
    called_as(Path(os.environ.get(PROGRAM_VARIABLE) or "afterpush").name)
    record = None if trial else _record(repo)
    watch(Watch(request, repo, folder, record, SystemClock(), watcher_environment(os.environ)))
    if not trial:
        from afterpush.hooks.install.run_script import renew_run_file

        with contextlib.suppress(AfterpushError, OSError):  # The long way is never wrong.
            renew_run_file(repo, load_policy(main_worktree(repo)))


def _landed(repo: Path, process: str) -> Request | None:
    from afterpush.hooks.prepush import after_tracking_moved

    lines = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return after_tracking_moved(repo, load_policy(main_worktree(repo)), process, lines, os.environ)


def _record(repo: Path) -> Path:
    """Where pushes are recorded. What post-push runs reports a faulty configuration."""
    root, state_dir = main_worktree(repo), None
    if (root / CONFIG_PATH).exists():
        with contextlib.suppress(AfterpushError):
            state_dir = load_policy(root).state_dir
    state = state_folder(repo, state_dir).ready()
    return state.path / f"{state.prefix}pushes.jsonl"


if __name__ == "__main__":
    main()
