"""Beside the tools that own hooks: lefthook and pre-commit themselves, as they are installed."""

from pathlib import Path

import pytest

from tests.support.cli import Answer, afterpush
from tests.support.hook_tools import lefthook, pre_commit
from tests.support.pushing import Watched, record_post_push
from tests.support.repositories import Repository

MAIN = "refs/heads/main"
NOOP = '  commands:\n    noop: {run: "true"}\n'
CALLING = f"pre-push:\n{NOOP}  scripts:\n    afterpush: {{runner: sh, use_stdin: true}}\n"
PRE_COMMIT = (
    "default_install_hook_types: [pre-push]\nrepos:\n- repo: local\n  hooks:\n"
    "  - {id: noop, name: n, entry: test ! -e stop, language: system, always_run: true, stages: [pre-push]}\n"
)


def install(repository: Repository) -> Answer:
    return afterpush("hooks.install", "--json", cwd=repository.path)


def status(repository: Repository) -> Answer:
    return afterpush("hooks.status", "--json", cwd=repository.path)


def recorded(repository: Repository) -> Watched:
    """Everything is committed and pushed; from now on post-push is recorded."""
    record_post_push(repository)
    repository.commit("Hooks")
    repository.git("push", "--no-verify", "--quiet", "origin", "main")
    return Watched(repository)


def test_lefthook_runs_our_script_once_its_configuration_names_it(repository: Repository) -> None:
    repository.write("lefthook.yml", f"pre-push:\n{NOOP}")
    lefthook(repository.path, "install")
    answer = install(repository)
    assert (answer.code, answer.json()["manager"]) == (1, "lefthook")
    assert "use_stdin: true" in answer.json()["advice"][0]
    assert answer.json()["problems"] == ["lefthook does not call afterpush yet"]
    repository.write("lefthook.yml", CALLING)
    lefthook(repository.path, "install")
    again = install(repository)
    assert (again.code, again.json()["changes"], again.json()["problems"]) == (0, [], [])
    assert status(repository).json()["armed"] is True
    here = recorded(repository)
    # A commit that changes no file: lefthook leaves commands out then, but not scripts.
    sha = repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} {MAIN}"]


def test_under_lefthook_a_guard_blocks_and_a_broken_configuration_does_not(repository: Repository) -> None:
    repository.write("lefthook.yml", CALLING)
    install(repository)
    lefthook(repository.path, "install")
    here = recorded(repository)
    repository.write("docs/ROADMAP.md", "<<<<<<< a\n=======\n>>>>>>> b\n")
    repository.commit()
    assert here.push().returncode == 1
    repository.write("docs/ROADMAP.md", "fine\n")
    repository.write("config/afterpush.yaml", "deplyo: {}\n")
    repository.commit()
    assert here.push().returncode == 0


def test_before_lefthook_has_written_its_hook_the_status_says_so(repository: Repository) -> None:
    repository.write("lefthook.yml", CALLING)
    assert install(repository).json()["problems"] == [
        "lefthook has not written its pre-push hook here; run lefthook install"
    ]
    answer = status(repository)
    assert answer.code == 1 and answer.json()["armed"] is False
    assert answer.json()["problems"] == [
        "lefthook has not written its pre-push hook here; run lefthook install"
    ]


def test_uninstalling_keeps_what_lefthook_would_stop_pushes_without(repository: Repository) -> None:
    repository.write("lefthook.yml", "source_dir: hooks\n" + CALLING)
    install(repository)
    lefthook(repository.path, "install")
    script = repository.path / "hooks/pre-push/afterpush"
    answer = afterpush("hooks.uninstall", cwd=repository.path)
    assert answer.code == 1 and "take those lines out" in answer.out and script.is_file()
    repository.write("lefthook.yml", f"source_dir: hooks\npre-push:\n{NOOP}")
    assert afterpush("hooks.uninstall", cwd=repository.path).code == 0 and not script.exists()
    repository.commit()
    assert Watched(repository).push().returncode == 0


@pytest.mark.parametrize("first", ["afterpush", "pre-commit"])
def test_pre_commit_and_afterpush_both_run_whoever_came_first(repository: Repository, first: str) -> None:
    repository.write(".pre-commit-config.yaml", PRE_COMMIT)
    if first == "afterpush":
        assert install(repository).code == 0
    pre_commit(repository.path, "install")
    assert install(repository).code == 0
    assert status(repository).json()["armed"] is True
    here = recorded(repository)
    sha = repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} {MAIN}"]
    repository.write("stop", "")
    repository.commit()
    assert here.push().returncode == 1
    assert here.recorded() == [f"{sha} {MAIN}"]
    assert afterpush("hooks.uninstall", cwd=here.path).code == 0
    assert _hooks(here.path) == ["pre-push"]


def _hooks(repo: Path) -> list[str]:
    return sorted(path.name for path in (repo / ".git/hooks").iterdir() if path.suffix != ".sample")
