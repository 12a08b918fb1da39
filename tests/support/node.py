"""Real npm packages for scripts that are run with node."""

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PACKAGES = ("mysql2@3", "drizzle-orm@0.44", "esbuild@0.25")


@functools.cache
def _installed() -> tuple[Path | None, str]:
    """The folder with node_modules, or why there is none; installed once for a test run."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None, "boot scripts are run with node and npm (Debian: apt-get install nodejs npm)"
    folder = Path(tempfile.gettempdir()) / f"afterpush-node-{os.getuid()}"
    if not (folder / "complete").is_file():
        folder.mkdir(mode=0o700, exist_ok=True)
        words = ["npm", "install", "--no-audit", "--no-fund", "--legacy-peer-deps", "--prefix", str(folder)]
        done = subprocess.run([*words, *PACKAGES], capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            return None, f"npm could not install {PACKAGES}: {done.stderr.strip()[-200:]}"
        (folder / "complete").touch()
    return folder, ""


def node_packages() -> Path:
    """The node_modules folder with mysql2, drizzle-orm and esbuild. Skips the test without npm."""
    folder, why = _installed()
    if folder is None:
        pytest.skip(why)
    return folder / "node_modules"


def run_node(script: str, folder: Path, timeout_seconds: float = 300) -> "subprocess.CompletedProcess[str]":
    """`node -e SCRIPT` in a folder that finds the packages."""
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(node_packages())
    return subprocess.run(
        ["node", "--input-type=module", "-e", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )


def to_javascript(folder: Path, source: str, target: str) -> None:
    """Strips the types of a TypeScript file, as a bundler does."""
    esbuild = node_packages() / ".bin" / "esbuild"
    done = subprocess.run(
        [esbuild, source, f"--outfile={target}", "--format=esm"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
