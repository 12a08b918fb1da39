"""Real tools from the npm registry and from PyPI, installed once for all the test runs of a user."""

import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NPM = "npm install --no-audit --no-fund --legacy-peer-deps --prefix {folder}"


def installed(name: str, *commands: str) -> Path:
    """The folder that the commands fill, `{folder}` in them. Skips the test where that cannot be done."""
    folder, reason = _filled(name, commands)
    if reason:
        pytest.skip(reason)
    return folder


@functools.cache
def _filled(name: str, commands: tuple[str, ...]) -> tuple[Path, str]:
    """The folder, and what went wrong with it."""
    folder = Path(tempfile.gettempdir()) / f"afterpush-{name}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Another worker may be at it.
        if (folder / "complete").is_file():
            return folder, ""
        for command in commands:
            argv = [word.format(folder=folder) for word in command.split()]
            if not shutil.which(argv[0]):
                return folder, f"{name} needs {argv[0]} (`./inv test` brings it)"
            done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode != 0:
                return folder, f"{name} could not be installed: {done.stderr.strip()[-200:]}"
        (folder / "complete").touch()
    return folder, ""
