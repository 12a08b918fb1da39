"""Real lefthook from the npm registry and real pre-commit from PyPI, each installed once for a test run."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest


def lefthook(repo: Path, *words: str) -> None:
    """`lefthook WORDS` in a repository. Skips the test where it cannot be had."""
    # Its own install script would run `lefthook install` in the repository that the tests are started from.
    npm = "npm install --ignore-scripts --no-audit --no-fund --prefix {folder} lefthook@2".split()
    _run(_installed("lefthook-2", (tuple(npm),)) / "node_modules/.bin/lefthook", words, repo)


def pre_commit(repo: Path, *words: str) -> None:
    """`pre-commit WORDS` in a repository. Skips the test where it cannot be had."""
    make = (sys.executable, "-m", "venv", "{folder}")
    pip = ("{folder}/bin/python", "-m", "pip", "install", "--quiet", "pre-commit==4.*")
    _run(_installed("pre-commit-4", (make, pip)) / "bin/pre-commit", words, repo)


def _installed(name: str, commands: tuple[tuple[str, ...], ...]) -> Path:
    folder, reason = _filled(name, commands)
    if reason:
        pytest.skip(reason)
    return folder


@functools.cache
def _filled(name: str, commands: tuple[tuple[str, ...], ...]) -> tuple[Path, str]:
    """A folder that the commands have filled, and what went wrong with that."""
    folder = Path(tempfile.gettempdir()) / f"afterpush-{name}-{os.getuid()}"
    if (folder / "complete").is_file():
        return folder, ""
    folder.mkdir(mode=0o700, exist_ok=True)
    for command in commands:
        argv = [word.format(folder=folder) for word in command]
        if not shutil.which(argv[0]):
            return folder, f"{name} needs {argv[0]}"
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            return folder, f"{name} could not be installed: {done.stderr.strip()[-200:]}"
    (folder / "complete").touch()
    return folder, ""


def _run(program: Path, words: tuple[str, ...], repo: Path) -> None:
    done = subprocess.run([program, *words], cwd=repo, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
