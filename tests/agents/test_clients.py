"""The shell line that clients run, in a committed file: which program it starts, and which it does not."""

import os
import subprocess
from pathlib import Path

import pytest

from afterpush.agents.clients import GATE, PROGRAM_KEY, server_words
from tests.support.repositories import Repository, make_repository

SCRIPT = '#!/bin/sh\necho "ran $*"\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = make_repository(tmp_path)
    made.write(".venv/bin/afterpush", SCRIPT)
    (made.path / ".venv/bin/afterpush").chmod(0o755)
    made.git("config", PROGRAM_KEY, str(made.path / ".venv/bin/afterpush"))
    return made


def said(repository: Repository, *words: str) -> tuple[int, str, str]:
    path = f"{repository.path.parent}/bin:{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=repository.path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_program_that_this_clone_was_told_of_runs(repository: Repository) -> None:
    assert said(repository, "sh", "-c", GATE)[:2] == (0, "ran agents.gate\n")
    assert said(repository, *server_words(allow_push=True))[:2] == (0, "ran agents.serve --allow-push\n")


@pytest.mark.parametrize("brought", [".venv/lib/evil.pth", ".venv/bin/python", ".venv/x"])
def test_nothing_runs_where_git_tracks_a_file_beside_the_program(
    repository: Repository, brought: str
) -> None:
    repository.write(brought, "import os\n")
    repository.git("add", "--force", brought)
    for words in (("sh", "-c", GATE), server_words(allow_push=False)):
        code, out, err = said(repository, *words)
        assert (code, out) == (0, "") and "git tracks files beside" in err


def test_without_a_word_to_this_clone_the_program_on_the_path_runs(repository: Repository) -> None:
    repository.git("config", "--unset", PROGRAM_KEY)
    program = repository.path.parent / "bin" / "afterpush"
    program.parent.mkdir()
    program.write_text(SCRIPT)
    program.chmod(0o755)
    assert said(repository, "sh", "-c", GATE)[:2] == (0, "ran agents.gate\n")
