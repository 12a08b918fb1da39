"""`inv push` as a user meets it: what lands, what is refused, and that a failure leaves all as it was."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import AFTERPUSH, Answer, afterpush
from tests.support.conflicting import BASE, DOCUMENT, document
from tests.support.repositories import Repository
from tests.support.snapshots import snapshot
from tests.support.trust import say_yes
from tests.support.waiting import wait_until

NUMBERS = "".join(f"{number}\n" for number in range(1, 21))


@pytest.fixture
def clone(repository: Repository) -> Repository:
    """A clone with numbers and a roadmap on main, pushed."""
    repository.write(DOCUMENT, BASE)
    repository.commit("Base", numbers=NUMBERS)
    repository.push()
    return repository


def push(clone: Repository, *flags: str, **options: object) -> Answer:
    return afterpush("push", *flags, cwd=clone.path, **options)  # type: ignore[arg-type]


def they_push(clone: Repository, name: str = "other", path: str = "", text: str = "", **files: str) -> str:
    """Somebody else's commit lands first."""
    other = clone.another_clone(name)
    if path:
        other.write(path, text)
    sha = other.commit("Theirs", **files)
    other.push()
    return sha


def configure(clone: Repository, text: str) -> None:
    clone.write("config/afterpush.yaml", text)
    clone.commit("Configure afterpush")
    clone.push()
    say_yes(clone.path)


def on_remote(clone: Repository, branch: str = "main") -> str:
    return subprocess.run(
        ["git", "rev-parse", branch], cwd=clone.remote, capture_output=True, text=True, check=False
    ).stdout.strip()


def test_a_commit_ahead_is_pushed_as_it_is(clone: Repository) -> None:
    sha = clone.commit("Mine", mine="1\n")
    answer = push(clone, "--json")
    told = answer.json()
    assert answer.code == 0
    assert (told["pushed"], told["sha"], told["attempts"]) == (True, sha, 1)
    assert (told["resolved"], told["unresolved"], told["recovery_ref"]) == ([], [], None)
    assert on_remote(clone) == sha == clone.git("rev-parse", "origin/main")


def test_behind_and_ahead_is_rebased_and_pushed_and_says_how_to_go_back(clone: Repository) -> None:
    theirs = they_push(clone, numbers=NUMBERS.replace("\n17\n", "\nx\n"))
    before = clone.commit("Mine", numbers=NUMBERS.replace("\n3\n", "\nthree\n"))
    told = push(clone, "--json").json()
    assert told["pushed"] and on_remote(clone) == told["sha"] == clone.head()
    assert clone.git("rev-parse", "HEAD~1") == theirs
    assert clone.git("rev-parse", told["recovery_ref"]) == before
    text = (clone.path / "numbers").read_text()
    assert "three" in text and "x\n" in text and clone.git("status", "--porcelain") == ""


def test_with_the_merge_strategy_a_merge_commit_is_pushed(clone: Repository) -> None:
    configure(clone, "push: {strategy: merge}\n")
    theirs = they_push(clone, theirs="1\n")
    mine = clone.commit("Mine", mine="1\n")
    assert push(clone).code == 0
    assert clone.git("rev-parse", "HEAD^1", "HEAD^2").split() == [mine, theirs]


def test_documents_are_merged_by_meaning_where_nothing_was_installed(clone: Repository) -> None:
    they_push(clone, path=DOCUMENT, text=document(more="\n### CORE-002: Theirs\n\n**Status:** ready\n"))
    clone.write(DOCUMENT, document(more="\n### CORE-003: Ours\n\n**Status:** ready\n"))
    clone.commit("Mine")
    told = push(clone, "--json").json()
    assert told["pushed"] and told["resolved"] == [DOCUMENT]
    text = (clone.path / DOCUMENT).read_text()
    assert "CORE-002: Theirs" in text and "CORE-003: Ours" in text and "<<<<" not in text
    assert clone.git("config", "--get", "merge.afterpush.driver", check=False) == ""
    assert not (clone.path / ".gitattributes").exists()


def in_conflict(clone: Repository) -> None:
    """Same line on both sides, with untracked, ignored and stashed things around it."""
    they_push(clone, numbers=NUMBERS.replace("\n3\n", "\n3b\n"))
    clone.write("numbers", "stashed\n")
    clone.git("stash")
    clone.write(".gitignore", "ignored\n")
    clone.commit("First of mine", mine="1\n")
    clone.commit("Second of mine", numbers=NUMBERS.replace("\n3\n", "\n3a\n"))
    clone.write("untracked", "1\n")
    clone.write("ignored", "1\n")


@pytest.mark.parametrize("strategy", ["rebase", "merge"])
def test_a_real_conflict_leaves_the_clone_exactly_as_it_was_and_explains(
    clone: Repository, strategy: str
) -> None:
    configure(clone, f"push: {{strategy: {strategy}}}\n")
    in_conflict(clone)
    before = snapshot(clone.path)
    answer = push(clone, "--json")
    told = answer.json()
    assert answer.code == 1
    assert (told["pushed"], told["unresolved"]) == (False, ["numbers"])
    assert clone.git("rev-parse", told["recovery_ref"]) == clone.head()
    assert snapshot(clone.path) == before
    explained = push(clone).out
    assert "numbers" in explained and told["recovery_ref"].rpartition("/")[0] in explained
    assert "Second of mine" in explained or strategy == "merge"
    assert "afterpush conflicts.resolve" in explained


def test_a_disagreement_in_a_document_is_explained_in_its_own_words(clone: Repository) -> None:
    they_push(clone, path=DOCUMENT, text=document(owner="ben"))
    clone.write(DOCUMENT, document(owner="ann"))
    clone.commit("Mine")
    told = push(clone, "--json").json()
    assert told["unresolved"] == [DOCUMENT] and told["reasons"][DOCUMENT]


def test_an_untracked_file_in_the_way_is_never_overwritten(clone: Repository) -> None:
    they_push(clone, theirs="from them\n")
    clone.commit("Mine", mine="1\n")
    clone.write("theirs", "mine, untracked\n")
    before = snapshot(clone.path)
    answer = push(clone, "--json")
    assert answer.code == 1 and "theirs" in answer.json()["message"]
    assert snapshot(clone.path) == before


def test_a_lock_file_in_conflict_names_the_command_that_makes_it_anew(clone: Repository) -> None:
    they_push(clone, path="package-lock.json", text='{"b": 1}\n')
    clone.write("package-lock.json", '{"a": 1}\n')
    clone.commit("Mine")
    assert "npm install" in push(clone).out


def test_a_dirty_tree_stops_it_and_names_the_paths(clone: Repository) -> None:
    clone.commit("Mine", mine="1\n")
    clone.write("numbers", "edited\n")
    clone.write("staged", "1\n")
    clone.git("add", "staged")
    before = snapshot(clone.path)
    answer = push(clone)
    assert answer.code == 2
    assert "numbers" in answer.err and "staged" in answer.err and "--autostash" in answer.err
    assert snapshot(clone.path) == before and on_remote(clone) != clone.head()


def test_autostash_brings_staged_and_unstaged_changes_back_exactly(clone: Repository) -> None:
    they_push(clone, theirs="1\n")
    clone.write("earlier", "1\n")
    clone.git("add", "earlier")
    clone.git("stash")
    clone.commit("Mine", mine="1\n")
    clone.write("numbers", "edited\n")
    clone.write("staged", "1\n")
    clone.git("add", "staged")
    clone.write("untracked", "1\n")
    before = snapshot(clone.path)
    assert push(clone, "--autostash").code == 0
    after = snapshot(clone.path)
    assert after["status"] == before["status"] and after["stashes"] == before["stashes"]
    assert before["files"].items() <= after["files"].items()


def test_autostash_after_a_failed_check_is_exact_too(clone: Repository) -> None:
    configure(clone, "push: {check: 'test ! -e theirs'}\n")
    they_push(clone, theirs="1\n")
    clone.commit("Mine", mine="1\n")
    clone.write("numbers", "edited\n")
    clone.write("staged", "1\n")
    clone.git("add", "staged")
    before = snapshot(clone.path)
    answer = push(clone, "--autostash")
    assert answer.code == 1 and "check failed" in answer.out
    assert snapshot(clone.path) == before


def test_changes_that_do_not_fit_on_the_result_stay_in_the_stash_list(clone: Repository) -> None:
    they_push(clone, numbers=NUMBERS.replace("\n3\n", "\nthree\n"))
    clone.commit("Mine", mine="1\n")
    clone.write("numbers", NUMBERS.replace("\n3\n", "\n3 edited\n"))
    answer = push(clone, "--autostash")
    assert answer.code == 0 and "stash@{0}" in answer.err
    assert clone.git("status", "--porcelain") == ""
    assert "3 edited" in clone.git("show", "stash@{0}:numbers")


def test_the_check_runs_on_what_is_pushed_and_its_failure_undoes_everything(clone: Repository) -> None:
    configure(clone, "push: {check: 'test ! -e theirs || { echo theirs breaks it; exit 3; }'}\n")
    they_push(clone, theirs="1\n")
    clone.commit("Mine", mine="1\n")
    before = snapshot(clone.path)
    remote = on_remote(clone)
    answer = push(clone)
    assert answer.code == 1
    assert "exit code 3" in answer.out and "theirs breaks it" in answer.err
    assert snapshot(clone.path) == before and on_remote(clone) == remote


def test_a_check_that_rewrites_files_loses_nothing(clone: Repository) -> None:
    configure(clone, "push: {check: 'echo formatted >> numbers; exit 1'}\n")
    they_push(clone, numbers="theirs\n" + NUMBERS)
    clone.commit("Mine", mine="1\n")
    before = snapshot(clone.path)
    answer = push(clone)
    assert answer.code == 1 and "stash@{0}" in answer.err
    after = snapshot(clone.path)
    assert (after["head"], after["files"]) == (before["head"], before["files"])
    assert "formatted" in clone.git("show", "stash@{0}:numbers")


def server_hook(clone: Repository, body: str, name: str = "pre-receive") -> None:
    hook = clone.remote / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{body}\n")
    hook.chmod(0o755)


def test_a_refusal_by_the_server_is_passed_on_and_undone(clone: Repository) -> None:
    they_push(clone, theirs="1\n")
    server_hook(clone, "echo 'main is frozen until Monday'; exit 1")
    clone.commit("Mine", mine="1\n")
    before = snapshot(clone.path)
    answer = push(clone, "--json")
    assert answer.code == 1 and "main is frozen until Monday" in answer.json()["message"]
    assert answer.json()["attempts"] == 1
    assert snapshot(clone.path) == before


def test_a_refusal_by_the_local_pre_push_hook_is_passed_on(clone: Repository) -> None:
    hook = clone.path / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no tests, no push'\nexit 1\n")
    hook.chmod(0o755)
    clone.commit("Mine", mine="1\n")
    answer = push(clone)
    assert answer.code == 1 and "no tests, no push" in answer.err and answer.out.startswith("origin refused")


def racing(clone: Repository, times: int) -> None:
    """A pre-push hook in which somebody else is faster, so many times."""
    clone.another_clone("racer")
    hook = clone.path / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\ncd {shlex.quote(str(clone.path.parent / 'racer'))} || exit 1\nunset GIT_DIR\n"
        f"[ $(wc -l < count 2>/dev/null || echo 0) -lt {times} ] || exit 0\necho >> count\n"
        "git pull -q && echo >> raced && git add raced && git commit -qm Race && git push -q\n"
    )
    hook.chmod(0o755)


def test_a_lost_race_is_tried_again(clone: Repository) -> None:
    racing(clone, 2)
    clone.commit("Mine", mine="1\n")
    told = push(clone, "--json").json()
    assert (told["pushed"], told["attempts"]) == (True, 3)
    assert clone.git("log", "--format=%s", "-3").splitlines() == ["Mine", "Race", "Race"]


def test_races_lost_to_the_last_leave_the_clone_as_it_was(clone: Repository) -> None:
    racing(clone, 99)
    clone.commit("Mine", mine="1\n")
    before = snapshot(clone.path)
    answer = push(clone, "--attempts=2", "--json")
    assert answer.code == 1
    assert (answer.json()["pushed"], answer.json()["attempts"]) == (False, 2)
    assert snapshot(clone.path) == before


def test_nothing_to_push_is_good(clone: Repository) -> None:
    they_push(clone, theirs="1\n")
    before = snapshot(clone.path)
    answer = push(clone, "--json")
    assert answer.code == 0 and answer.json()["pushed"] is False
    assert snapshot(clone.path) == before


def test_commits_that_landed_by_another_way_are_not_pushed_twice(clone: Repository) -> None:
    they_push(clone, same="1\n", theirs="1\n")
    clone.commit("Mine", same="1\n")
    answer = push(clone, "--json")
    assert answer.code == 0 and answer.json()["pushed"] is False
    assert clone.head() == on_remote(clone)


def test_the_commits_of_another_branch_land_on_main(clone: Repository) -> None:
    clone.git("switch", "--quiet", "--create", "topic")
    clone.commit("Mine", mine="1\n")
    assert push(clone).code == 0
    assert on_remote(clone) == clone.head() and clone.git("branch", "--show-current") == "topic"
    assert on_remote(clone, "topic") in ("", "topic")


def test_a_branch_that_the_remote_does_not_have_is_made(clone: Repository) -> None:
    assert push(clone, "--branch=fresh").code == 0
    assert on_remote(clone, "fresh") == clone.head()


def detach(clone: Repository) -> None:
    clone.git("checkout", "--quiet", "--detach")


def unfinished_merge(clone: Repository) -> None:
    clone.git("switch", "--quiet", "--create", "side")
    clone.commit("Side", numbers="side\n")
    clone.git("switch", "--quiet", "main")
    clone.commit("Main", numbers="main\n")
    clone.git("merge", "side", check=False)


def unfinished_rebase(clone: Repository) -> None:
    unfinished_merge(clone)
    clone.git("merge", "--abort")
    clone.git("rebase", "side", check=False)


def rename_and_add(clone: Repository) -> None:
    """Two remotes, none of them `origin`: the only one would be taken."""
    clone.git("remote", "rename", "origin", "upstream")
    clone.git("remote", "add", "fork", str(clone.remote))


REFUSED: dict[str, tuple[Callable[[Repository], object], str]] = {
    "detached HEAD": (detach, "detached"),
    "no remote": (lambda clone: clone.git("remote", "remove", "origin"), "git remote add origin"),
    "other names": (rename_and_add, "--remote=fork"),
    "unfinished merge": (unfinished_merge, "git merge --abort"),
    "unfinished rebase": (unfinished_rebase, "git rebase --abort"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_push_can_start_from_says_what_to_type(clone: Repository, case: str) -> None:
    prepare, said = REFUSED[case]
    prepare(clone)
    before = snapshot(clone.path)
    answer = push(clone)
    assert answer.code == 2 and said in answer.err and len(answer.err.splitlines()) == 1
    assert snapshot(clone.path) == before


def test_an_unreachable_remote_is_exit_6(clone: Repository) -> None:
    clone.git("remote", "set-url", "origin", str(clone.path.parent / "nowhere.git"))
    clone.commit("Mine", mine="1\n")
    before = snapshot(clone.path)
    answer = push(clone)
    assert answer.code == 6 and "fetching origin/main" in answer.err
    assert snapshot(clone.path) == before


@pytest.mark.parametrize("flag", ["--attempts=0", "--attempts=many", "--attempts=1.5"])
def test_a_bad_number_of_attempts_is_a_usage_error(clone: Repository, flag: str) -> None:
    answer = push(clone, flag)
    assert answer.code == 2 and "--attempts" in answer.err and "Traceback" not in answer.err


def everything(clone: Repository) -> object:
    git_files = {
        str(path.relative_to(clone.path)): path.read_bytes()
        for path in (clone.path / ".git").rglob("*")
        if path.is_file() and "afterpush" not in path.parts and path.name != "index"
    }
    return snapshot(clone.path), git_files


def test_check_and_dry_run_predict_and_touch_nothing(clone: Repository) -> None:
    they_push(clone, numbers=NUMBERS.replace("\n3\n", "\n3b\n"))
    clone.commit("Mine", numbers=NUMBERS.replace("\n3\n", "\n3a\n"))
    before = everything(clone)
    seen = afterpush("push.check", "--json", cwd=clone.path)
    assert seen.code == 1
    assert {key: seen.json()[key] for key in ("behind", "ahead", "conflicts")} == {
        "behind": 1,
        "ahead": 1,
        "conflicts": ["numbers"],
    }
    dry = push(clone, "--dry-run", "--json")
    assert dry.code == 1 and dry.json()["unresolved"] == ["numbers"] and dry.json()["pushed"] is False
    assert everything(clone) == before


def test_check_without_a_conflict_is_good(clone: Repository) -> None:
    they_push(clone, theirs="1\n")
    clone.commit("Mine", mine="1\n")
    seen = afterpush("push.check", "--json", cwd=clone.path)
    assert seen.code == 0
    assert (seen.json()["behind"], seen.json()["ahead"], seen.json()["conflicts"]) == (1, 1, [])


def test_it_works_in_a_linked_worktree_and_leaves_the_main_one_alone(clone: Repository) -> None:
    they_push(clone, theirs="1\n")
    path = clone.path.parent / "linked"
    clone.git("worktree", "add", "--quiet", "-b", "agent", str(path), "main")
    linked = Repository(path, clone.remote)
    linked.commit("Mine", mine="1\n")
    before = snapshot(clone.path)
    assert push(linked).code == 0
    assert on_remote(clone) == linked.head()
    assert snapshot(clone.path)["files"] == before["files"]


def started_push(clone: Repository, *flags: str) -> "subprocess.Popen[bytes]":
    words = [*AFTERPUSH, "push", *flags]
    return subprocess.Popen(words, cwd=clone.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hanging_check(clone: Repository) -> Path:
    """A check that says that it runs and then waits for a file."""
    marker = clone.path.parent / "checking"
    go_on = clone.path.parent / "go-on"
    configure(clone, f"push: {{check: 'touch {marker}; while ! test -e {go_on}; do sleep 0.05; done'}}\n")
    return marker


@pytest.mark.parametrize(
    "number",
    [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP],
    ids=lambda number: number.name,
)
def test_after_a_kill_in_the_middle_the_next_push_goes_through_and_brings_the_changes_back(
    clone: Repository, number: signal.Signals
) -> None:
    marker = hanging_check(clone)
    they_push(clone, theirs="1\n")
    clone.commit("Mine", mine="1\n")
    clone.write("numbers", "edited\n")
    before = snapshot(clone.path)
    running = started_push(clone, "--autostash")
    wait_until(marker.exists)
    os.kill(running.pid, number)
    code = running.wait(timeout=300)
    (clone.path.parent / "go-on").touch()
    if number is not signal.SIGKILL:
        assert code == 130 and snapshot(clone.path) == before
    answer = push(clone, "--autostash", "--json")
    assert answer.code == 0 and answer.json()["pushed"] is True, answer.err
    assert on_remote(clone) == clone.head()
    assert (clone.path / "numbers").read_text() == "edited\n"
    assert clone.git("stash", "list") == ""


def test_a_second_push_in_the_same_worktree_is_refused_while_one_runs(clone: Repository) -> None:
    marker = hanging_check(clone)
    clone.commit("Mine", mine="1\n")
    running = started_push(clone)
    wait_until(marker.exists)
    answer = push(clone)
    (clone.path.parent / "go-on").touch()
    assert answer.code == 2 and "another push" in answer.err
    assert running.wait(timeout=300) == 0


def test_a_commit_made_meanwhile_stays(clone: Repository) -> None:
    marker = hanging_check(clone)
    they_push(clone, theirs="1\n")
    clone.commit("Mine", mine="1\n")
    running = started_push(clone)
    wait_until(marker.exists)
    checked = clone.head()
    late = clone.commit("Late", late="1\n")
    (clone.path.parent / "go-on").touch()
    assert running.wait(timeout=300) == 0
    assert (clone.head(), on_remote(clone)) == (late, checked)


def test_it_never_opens_an_editor_and_never_forces(clone: Repository, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {seen}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    they_push(clone, theirs="1\n")
    clone.commit("Mine", mine="1\n")
    env = {"PATH": f"{wrapper.parent}:{os.environ['PATH']}", "GIT_EDITOR": "false", "EDITOR": "false"}
    assert push(clone, env=env).code == 0
    pushes = [line for line in seen.read_text().splitlines() if line.startswith("push")]
    assert pushes == [f"push -- origin {clone.head()}:refs/heads/main"]
