"""`hooks.install`, `uninstall`, `status`, and what `pre-push` says: as a user runs them."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Answer, afterpush
from tests.support.hook_tools import run_husky
from tests.support.pushing import Watched, install, record_post_push, watched, watched_copy
from tests.support.repositories import Repository

TOKEN = "ghp_" + "x" * 36
MARKED = "# Roadmap\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> theirs\n"


def status(repository: Repository, *flags: str, cwd: Path | None = None) -> Answer:
    return afterpush("hooks.status", "--json", *flags, cwd=cwd or repository.path)


def recorded_from_now_on(repository: Repository) -> Watched:
    """Everything is pushed, and post-push only records how it is called."""
    record_post_push(repository)
    repository.commit("Hooks")
    repository.git("push", "--no-verify", "--quiet", "origin", "main")
    return Watched(repository)


def snapshot(repository: Repository) -> tuple[str, ...]:
    """Everything that a self-test must leave alone."""
    return (
        repository.git("for-each-ref"),
        repository.git("status", "--porcelain", "--ignored"),
        repository.git("config", "--list", "--local"),
        subprocess.run(["git", "for-each-ref"], cwd=repository.remote, capture_output=True, text=True).stdout,
        repository.git("count-objects", "-v"),
    )


@pytest.mark.parametrize("manager", ["git", "husky"])
def test_status_proves_the_chain_and_touches_nothing(repository: Repository, manager: str) -> None:
    install(repository, manager)
    before = snapshot(repository)
    answer = status(repository)
    found = answer.json()
    assert (answer.code, found["manager"], found["armed"], found["problems"]) == (0, manager, True, [])
    assert found["hooks"]["pre-push"] and found["hooks"]["reference-transaction"] is None
    assert found["hooks_path"] == str(repository.path / (".git/hooks" if manager == "git" else ".husky/_"))
    assert snapshot(repository) == before
    assert not list((repository.path / ".git/afterpush").glob("deployment-*"))


def test_status_does_not_run_a_post_push_of_others_and_says_that_it_stands_in_the_way(
    repository: Repository,
) -> None:
    here = watched_copy(repository, "git")
    found = status(repository).json()
    assert found["armed"] is False and "does not call afterpush" in found["problems"][0]
    assert here.recorded() == []


def test_status_without_hooks_says_no_and_how_to_change_that(repository: Repository) -> None:
    answer = status(repository)
    assert answer.code == 1
    assert answer.json()["armed"] is False and "hooks.install" in answer.json()["problems"][0]


def test_status_of_husky_in_a_linked_worktree_is_not_armed_and_names_the_cure(repository: Repository) -> None:
    install(repository, "husky")
    repository.commit("Hooks")
    linked = repository.path.parent / "linked"
    repository.git("worktree", "add", "--quiet", str(linked))
    found = status(repository, cwd=linked).json()
    assert found["armed"] is False and "hooks.install" in found["problems"][0]
    assert afterpush("hooks.install", cwd=linked).code == 0
    assert status(repository, cwd=linked).json()["armed"] is True
    assert subprocess.run(["git", "status", "--porcelain"], cwd=linked, capture_output=True).stdout == b""


@pytest.mark.parametrize("variable", ["AFTERPUSH", "HUSKY"])
def test_status_names_the_switch_that_is_off(
    repository: Repository, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched_copy(repository, "git")
    monkeypatch.setenv(variable, "0")
    found = status(repository).json()
    assert found["armed"] is False and f"{variable}=0 switches the hooks off" in found["problems"]


def test_status_in_a_repository_without_commits_is_no_traceback(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    answer = afterpush("hooks.status", cwd=tmp_path)
    assert answer.code == 1 and "no commit yet" in answer.out and "Traceback" not in answer.err


@pytest.mark.parametrize("manager", ["git", "husky"])
def test_installing_twice_changes_nothing_and_uninstalling_brings_back_what_was(
    repository: Repository, manager: str
) -> None:
    if manager == "husky":
        run_husky(repository.path)
    before = _files(repository)
    first = afterpush("hooks.install", "--enforce", "--json", cwd=repository.path)
    assert first.code == 0 and first.json()["changes"]
    after = _files(repository)
    second = afterpush("hooks.install", "--enforce", "--json", cwd=repository.path)
    assert second.code == 0 and second.json()["changes"] == [] and _files(repository) == after
    assert afterpush("hooks.uninstall", cwd=repository.path).code == 0
    assert _files(repository) == before
    assert repository.git("config", "afterpush.program", check=False) == ""


@pytest.mark.parametrize("task", ["install", "uninstall"])
def test_a_dry_run_says_what_it_would_do_and_does_not(repository: Repository, task: str) -> None:
    if task == "uninstall":
        assert afterpush("hooks.install", cwd=repository.path).code == 0
    before = _files(repository), repository.git("config", "--list", "--local")
    answer = afterpush(f"hooks.{task}", "--dry-run", cwd=repository.path)
    assert answer.code == 0 and "would " in answer.out
    assert (_files(repository), repository.git("config", "--list", "--local")) == before


OTHER_HOOK = (
    "#!/usr/bin/env python3\nimport os, sys\n"
    "open('.git/seen', 'w').write(f'args: {sys.argv[1]} {sys.argv[2]}\\n' + sys.stdin.read())\n"
    "sys.exit(os.path.exists('stop'))\n"
)
SH_HOOK = '#!/bin/sh\nset -eu\n{ echo "args: $1 $2"; cat; } >.git/seen\n[ ! -e stop ]\n'


@pytest.mark.parametrize("script", [SH_HOOK, OTHER_HOOK], ids=["shell", "python"])
@pytest.mark.parametrize("as_link", [False, True], ids=["file", "link"])
def test_a_hook_that_was_there_keeps_its_arguments_its_input_and_its_veto(
    repository: Repository, script: str, as_link: bool
) -> None:
    hook = repository.path / ".git/hooks/pre-push"
    target = repository.write("team-hook", script) if as_link else hook
    target.write_text(script)
    target.chmod(0o755)
    if as_link:
        hook.symlink_to("../../team-hook")
    here = watched(repository, "git")
    old = repository.head()
    sha = repository.commit()
    assert here.push().returncode == 0
    seen = (here.path / ".git/seen").read_text()
    assert seen == f"args: origin {repository.remote}\nrefs/heads/main {sha} refs/heads/main {old}\n"
    assert here.recorded() == [f"{sha} refs/heads/main"]
    repository.write("stop", "")
    repository.commit()
    assert here.push().returncode == 1
    assert here.recorded() == [f"{sha} refs/heads/main"]
    assert afterpush("hooks.uninstall", cwd=here.path).code == 0
    assert hook.read_text() == script and hook.is_symlink() is as_link


def test_a_script_of_husky_keeps_its_lines_its_input_and_its_veto(repository: Repository) -> None:
    script = repository.write(".husky/pre-push", "cat >.git/seen\n[ ! -e stop ]\n")
    here = watched(repository, "husky")
    assert script.read_text().endswith("cat >.git/seen\n[ ! -e stop ]\n")
    sha = repository.commit()
    assert here.push().returncode == 0
    assert f"refs/heads/main {sha} refs/heads/main" in (here.path / ".git/seen").read_text()
    assert here.recorded() == [f"{sha} refs/heads/main"]
    repository.write("stop", "")
    repository.commit()
    assert here.push().returncode == 1 and len(here.recorded()) == 1


def test_an_own_post_push_keeps_its_lines_and_gets_ours(repository: Repository) -> None:
    run_husky(repository.path)
    script = repository.write(".husky/post-push", "echo own\n")
    assert afterpush("hooks.install", cwd=repository.path).code == 0
    assert script.read_text().endswith("echo own\n") and "hooks.post-push" in script.read_text()


def test_a_disabled_hook_stays_disabled(repository: Repository) -> None:
    hook = repository.path / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o644)
    here = watched(repository, "git")
    sha = repository.commit()
    assert here.push().returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"]


def test_our_own_hook_that_lost_its_execute_bit_gets_it_back(repository: Repository) -> None:
    assert afterpush("hooks.install", cwd=repository.path).code == 0
    hook = repository.path / ".git/hooks/pre-push"
    before = hook.read_bytes()
    hook.chmod(0o644)
    assert status(repository).json()["armed"] is False
    assert afterpush("hooks.install", cwd=repository.path).code == 0
    assert hook.read_bytes() == before and status(repository).json()["armed"] is True


def test_hooks_that_are_switched_off_in_git_are_told(repository: Repository) -> None:
    repository.git("config", "core.hooksPath", "/dev/null")
    assert afterpush("hooks.install", cwd=repository.path).code == 1
    assert "git config --unset core.hooksPath" in status(repository).json()["problems"][0]


@pytest.mark.parametrize(
    "script",
    [b"# caf\xe9\n:\n", b"echo own\r\n", b"#!/bin/sh\n", b"#!/bin/sh", b"", b"\xef\xbb\xbf:\n", b"echo own"],
)
def test_a_script_of_husky_comes_back_byte_for_byte(repository: Repository, script: bytes) -> None:
    run_husky(repository.path)
    hook = repository.write(".husky/pre-push", script)
    assert afterpush("hooks.install", cwd=repository.path).code == 0
    assert b"hooks.pre-push" in hook.read_bytes()
    assert afterpush("hooks.uninstall", cwd=repository.path).code == 0
    assert hook.read_bytes() == script


def test_a_branch_may_have_any_name_that_git_allows(repository: Repository) -> None:
    branches = ["it's", "$(touch${IFS}pwned)", "a(b", "a&b", 'a"b', "a|b"]
    repository.write("config/afterpush.yaml", f"deploy: {{branches: {json.dumps(branches)}}}\n")
    here = watched(repository, "git", "--enforce")
    refs = [f"refs/heads/{branch}" for branch in branches]
    expected = []
    # The first push makes the branches and the shortcut, through which one branch goes at a time.
    for flags, pushes in (
        ([], [refs]),
        ([], [[ref] for ref in refs]),
        (["--no-verify"], [[ref] for ref in refs]),
        (["--no-verify"], [refs]),
    ):
        for pushed in pushes:
            sha = repository.commit()
            expected += [f"{sha} {ref}" for ref in pushed]
            assert here.push(*flags, "origin", *(f"HEAD:{ref}" for ref in pushed)).returncode == 0
    assert sorted(here.recorded()) == sorted(expected)
    assert not (here.path / "pwned").exists()


def test_pre_commit_runs_ours_under_the_name_that_it_keeps_for_others(repository: Repository) -> None:
    hook = repository.path / ".git/hooks/pre-push"
    hook.write_text("#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\nexit 0\n")
    answer = afterpush("hooks.install", "--json", cwd=repository.path)
    assert answer.code == 0 and answer.json()["manager"] == "pre-commit"
    assert "File generated" in hook.read_text() and "afterpush" not in hook.read_text()
    assert "hooks.pre-push" in hook.with_name("pre-push.legacy").read_text()


def test_a_hooks_folder_of_the_team_in_the_repository_is_used(repository: Repository) -> None:
    repository.git("config", "core.hooksPath", ".githooks")
    answer = afterpush("hooks.install", "--json", cwd=repository.path)
    assert (answer.code, answer.json()["manager"]) == (0, "other")
    assert (repository.path / ".githooks/pre-push").is_file()
    assert status(repository).json()["armed"] is True


def test_a_hooks_folder_outside_of_the_repository_is_left_alone(
    repository: Repository, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "everywhere"
    elsewhere.mkdir()
    repository.git("config", "core.hooksPath", str(elsewhere))
    answer = afterpush("hooks.install", "--json", cwd=repository.path)
    assert answer.code == 1 and "hooks.pre-push --remote" in answer.json()["problems"][0]
    assert afterpush("hooks.install", "--manager=git", cwd=repository.path).code == 1
    assert list(elsewhere.iterdir()) == []
    assert "the last line of pre-push there" in status(repository).json()["problems"][0]


def test_the_line_for_a_hooks_folder_outside_watches_and_never_blocks_by_accident(
    repository: Repository, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "every where"
    elsewhere.mkdir()
    repository.git("config", "core.hooksPath", str(elsewhere))
    told = afterpush("hooks.install", "--json", cwd=repository.path).json()["problems"][0]
    line = told.partition("pre-push there: ")[2]
    program = shlex.quote(str(Path(sys.executable).with_name("afterpush")))
    hook = elsewhere / "pre-push"
    hook.write_text(f"#!/bin/sh\nset -e\n{line.replace('afterpush', program, 1)}\n")
    hook.chmod(0o755)
    assert status(repository).json()["armed"] is True
    here = recorded_from_now_on(repository)
    sha = repository.commit()
    assert here.push().returncode == 0 and here.recorded() == [f"{sha} refs/heads/main"]
    repository.write("docs/ROADMAP.md", MARKED)
    repository.commit()
    assert here.push().returncode == 1
    hook.write_text(f"#!/bin/sh\nset -e\n{line.replace('afterpush', 'afterpush-that-is-gone', 1)}\n")
    assert here.push().returncode == 0


def test_an_unknown_manager_is_one_line(repository: Repository) -> None:
    answer = afterpush("hooks.install", "--manager=yarn", cwd=repository.path)
    assert answer.code == 2 and answer.err == "afterpush: --manager=yarn: expected auto, husky or git\n"


def test_state_files_in_the_root_are_ignored_once(repository: Repository) -> None:
    repository.write("config/afterpush.yaml", "deploy: {state_dir: .}\n")
    repository.write(".gitignore", "node_modules\n.deployment-status-*.log")
    for _ in range(2):
        assert afterpush("hooks.install", cwd=repository.path).code == 0
    assert (repository.path / ".gitignore").read_text().splitlines() == [
        "node_modules",
        ".deployment-status-*.log",
        ".deployment-status-*.result",
        ".deployment-monitor-*.pid",
        ".deployment-monitor-*.lock",
    ]


@pytest.fixture(params=["git", "shortcut"])
def here(request: pytest.FixtureRequest, repository: Repository) -> Watched:
    return watched_copy(repository, request.param)


def test_conflict_markers_in_a_shared_document_stop_the_push_until_overridden(here: Watched) -> None:
    here.repository.write("docs/ROADMAP.md", MARKED)
    here.repository.write("notes/other.md", MARKED)
    sha = here.repository.commit()
    done = here.push()
    assert done.returncode == 1
    assert "docs/ROADMAP.md line 2 has conflict markers in the version pushed to main" in done.stderr
    assert "AFTERPUSH_ALLOW=conflict_markers git push" in done.stderr and "other.md" not in done.stderr
    assert here.recorded() == [] and "stopped by a guard" in here.log
    assert here.push(env={"AFTERPUSH_ALLOW": "conflict_markers"}).returncode == 0
    assert here.recorded() == [f"{sha} refs/heads/main"]
    here.repository.write("docs/ROADMAP.md", MARKED + "another task\n")
    here.repository.commit()
    assert here.push().returncode == 0  # Nobody is held up by what is there already.


def test_the_pushed_version_counts_not_the_one_in_the_worktree(here: Watched) -> None:
    here.repository.write("docs/ROADMAP.md", "# Roadmap\n")
    here.repository.commit()
    here.repository.write("docs/ROADMAP.md", MARKED)
    assert here.push().returncode == 0


def test_a_secret_is_warned_of_and_not_shown_and_can_block(here: Watched) -> None:
    here.repository.write("src/key.ts", f"export const key = '{TOKEN}'\n")
    here.repository.commit()
    here.repository.write("src/key.ts", "export const key = process.env.KEY\n")
    here.repository.commit()
    here.repository.write("config/afterpush.yaml", "hooks: {guards: {secrets: block}}\n")
    stopped = here.push()
    assert stopped.returncode == 1 and "hooks.guards.secrets: block" in stopped.stderr
    here.repository.write("config/afterpush.yaml", "{}\n")
    done = here.push()
    assert done.returncode == 0
    assert "src/key.ts in commit" in done.stderr and "GitHub token" in done.stderr
    assert TOKEN not in stopped.stderr + done.stderr + here.log
    here.repository.commit()
    assert "afterpush:" not in here.push().stderr


def test_a_secret_in_a_file_with_an_unusual_name_is_named_as_people_write_it(here: Watched) -> None:
    here.repository.write("geheim ü/schlüssel.env", f"key={TOKEN}\n")
    here.repository.commit()
    assert "geheim ü/schlüssel.env in commit" in here.push().stderr


def test_a_forced_push_and_an_unfinished_merge_are_warned_of(here: Watched) -> None:
    here.repository.commit(a_md="1")
    here.push()
    here.repository.git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    here.repository.commit(a_md="2")
    here.repository.git("merge", "main", check=False)
    done = here.push("--force", "origin", "topic:main")
    assert done.returncode == 0
    assert "this push takes 1 commit off the remote's main" in done.stderr
    assert "a merge is under way in this worktree" in done.stderr


def test_guards_that_are_off_say_nothing(here: Watched) -> None:
    guards = "{conflict_markers: off, secrets: off, force_push: off, unfinished_merge: off}"
    here.repository.write("config/afterpush.yaml", f"hooks: {{guards: {guards}}}\n")
    here.repository.write("docs/ROADMAP.md", MARKED + TOKEN)
    here.repository.commit()
    done = here.push()
    assert done.returncode == 0 and "afterpush" not in done.stderr


def test_by_hand_without_a_push_above_it_proves_at_once(here: Watched) -> None:
    old = here.repository.head()
    sha = here.repository.commit()
    here.repository.git("push", "--no-verify", "--quiet")
    line = f"refs/heads/main {sha} refs/heads/main {old}\n"
    words = ("hooks.pre-push", "--remote", "origin", "--url", str(here.repository.remote))
    answer = afterpush(*words, cwd=here.path, stdin=line)
    assert (answer.code, answer.out) == (0, "")
    here.settle()
    assert here.recorded() == [f"{sha} refs/heads/main"]


def test_by_hand_a_remote_that_is_ahead_is_told_with_the_conflict(here: Watched) -> None:
    other = here.repository.another_clone("other")
    theirs = other.commit(b_md="theirs")
    other.push()
    here.repository.git("fetch", "--quiet")
    ours = here.repository.commit(b_md="ours")
    words = ("hooks.pre-push", "--remote", "origin", "--url", str(here.repository.remote))
    answer = afterpush(*words, cwd=here.path, stdin=f"main {ours} refs/heads/main {theirs}\n")
    assert answer.code == 0
    assert "origin is 1 commit ahead on main, and a merge would conflict in b.md; inv push" in answer.err


def test_by_hand_a_guard_that_blocks_is_a_bad_answer(here: Watched) -> None:
    old = here.repository.head()
    here.repository.write("ROADMAP.md", MARKED)
    sha = here.repository.commit()
    words = ("hooks.pre-push", "--remote", "origin", "--url", str(here.repository.remote))
    answer = afterpush(*words, cwd=here.path, stdin=f"main {sha} refs/heads/main {old}\n")
    assert answer.code == 1 and "ROADMAP.md line 2" in answer.err


def test_a_branch_whose_name_is_no_utf8_is_pushed_and_logged(here: Watched) -> None:
    name = b"refs/heads/caf\xe9"
    subprocess.run([b"git", b"push", b"-q", b"origin", b"main:" + name], cwd=here.path, check=True)
    here.settle()
    assert here.recorded() == [] and "deploy.branches is main; not watched" in here.log


def test_a_broken_task_file_never_blocks_a_push(here: Watched) -> None:
    tool = here.repository.write(".venv/bin/inv", "#!/bin/sh\necho Traceback >&2\nexit 1\n")
    tool.chmod(0o755)
    here.repository.write("tasks.py", "from afterpush.tasks import ns\n")
    here.repository.commit()
    assert here.push().returncode == 0


def test_in_a_folder_that_is_no_repository_it_is_one_line(tmp_path: Path) -> None:
    answer = afterpush("hooks.pre-push", cwd=tmp_path, stdin="")
    assert answer.code == 2 and answer.err.count("\n") == 1


def test_a_post_push_that_fails_is_in_the_log(here: Watched) -> None:
    record_post_push(here.repository, "exit 3")
    here.repository.commit()
    assert here.push().returncode == 0
    assert "post-push ended with 3; afterpush deploy.monitor --sha=" in here.log


def _files(repository: Repository) -> dict[str, tuple[bytes, int]]:
    """Every file that a hook could be, with its mode."""
    folders = [repository.path / ".git/hooks", repository.path / ".husky", repository.path / ".githooks"]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mode) for path in paths}
