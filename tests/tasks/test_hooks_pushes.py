"""Every way of pushing, with real git, a bare remote and real husky: what is watched, and what is not.

Each case is one row: how it pushes, which `sha ref` post-push hears of, and what the log says.
"""

import os
import pty
import select
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.pushing import Watched, record_post_push, watched, watched_copy
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

MAIN = "refs/heads/main"
Heard = list[str]
Case = Callable[[Watched], tuple[Heard, str]]
"""Pushes; returns what post-push must have heard, and words of the log."""


@pytest.fixture(params=["husky", "shortcut"])
def here(request: pytest.FixtureRequest, repository: Repository) -> Watched:
    return watched_copy(repository, request.param)


def normal(here: Watched) -> tuple[Heard, str]:
    sha = here.repository.commit()
    assert here.push().returncode == 0
    return [f"{sha} {MAIN}"], "running"


def an_older_commit(here: Watched) -> tuple[Heard, str]:
    sha = here.repository.commit()
    here.repository.commit()
    assert here.push("origin", "HEAD~1:main").returncode == 0
    return [f"{sha} {MAIN}"], "running"


def two_refs_at_once(here: Watched) -> tuple[Heard, str]:
    here.repository.write("config/afterpush.yaml", "deploy: {branches: [main, 'release/*']}\n")
    sha = here.repository.commit()
    assert here.push("origin", "main", "main:release/1", "main:feature").returncode == 0
    return [
        f"{sha} {MAIN}",
        f"{sha} refs/heads/release/1",
    ], "refs/heads/feature: deploy.branches is main, release/*"


def a_tag(here: Watched) -> tuple[Heard, str]:
    here.repository.git("tag", "v1")
    assert here.push("origin", "v1").returncode == 0
    return [], "refs/tags/v1: is no branch; not watched"


def a_deletion(here: Watched) -> tuple[Heard, str]:
    here.repository.git("push", "--no-verify", "--quiet", "origin", "main:old")
    here.repository.write("config/afterpush.yaml", "deploy: {branches: [main, old]}\n")
    assert here.push("origin", ":old").returncode == 0
    return [], "refs/heads/old: deletes it; not watched"


def others_push_on_top_before_the_watcher_looks(here: Watched) -> tuple[Heard, str]:
    other = here.repository.another_clone("other")
    sha = here.repository.commit()
    subprocess.run(["git", "push", "--quiet"], cwd=here.path, check=True)
    other.git("pull", "--quiet")
    other.commit()
    other.push()
    here.settle()
    # On a slow machine the watcher may see the ref move, or the remote before the others.
    return [f"{sha} {MAIN}"], "running"


def another_branch(here: Watched) -> tuple[Heard, str]:
    here.repository.commit()
    assert here.push("origin", "main:feature").returncode == 0
    return [], "refs/heads/feature: deploy.branches is main; not watched"


def another_remote(here: Watched) -> tuple[Heard, str]:
    elsewhere = _bare(here.path.parent / "elsewhere.git")
    here.repository.git("remote", "add", "backup", str(elsewhere))
    here.repository.commit()
    assert here.push("backup", "main").returncode == 0
    return [], "backup is not the remote origin (push.remote); not watched"


def the_url_of_the_remote(here: Watched) -> tuple[Heard, str]:
    sha = here.repository.commit()
    assert here.push(f"file://{here.repository.remote}", "main").returncode == 0
    return [f"{sha} {MAIN}"], "is there; running"


def another_url(here: Watched) -> tuple[Heard, str]:
    assert here.push(str(_bare(here.path.parent / "elsewhere.git")), "main").returncode == 0
    return [], "a URL is not the remote origin"


def the_same_remote_by_another_name(here: Watched) -> tuple[Heard, str]:
    here.repository.git("remote", "add", "upstream", str(here.repository.remote))
    sha = here.repository.commit()
    assert here.push("upstream", "main").returncode == 0
    return [f"{sha} {MAIN}"], "running"


def nothing_new(here: Watched) -> tuple[Heard, str]:
    assert here.push().returncode == 0
    return [], "nothing to push"


def a_dry_run(here: Watched) -> tuple[Heard, str]:
    here.repository.commit()
    assert here.push("--dry-run").returncode == 0
    return [], "a dry run, which does not land; not watched"


def refused_as_no_fast_forward(here: Watched) -> tuple[Heard, str]:
    _others_push(here)
    here.repository.git("fetch", "--quiet")
    here.repository.commit(b_md="mine")
    done = here.push()
    assert done.returncode == 1
    assert "origin is 1 commit ahead on main, and a merge would conflict in b.md; inv push" in done.stderr
    return [], "nothing to push (or git refused every ref)"


def refused_before_a_fetch(here: Watched) -> tuple[Heard, str]:
    _others_push(here)
    here.repository.commit()
    done = here.push()
    assert done.returncode == 1
    assert "origin has commits on main that are not here yet; inv push" in done.stderr
    return [], "did not land: the remote still has what it had"


def refused_by_a_hook_of_the_server(here: Watched) -> tuple[Heard, str]:
    _server_refuses(here)
    here.repository.commit()
    assert here.push().returncode == 1
    return [], "did not land: the remote still has what it had"


def a_forced_step_back_that_the_server_refuses(here: Watched) -> tuple[Heard, str]:
    here.repository.commit()
    here.repository.git("push", "--no-verify", "--quiet")
    _server_refuses(here)
    done = here.push("--force", "origin", "HEAD~1:main")
    assert done.returncode == 1 and "takes 1 commit off the remote's main" in done.stderr
    return [], "did not land: the remote still has what it had"


def past_the_hook(here: Watched) -> tuple[Heard, str]:
    here.repository.commit()
    assert here.push("--no-verify").returncode == 0
    return [], ""


def switched_off_with_afterpush_0(here: Watched) -> tuple[Heard, str]:
    here.repository.commit()
    assert here.push(env={"AFTERPUSH": "0"}).returncode == 0
    return [], ""


def switched_off_with_husky_0(here: Watched) -> tuple[Heard, str]:
    here.repository.commit()
    assert here.push(env={"HUSKY": "0"}).returncode == 0
    return [], ""


def switched_off_by_configuration(here: Watched) -> tuple[Heard, str]:
    here.repository.write("config/afterpush.yaml", "hooks: {enabled: false}\n")
    here.repository.commit()
    assert here.push().returncode == 0
    return [], "hooks.enabled: false; not watched"


def from_a_subfolder(here: Watched) -> tuple[Heard, str]:
    here.repository.write("deep/er/file", "x")
    sha = here.repository.commit()
    assert here.push(cwd=here.path / "deep/er").returncode == 0
    return [f"{sha} {MAIN}"], "running"


def by_an_alias_and_from_elsewhere(here: Watched) -> tuple[Heard, str]:
    here.repository.git("config", "alias.up", "push --quiet")
    sha = here.repository.commit()
    subprocess.run(["git", "-C", here.path, "-c", "core.abbrev=9", "up"], cwd="/", check=True)
    here.settle()
    return [f"{sha} {MAIN}"], "running"


def with_a_variable_that_names_another_repository(here: Watched) -> tuple[Heard, str]:
    sha = here.repository.commit()
    assert here.push(env={"AFTERPUSH_REPO": "/nowhere"}).returncode == 0
    return [f"{sha} {MAIN}"], "running"


def a_configuration_that_cannot_be_read(here: Watched) -> tuple[Heard, str]:
    here.repository.write("config/afterpush.yaml", "deplyo: {}\n")
    here.repository.commit()
    done = here.push()
    assert done.returncode == 0 and "unknown key deplyo; did you mean deploy?" in done.stderr
    return [], ""


CASES: list[Case] = [
    normal,
    an_older_commit,
    two_refs_at_once,
    a_tag,
    a_deletion,
    others_push_on_top_before_the_watcher_looks,
    another_branch,
    another_remote,
    the_url_of_the_remote,
    another_url,
    the_same_remote_by_another_name,
    nothing_new,
    a_dry_run,
    refused_as_no_fast_forward,
    refused_before_a_fetch,
    refused_by_a_hook_of_the_server,
    a_forced_step_back_that_the_server_refuses,
    past_the_hook,
    switched_off_with_afterpush_0,
    switched_off_with_husky_0,
    switched_off_by_configuration,
    from_a_subfolder,
    by_an_alias_and_from_elsewhere,
    with_a_variable_that_names_another_repository,
    a_configuration_that_cannot_be_read,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_push_is_watched_when_it_landed_and_only_then(here: Watched, case: Case) -> None:
    heard, said = case(here)
    assert sorted(here.recorded()) == sorted(heard), here.log
    assert said in here.log


def test_the_shortcut_needs_neither_invoke_nor_afterpush_on_the_path(repository: Repository) -> None:
    here = watched_copy(repository, "shortcut")
    repository.git("config", "afterpush.program", "/bin/false")
    sha = repository.commit()
    done = here.push()
    assert (done.returncode, here.recorded()) == (0, [f"{sha} {MAIN}"]), done.stderr


def test_from_a_linked_worktree(here: Watched) -> None:
    linked = here.path.parent / "linked"
    here.repository.git("worktree", "add", "--quiet", str(linked))
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "there"], cwd=linked, check=True)
    if here.repository.git("config", "core.hooksPath", check=False):
        # git ignores what husky made, so a linked worktree has none of it; hooks.install brings it there.
        from tests.support.cli import afterpush

        assert afterpush("hooks.install", cwd=linked).code == 0
    sha = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=linked, capture_output=True, text=True
    ).stdout.strip()
    assert here.push("origin", "HEAD:main", cwd=linked).returncode == 0
    assert here.recorded() == [f"{sha} {MAIN}"]


@pytest.mark.parametrize("manager", ["git", "husky"])
def test_enforced_a_push_past_the_hook_is_watched_too(repository: Repository, manager: str) -> None:
    here = watched_copy(repository, manager, "--enforce")
    sha = repository.commit()
    assert here.push("--no-verify").returncode == 0
    assert here.recorded() == [f"{sha} {MAIN}"], here.log


@pytest.mark.parametrize("manager", ["git", "husky"])
def test_enforced_a_push_through_the_hook_is_reported_once(repository: Repository, manager: str) -> None:
    here = watched_copy(repository, manager, "--enforce")
    sha = repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} {MAIN}"], here.log


@pytest.mark.parametrize("move", ["fetch", "commit", "push", "other branch"])
def test_enforced_nothing_starts_when_no_push_moved_a_watched_branch(
    repository: Repository, move: str
) -> None:
    here = watched_copy(repository, "git", "--enforce")
    if move == "fetch":
        _others_push(here)
        repository.git("fetch", "--quiet")
    elif move == "commit":
        repository.commit()
    elif move == "push":
        repository.git("push", "--no-verify")
    else:
        repository.git("push", "--no-verify", "origin", "main:feature")
    here.settle()
    assert here.recorded() == [] and here.log == ""


@pytest.mark.parametrize(
    ("manager", "install", "flags"),
    [("husky", [], []), ("shortcut", [], []), ("git", ["--enforce"], ["--no-verify"])],
)
def test_a_pipe_behind_the_push_does_not_wait_for_the_watcher(
    repository: Repository, manager: str, install: list[str], flags: list[str]
) -> None:
    here = watched_copy(repository, manager, *install)
    go = _held_back(here)
    sha = here.repository.commit()
    done = subprocess.run(
        ["sh", "-c", 'git push "$@" 2>&1 | cat', "sh", *flags],
        cwd=here.path,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "main -> main" in done.stdout and here.recorded() == []
    go.touch()
    wait_until(lambda: here.recorded() == [f"{sha} {MAIN}"], "post-push is run")


def test_a_terminal_that_closes_right_after_does_not_end_the_watcher(here: Watched) -> None:
    go = _held_back(here)
    sha = here.repository.commit()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(here.path)
        os.execvp("sh", ["sh", "-c", "git push; exec sleep 600"])
    seen = b""
    while b"main -> main" not in seen:
        assert select.select([terminal], [], [], 60)[0], seen
        seen += os.read(terminal, 4096)
    wait_until(lambda: "running" in here.log, "post-push is started")
    os.close(terminal)  # The kernel sends SIGHUP to everything that belongs to the terminal.
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -1
    go.touch()
    wait_until(lambda: here.recorded() == [f"{sha} {MAIN}"], "post-push is run")


def test_a_hook_of_others_that_blocks_still_blocks_and_nothing_is_watched(repository: Repository) -> None:
    hook = repository.path / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    here = watched(repository, "git")
    repository.commit()
    done = here.push()
    assert done.returncode == 1 and "no" in done.stderr
    assert here.recorded() == [] and "did not land" in here.log


def test_where_afterpush_cannot_be_found_the_push_goes_on_with_one_line(
    repository: Repository, tmp_path: Path
) -> None:
    here = watched_copy(repository, "husky")
    here.repository.git("config", "--unset", "afterpush.program")
    (here.path / ".git/afterpush/hooks/run").unlink()
    here.repository.commit()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh", "grep", "cat", "basename", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = here.push(env={"PATH": str(tools)})
    ours = [line for line in done.stderr.splitlines() if line.startswith("afterpush")]
    assert done.returncode == 0 and len(ours) == 1 and "docs/how-to/adopt.md" in ours[0]
    assert here.recorded() == []


def _others_push(here: Watched) -> None:
    other = here.repository.another_clone("other")
    other.commit(b_md="theirs")
    other.push()


def _bare(path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
    return path


def _server_refuses(here: Watched) -> None:
    hook = here.repository.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)


def _held_back(here: Watched) -> Path:
    """Makes post-push wait for a file, so that the watcher certainly outlives the push."""
    go = here.path.parent / "go"
    record_post_push(here.repository, f'until [ -e "{go}" ]; do sleep 0.05; done')
    return go
