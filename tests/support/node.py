"""Real npm packages for scripts that are run with node."""

import subprocess
from pathlib import Path

from tests.support.installed import NPM, installed


def node_packages() -> Path:
    """The node_modules folder with mysql2, drizzle-orm and esbuild. Skips the test without npm."""
    return installed("node", f"{NPM} mysql2@3 drizzle-orm@0.44 esbuild@0.25") / "node_modules"


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
