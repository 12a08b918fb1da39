"""The programs that a repository needs, and which versions are there."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afterpush.environment.report import Problem, Tool, error, warning
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes
from afterpush.infra.invocation import program
from afterpush.infra.processes import run

# `git rev-parse --path-format` came with 2.31, `git merge-tree --write-tree` with 2.38 (their release notes).
LEAST_GIT = (2, 31)
PREDICTING_GIT = (2, 38)
_VERSION = re.compile(r"(?<!\d)\d+\.\d+[\w.]*")


@dataclass(frozen=True)
class Needs:
    """What this repository makes necessary."""

    node: bool
    ssh: bool


def needs(root: Path, remote_urls: list[str]) -> Needs:
    """Node where there is a package.json; ssh for remotes that are reached over it."""
    over_ssh = any(
        url.startswith("ssh://") or ("://" not in url and "@" in url.partition(":")[0]) for url in remote_urls
    )
    return Needs((root / "package.json").is_file(), over_ssh)


def find_tools(root: Path, path: str, needed: Needs) -> list[Tool]:
    """Looks for every tool on `path` (as PATH holds it) and asks for its version."""
    python = sys.version.partition(" ")[0]
    return [
        _asked("git", path, True, "everything"),
        Tool("python", True, True, python, sys.executable, "everything"),
        _asked("node", path, needed.node, "husky's installation, and the app's own tools"),
        _asked("npm", path, needed.node, "husky's installation, and lock files regenerated"),
        _husky(root),
        _asked("ssh", path, needed.ssh, "remotes over SSH", flag="-V"),
    ]


def _asked(name: str, path: str, needed: bool, purpose: str, flag: str = "--version") -> Tool:
    found = shutil.which(name, path=path)
    if found is None:
        return Tool(name, False, needed, None, None, purpose)
    try:
        done = run((found, flag), timeout_seconds=10)
    except AfterpushError:
        return Tool(name, True, needed, None, found, purpose)
    shown = _VERSION.search(done.text) or _VERSION.search(done.error_text)
    return Tool(name, True, needed, shown[0] if shown else None, found, purpose)


def _husky(root: Path) -> Tool:
    """husky is a package of the app: what is installed tells its version."""
    manifest = root / "node_modules" / "husky" / "package.json"
    purpose = "hooks, where the team uses it"
    try:
        version = str(json.loads(read_bytes(manifest, limit=1 << 20)).get("version"))
    except (OSError, ValueError, AttributeError, RecursionError):
        return Tool("husky", False, False, None, None, purpose)
    return Tool("husky", True, False, version, str(manifest.parent), purpose)


def tool_problems(tools: list[Tool]) -> Iterator[Problem]:
    """What is missing or too old, if the repository needs it."""
    for tool in tools:
        if tool.needed and not tool.found:
            yield warning(f"{tool.name} is not on PATH", f"install {tool.name}", f"all but {tool.purpose}")
    git = next(tool for tool in tools if tool.name == "git")
    version, cure = _numbers(git.version), "install git 2.38 or newer"
    if version and version < LEAST_GIT:
        yield error(f"git {git.version} is too old", cure, "nothing that reads the repository")
    elif version and version < PREDICTING_GIT:
        works = f"all but the warning before a push that would conflict, and {program()} push.check"
        yield warning(f"git {git.version} cannot predict merges", cure, works)


def _numbers(version: str | None) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", version or "")
    return (int(found[1]), int(found[2])) if found else None
