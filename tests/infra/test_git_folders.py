"""Where a repository's folders are: in the main worktree, a linked one, a submodule, a bare clone."""

import subprocess
from pathlib import Path

from afterpush.infra.git import common_folder, main_worktree, own_git_folder, pushed_repository
from afterpush.infra.git.refs import is_same_place
from tests.support.repositories import Repository


def test_in_the_main_worktree(repository: Repository) -> None:
    path = repository.path
    assert (main_worktree(path), common_folder(path), own_git_folder(path)) == (
        path,
        path / ".git",
        path / ".git",
    )


def test_in_a_linked_worktree(repository: Repository, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "--quiet", str(linked))
    assert main_worktree(linked) == repository.path
    assert common_folder(linked) == repository.path / ".git"
    assert own_git_folder(linked) == repository.path / ".git" / "worktrees" / "linked"


def test_a_submodule_is_its_own_main_worktree(repository: Repository) -> None:
    repository.git("submodule", "--quiet", "add", str(repository.remote), "part")
    part = repository.path / "part"
    assert main_worktree(part) == part
    assert common_folder(part) == repository.path / ".git" / "modules" / "part" == own_git_folder(part)


def test_a_worktree_of_a_bare_repository_is_its_own_root(repository: Repository, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    subprocess.run(["git", "worktree", "add", "--quiet", linked], cwd=repository.remote, check=True)
    assert main_worktree(linked) == linked
    assert common_folder(linked) == repository.remote


def test_a_hook_with_the_git_folder_elsewhere_belongs_to_the_worktree(
    repository: Repository, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    repository.git("init", "--quiet", f"--separate-git-dir={elsewhere}")
    assert pushed_repository({"GIT_DIR": str(elsewhere)}, repository.path) == repository.path
    assert main_worktree(repository.path) == repository.path
    assert pushed_repository({"GIT_DIR": str(elsewhere)}, tmp_path) == elsewhere


def test_a_file_url_may_name_this_machine(tmp_path: Path) -> None:
    for url in (f"file://{tmp_path}/app.git", f"file://localhost{tmp_path}/app", "app.git/"):
        assert is_same_place(url, str(tmp_path / "app.git"), tmp_path)
    assert not is_same_place("localhost/app", str(tmp_path / "app"), tmp_path)
