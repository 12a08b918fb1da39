"""What looking at a push costs: by the commits that it brings, not by the branches that they go to."""

import os
import shutil
from pathlib import Path

import pytest

from afterpush.hooks.policy import Policy
from afterpush.hooks.push_facts import Outgoing, look_at
from afterpush.hooks.ref_updates import RefUpdate
from tests.support.repositories import Repository

NEW = "0" * 40


def test_a_commit_is_looked_through_once_for_all_the_branches_that_it_goes_to(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("docs/ROADMAP.md", "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n")
    sha = repository.commit("Leave a marker")
    updates = [RefUpdate(sha, f"refs/heads/b{number}", NEW) for number in range(50)]
    real, log = shutil.which("git"), tmp_path / "log"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>"{log}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    looked = look_at(Outgoing(repository.path, "origin", True, updates, False), Policy())
    assert len([one for one in looked.findings if one.guard == "conflict_markers"]) == 50
    assert len([line for line in log.read_text().splitlines() if line.startswith("grep")]) == 1
