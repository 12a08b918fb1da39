"""The configured check that must succeed on what is about to be pushed."""

from collections.abc import Callable, Mapping
from pathlib import Path

from afterpush.infra.git import clean_environment
from afterpush.infra.processes import run_shown


def run_check(
    repo: Path, command: str, environment: Mapping[str, str], note: Callable[[str], None]
) -> str | None:
    """None when the shell command succeeded at the worktree's root, else how it ended."""
    note(f"check: {command}")
    done = run_shown(("sh", "-c", command), cwd=repo, env=clean_environment(environment))
    if done.code == 0:
        return None
    lines = done.error_text.splitlines()
    last = f" ({lines[-1].strip()})" if lines else ""
    return f"`{command}` ended with exit code {done.code}{last}"
