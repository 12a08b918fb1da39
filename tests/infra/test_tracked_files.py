"""What a commit may have brought: also by a link or a submodule above it, and by a file in it."""

import subprocess
from pathlib import Path

import pytest

from afterpush.infra.git.tracked_files import TRACKED_IN_SH, is_brought
from tests.support.repositories import Repository

PROGRAM = ".venv/bin/inv"


def brought(repository: Repository) -> dict[str, bool]:
    in_sh = [tracked_in_sh(repository.path, place) for place in (".venv", repository.path / ".venv")]
    environment = is_brought(repository.path, ".venv")
    assert in_sh == [environment, environment]
    return {PROGRAM: is_brought(repository.path, PROGRAM), ".venv": environment}


def tracked_in_sh(repo: Path, place: str | Path) -> bool:
    script = f'e=$1; [ -n "$({TRACKED_IN_SH})" ]'
    return subprocess.run(["sh", "-c", script, "sh", place], cwd=repo, check=False).returncode == 0


def test_what_an_install_made_here_was_not_brought(repository: Repository) -> None:
    repository.write(PROGRAM, "x")
    repository.write(".venvs/inv", "x")
    repository.git("add", ".venvs")
    assert brought(repository) == {PROGRAM: False, ".venv": False}


def test_a_file_of_a_virtual_environment_brings_the_environment(repository: Repository) -> None:
    repository.write(PROGRAM, "x")
    repository.write(".venv/lib/x.pth", "import os\n")
    repository.git("add", "--force", ".venv/lib")
    assert brought(repository) == {PROGRAM: False, ".venv": True}


@pytest.mark.parametrize("kind", ["link", "submodule", "file"])
def test_what_lies_behind_a_link_or_in_a_submodule_was_brought(repository: Repository, kind: str) -> None:
    if kind == "file":
        repository.write(PROGRAM, "x")
    elif kind == "link":
        repository.write("tools/bin/inv", "x")
        (repository.path / ".venv").symlink_to("tools")
    else:
        repository.git("submodule", "--quiet", "add", str(repository.remote), ".venv")
    repository.git("add", "--all")
    assert brought(repository) == {PROGRAM: True, ".venv": True}
