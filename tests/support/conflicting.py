"""Repositories in which two sides have changed one document, and the operations that make them meet."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.repositories import Repository

DOCUMENT = "docs/ROADMAP.md"
BASE = "# Roadmap\n\n### CORE-001: One\n\n**Status:** ready\n**Owner:** nobody\n"


def document(*, status: str = "ready", owner: str = "nobody", more: str = "") -> str:
    """The base document with two fields and what follows it changed."""
    text = BASE.replace("**Status:** ready", f"**Status:** {status}")
    return text.replace("**Owner:** nobody", f"**Owner:** {owner}") + more


def diverge(
    repository: Repository, ours: str, theirs: str, *, path: str = DOCUMENT, base: str | None = BASE
) -> None:
    """`main` has `ours`, the branch `side` has `theirs`; both go back to `base` (None: no such file)."""
    if base is not None:
        repository.write(path, base)
    repository.commit("Base")
    repository.git("switch", "--quiet", "--create", "side")
    repository.write(path, theirs)
    repository.commit("Their change")
    repository.git("switch", "--quiet", "main")
    repository.write(path, ours)
    repository.commit("Our change")


def run_git(folder: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """git with its exit code, stdout and stderr."""
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=False, env=os.environ | (env or {})
    )


def merge(folder: Path) -> int:
    return run_git(folder, "merge", "--no-edit", "side").returncode


def rebase(folder: Path) -> int:
    return run_git(folder, "-c", "core.editor=true", "rebase", "side").returncode


def cherry_pick(folder: Path) -> int:
    return run_git(folder, "cherry-pick", "side").returncode


def stash_pop(folder: Path) -> int:
    """The branch's change as a stash that is popped onto ours."""
    ours = run_git(folder, "rev-parse", "HEAD").stdout.strip()
    for words in (
        ("checkout", "--quiet", "--detach", f"{ours}~1"),
        ("checkout", "side", "--", "."),
        ("stash", "--quiet"),
        ("checkout", "--quiet", "-B", "stashed", ours),
    ):
        done = run_git(folder, *words)
        assert done.returncode == 0, (words, done.stderr)
    return run_git(folder, "stash", "pop").returncode


OPERATIONS: dict[str, Callable[[Path], int]] = {
    "merge": merge,
    "rebase": rebase,
    "cherry-pick": cherry_pick,
    "stash pop": stash_pop,
}


def python() -> str:
    """The interpreter that has afterpush."""
    return shutil.which(sys.executable) or sys.executable
