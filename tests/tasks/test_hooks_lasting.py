"""After `hooks.install` the clone, its tools and its Python change: pushes stay watched, or it is told."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import afterpush
from tests.support.pushing import LONG_WAY, Watched, install, record_post_push, watched, watched_copy
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

RUN = ".git/afterpush/hooks/run"


@pytest.fixture
def here(repository: Repository) -> Watched:
    return watched_copy(repository, "git")


def test_the_committed_hook_is_eight_lines_and_the_first_call_makes_the_rest(here: Watched) -> None:
    assert len((here.path / ".git/hooks/pre-push").read_text().splitlines()) == 8
    (here.path / RUN).unlink()
    sha = here.repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"] and (here.path / RUN).is_file()


def test_in_a_renamed_folder_pushes_are_still_watched(here: Watched) -> None:
    assert str(here.path) not in (here.path / RUN).read_text()
    moved = Watched(Repository(here.path.with_name("renamed"), here.repository.remote))
    here.path.rename(moved.path)
    sha = moved.repository.commit()
    assert moved.push().returncode == 0 and moved.recorded() == [f"{sha} refs/heads/main"]


@pytest.mark.parametrize("gone", ["program", "python"])
def test_where_what_was_chosen_is_gone_another_one_takes_its_place(here: Watched, gone: str) -> None:
    path = here.path / RUN
    lines = [f"{gone}=/no/such/{gone}" if line.startswith(f"{gone}=") else line for line in _lines(path)]
    path.write_text("\n".join(lines) + "\n")
    sha = here.repository.commit()
    env = {"AFTERPUSH_AGAIN": ""} if gone == "python" else {}
    branch = [] if gone == "python" else ["--set-upstream", "origin", "main", "-f"]  # Forced: the long way.
    assert here.push(*branch, env=env).returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"] and "/no/such" not in path.read_text()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_a_python_of_the_program_that_pushes_is_not_taken(here: Watched) -> None:
    sha = here.repository.commit()
    assert here.push(env={"PYTHONHOME": "/no/python"}).returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"]


@pytest.mark.parametrize("way", [{}, LONG_WAY], ids=["shortcut", "program"])
def test_a_log_that_cannot_be_written_is_set_aside(here: Watched, way: dict[str, str]) -> None:
    log = here.path / ".git/afterpush/hooks/watcher.log"
    log.symlink_to("/no/such/folder/log")
    sha = here.repository.commit()
    done = here.push(env=way)
    assert done.returncode == 0 and "afterpush" not in done.stderr
    assert here.recorded() == [f"{sha} refs/heads/main"] and "running" in here.log


def test_a_damaged_file_stops_no_push_and_is_made_again(here: Watched) -> None:
    (here.path / RUN).write_text("if (\n")
    here.repository.commit()
    assert here.push().returncode == 0
    sha = here.repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"]


def test_an_empty_file_is_made_again_at_once(here: Watched) -> None:
    (here.path / RUN).write_text("")
    sha = here.repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"]


def test_a_folder_in_its_place_is_replaced(here: Watched) -> None:
    """A container that mounts a file which is not there makes a folder of it."""
    (here.path / RUN).unlink()
    (here.path / RUN).mkdir()
    sha = here.repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"]
    (here.path / RUN).unlink()
    (here.path / RUN / "mounted").mkdir(parents=True)
    here.repository.commit()
    pushed = here.push()
    assert pushed.returncode == 0 and "this push is not watched" in pushed.stderr


def test_a_push_with_an_empty_path_is_watched(here: Watched) -> None:
    sha = here.repository.commit()
    subprocess.run([shutil.which("git") or "git", "push"], cwd=here.path, env={"PATH": ""}, check=True)
    here.settle()
    assert here.recorded() == [f"{sha} refs/heads/main"]


def test_a_watcher_that_was_killed_is_told_once_and_by_the_status(here: Watched) -> None:
    here.repository.commit()
    sha = here.repository.head()
    hook = here.repository.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nsleep 1\n")
    hook.chmod(0o755)
    push = subprocess.Popen(["git", "push", "--quiet"], cwd=here.path)
    wait_until(lambda: bool(here.watchers()), "the watcher runs")
    for process in here.watchers():
        process.kill()
    assert push.wait() == 0
    hook.unlink()
    wait_until(lambda: not here.watchers(), "the watcher is gone")
    # Another clone on this machine may be pushing the same commit: its watcher is not ours.
    words = ["origin", "1@1t", f"{sha}:{'0' * 40}:refs/heads/main"]
    with subprocess.Popen(["sh", "-c", "read -r line", "sh", *words], stdin=subprocess.PIPE):
        status = afterpush("deploy.status", f"--sha={sha}", cwd=here.path)
    assert "the last push was not watched" in status.err and sha[:7] in status.err
    here.repository.commit()
    said = here.push().stderr
    assert "the last push was not watched" in said and f"deploy.monitor --sha={sha[:7]}" in said
    here.repository.commit()
    assert "not watched" not in here.push().stderr


def test_a_push_that_was_interrupted_while_the_server_works_is_found(here: Watched, tmp_path: Path) -> None:
    # Over ssh the server's side goes on when git ends: a stand-in runs it in a session of its own.
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nexec setsid sh -c "$2"\n')
    ssh.chmod(0o755)
    here.repository.git("remote", "set-url", "origin", f"host:{here.repository.remote}")
    hook = here.repository.remote / "hooks/pre-receive"
    hook.write_text(f'#!/bin/sh\necho >"{tmp_path}/working"\nsleep 1\n')
    hook.chmod(0o755)
    sha = here.repository.commit()
    env = dict(os.environ) | {"GIT_SSH": str(ssh), "GIT_SSH_VARIANT": "simple"}
    push = subprocess.Popen(["git", "push", "--quiet"], cwd=here.path, env=env, start_new_session=True)
    wait_until((tmp_path / "working").exists, "the server works")
    os.killpg(push.pid, signal.SIGTERM)
    push.wait()
    wait_until(lambda: here.recorded() == [f"{sha} refs/heads/main"], "the push is found")


def test_a_name_that_is_not_watched_is_told_once_and_by_the_status(repository: Repository) -> None:
    repository.git("branch", "--move", "master")
    repository.git("push", "--quiet", "--set-upstream", "origin", "master")
    install(repository, "git")
    answer = afterpush("hooks.status", "--json", cwd=repository.path)
    assert answer.code == 1 and "deploy.branches is main" in " ".join(answer.json()["problems"])
    here = Watched(repository)
    told = []
    for _ in range(2):
        repository.commit()
        told.append("master is not watched" in here.push().stderr)
    assert told == [True, False]


def test_with_nothing_configured_it_is_the_only_remote_and_its_head(repository: Repository) -> None:
    repository.git("branch", "--move", "trunk")
    repository.git("push", "--quiet", "--set-upstream", "origin", "trunk")
    repository.git("remote", "set-head", "origin", "trunk")
    repository.git("remote", "rename", "origin", "host")
    install(repository, "git")
    record_post_push(repository)
    here = Watched(repository)
    sha = repository.commit()
    assert here.push("host", "trunk").returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/trunk"]


@pytest.mark.parametrize("words", [["--git-dir={0}/.git"], ["--git-dir={0}/.git", "--work-tree={0}"]])
def test_a_push_from_elsewhere_is_watched(here: Watched, tmp_path: Path, words: list[str]) -> None:
    sha = here.repository.commit()
    given = [word.format(here.path) for word in words]
    subprocess.run(["git", *given, "push", "--quiet", "origin", "main"], cwd=tmp_path, check=True)
    here.settle()
    assert here.recorded() == [f"{sha} refs/heads/main"]


DISPATCHER = """#!/usr/bin/env python3
import os, sys
name = os.path.basename(sys.argv[0])
beside = os.path.join(os.path.dirname(sys.argv[0]), "common")
if name != "pre-push" or not os.path.exists(beside):
    sys.exit(f"there is no hook {name}")
print("checked", file=sys.stderr)
"""


def test_a_dispatcher_goes_on_under_its_own_name_beside_its_neighbours(repository: Repository) -> None:
    tool = repository.write("tools/dispatch", DISPATCHER)
    tool.chmod(0o755)
    hooks = repository.path / ".git/hooks"
    (hooks / "pre-push").symlink_to("../../tools/dispatch")
    (hooks / "common").write_text("")
    here = watched(repository, "git")
    sha = repository.commit()
    done = here.push()
    assert done.returncode == 0 and "checked" in done.stderr
    assert here.recorded() == [f"{sha} refs/heads/main"]
    assert afterpush("hooks.uninstall", cwd=here.path).code == 0
    assert (hooks / "pre-push").readlink() == Path("../../tools/dispatch")


LFS_HOOK = (
    "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { printf >&2 'git-lfs'; exit 2; }\n"
    'git lfs pre-push "$@"\n'
)


def test_a_hook_of_git_lfs_stays_as_it_is_to_the_byte(repository: Repository) -> None:
    hook = repository.path / ".git/hooks/pre-push"
    hook.write_text(LFS_HOOK)
    install(repository, "git")
    assert hook.read_text() == LFS_HOOK
    assert (repository.path / ".git/hooks/reference-transaction").is_file()


def test_what_simple_git_hooks_is_to_be_told_can_be_pasted_and_works(repository: Repository) -> None:
    repository.write("package.json", '{"simple-git-hooks": {"pre-commit": "true"}}')
    answer = afterpush("hooks.install", "--json", cwd=repository.path)
    assert answer.code == 1 and answer.json()["manager"] == "simple-git-hooks"
    line = answer.json()["advice"][0].rpartition('"pre-push": ')[2]

    hook = repository.path / ".git/hooks/pre-push"
    hook.write_text(f"#!/bin/sh\n# SIMPLE_GIT_HOOKS\n{json.loads(line)}\n")
    hook.chmod(0o755)
    assert afterpush("hooks.install", cwd=repository.path).code == 0
    status = afterpush("hooks.status", "--json", cwd=repository.path)
    assert status.code == 0, status.out


def test_a_partial_clone_fetches_nothing_for_a_look(repository: Repository, tmp_path: Path) -> None:
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", key, "true"], cwd=repository.remote, check=True)
    repository.git("checkout", "--quiet", "-b", "feature")
    for number in range(5):
        repository.commit(page_txt=f"{number}\n" * 50)
    repository.git("push", "--quiet", "origin", "feature")
    partial = Repository(tmp_path / "partial", repository.remote)
    url = repository.remote.as_uri()
    subprocess.run(["git", "clone", "--quiet", "--filter=blob:none", url, partial.path], check=True)
    here = watched(partial, "git")
    partial.git("merge", "--quiet", "--no-ff", "--message", "Merge", "origin/feature")
    before = partial.git("rev-list", "--objects", "--all", "--missing=print").count("?")
    assert before and here.push("origin", "main").returncode == 0
    assert partial.git("rev-list", "--objects", "--all", "--missing=print").count("?") == before
    assert here.recorded() == [f"{partial.head()} refs/heads/main"]
