"""What the pages on installing tell people to type works word for word, in its order."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.health_server import Reply, health_server
from tests.support.hook_tools import run_husky
from tests.support.pushing import Watched
from tests.support.repositories import Repository
from tests.support.shared import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# An address of nobody, and the tool's own installation: both are other people's to provide.
ELSEWHERE = ("pip install git+https://git.example.org/", "npx husky init")
MAY_SAY_NO = ("env.check", "hooks.status", "deploy.status", "conflicts.check", "hooks.install")


def blocks(page: str, *languages: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text()
    return [body for language, body in BLOCK.findall(text) if language in languages]


def commands(page: str) -> list[str]:
    """The lines of shell blocks, and of sessions what stands behind `$`; without comments."""
    typed: list[str] = []
    for language, body in BLOCK.findall((ROOT / "docs" / page).read_text()):
        lines = body.splitlines()
        shown = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        typed += lines if language == "sh" else shown if language == "console" else []
    return [line for line in typed if line.strip() and not line.startswith("#")]


@pytest.fixture
def shell_environment(repository: Repository) -> Iterator[dict[str, str]]:
    """`inv` and `afterpush` are on PATH, and a running app shows the commit of HEAD, which has a tasks.py."""
    repository.write("tasks.py", "from afterpush.tasks import ns\n")
    repository.commit("Tasks")
    repository.push()
    with health_server() as health:
        health.routes["/health"] = Reply(body=f'{{"commit": "{repository.head()}"}}'.encode())
        bin_folder = str(Path(sys.executable).parent)
        yield dict(os.environ) | {
            "HEALTH_URL": f"{health.url}/health",
            "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        }


@pytest.mark.parametrize(
    "page", ["how-to/adopt.md", "how-to/without-husky.md", "how-to/husky.md", "hooks.md"]
)
def test_the_commands_of_a_page_run_in_its_order(
    repository: Repository, shell_environment: dict[str, str], page: str
) -> None:
    if page == "how-to/husky.md":
        run_husky(repository.path)
    typed = [line for line in commands(page) if not line.startswith(ELSEWHERE)]
    assert typed
    folder = repository.path
    for line in typed:
        if line.startswith("cd "):
            folder = (folder / line.removeprefix("cd ")).resolve()
            continue
        done = _run(folder, shell_environment, line)
        allowed = (0, 1) if any(task in line for task in MAY_SAY_NO) else (0,)
        assert done.returncode in allowed, f"{line}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr and "there is no task" not in done.stderr
    Watched(repository).settle()


def test_every_example_of_a_task_file_leaves_pushes_watched(
    repository: Repository, shell_environment: dict[str, str]
) -> None:
    examples = blocks("how-to/adopt.md", "python")
    assert len(examples) == 2
    for example in examples:
        repository.write("tasks.py", example)
        repository.commit("Tasks")
        done = _run(repository.path, shell_environment, "inv --list")
        assert done.returncode == 0
        shown = {name.partition(".")[0] for name in re.findall(r"^  (\S+)", done.stdout, re.MULTILINE)}
        assert shown == {"hello", "deploy", "push"} or {"hooks", "deploy", "push"} <= shown
        calls = "inv" if "hooks" in shown else "afterpush"
        assert _run(repository.path, shell_environment, f"{calls} hooks.install").returncode == 0
        status = _run(repository.path, shell_environment, "afterpush hooks.status")
        assert status.returncode == 0, status.stdout
        assert f"/{calls}; the trial push went by the" in status.stdout


def _run(folder: Path, environment: dict[str, str], line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
