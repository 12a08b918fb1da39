"""Real husky from the npm registry, installed once for a test run."""

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


@functools.cache
def _installed() -> tuple[Path | None, str]:
    """The folder of the package, or why it cannot be had."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None, "husky needs node and npm (Debian: apt-get install nodejs npm)"
    folder = Path(tempfile.gettempdir()) / f"afterpush-husky-9-{os.getuid()}"
    if not (folder / "node_modules/husky/bin.js").is_file():
        folder.mkdir(mode=0o700, exist_ok=True)
        words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "husky@9"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            return None, f"npm could not install husky@9: {done.stderr.strip()[-200:]}"
    return folder / "node_modules/husky", ""


def run_husky(repo: Path) -> None:
    """`npx husky` in a repository: sets core.hooksPath and makes `.husky/_`. Skips the test without npm."""
    package, reason = _installed()
    if package is None:
        pytest.skip(reason)
    done = subprocess.run(["node", package / "bin.js"], cwd=repo, capture_output=True, text=True, check=True)
    assert (repo / ".husky/_/h").is_file(), done.stdout + done.stderr
