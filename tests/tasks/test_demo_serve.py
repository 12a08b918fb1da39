"""`demo --serve` in a repository of one's own: pushes are deployed, and Ctrl-C ends it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import AFTERPUSH, Answer, afterpush
from tests.support.repositories import Repository

QUICK = "deploy:\n  poll: {discover_seconds: 0.1, building_seconds: 0.1, deploying_seconds: 0.1}\n"


@contextmanager
def serving(repository: Repository, *words: str) -> Iterator[tuple["subprocess.Popen[str]", Any]]:
    """The running task, and the document that it printed."""
    process = subprocess.Popen(
        [*AFTERPUSH, "demo", "--serve", "--fast", "--json", *words], cwd=repository.path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout and process.stderr
    try:
        text = ""
        while not text.endswith("\n}\n"):
            text += process.stdout.readline() or pytest.fail(process.stderr.read())
        yield process, json.loads(text)
    finally:
        process.kill()
        process.communicate()


def watched(repository: Repository, variables: dict[str, str]) -> Answer:
    repository.commit()
    repository.push()
    return afterpush("deploy.monitor", "--json", cwd=repository.path, env=variables)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_pushes_are_deployed_as_chosen_until_it_is_interrupted(
    repository: Repository, number: signal.Signals
) -> None:
    repository.commit("Look often", **{"config/afterpush_yaml": QUICK})
    with serving(repository, "--scenario=live,build-failure") as (process, told):
        verdicts = [watched(repository, told["variables"]).json() for _ in range(2)]
        assert [found["verdict"] for found in verdicts] == ["live", "failed"]
        assert verdicts[0]["ready"] is True and verdicts[1]["category"] == "lockfile_outdated"
        process.send_signal(number)
        _, story = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "is ACTIVE after" in story and "is ERROR after" in story
    assert f"unset {' '.join(told['variables'])}" in story


def test_what_it_prints_can_be_pasted_into_a_shell(repository: Repository) -> None:
    process = subprocess.Popen(
        [*AFTERPUSH, "demo", "--serve"], cwd=repository.path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    lines = []
    while "a new terminal" not in (line := process.stdout.readline()) and line:
        lines.append(line)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    exports = "".join(line for line in lines if re.match(r"\s+export ", line))
    script = f'{exports}printf "%s %s %s" "$DIGITALOCEAN_TOKEN" "$DIGITALOCEAN_API_URL" "$AFTERPUSH_APP"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"simulated-\w+ http://127\.0\.0\.1:\d+ app", done.stdout)
    fish = [line for line in lines if "set -gx" in line]
    assert len(fish) == exports.count("export ") == 4


def test_it_says_what_is_missing(repository: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    environment = {"GIT_CEILING_DIRECTORIES": os.fspath(tmp_path)}
    assert afterpush("demo", "--serve", cwd=outside, env=environment).code == 2
    wrong = afterpush("demo", "--serve", "--scenario=lve", cwd=repository.path)
    assert wrong.code == 2 and "build-failure" in wrong.err
    repository.git("remote", "remove", "origin")
    alone = afterpush("demo", "--serve", cwd=repository.path)
    assert alone.code == 2 and "git remote add origin" in alone.err
    assert afterpush("demo", "--scenario=live", cwd=repository.path).code == 2
