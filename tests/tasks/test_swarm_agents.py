"""Agents that do what nobody has told them: what is theirs is kept, what is said is the cause."""

from pathlib import Path

import pytest

from tests.support.repositories import Repository
from tests.support.swarm import main_files, with_roadmap
from tests.tasks.test_swarm import reasons, states, swarm

TOKEN = "dop_v1_" + "a" * 64


@pytest.fixture
def planned(repository: Repository) -> Repository:
    return with_roadmap(repository, "QA-001", "QA-002")


def run(repository: Repository, agent: str, *words: str, task: str = "QA-001") -> tuple[str, str]:
    """The state and the reason of one task."""
    answer = swarm(repository, "swarm.run", f"--tasks={task}", f"--command={agent}", *words)
    return states(answer)[task], reasons(answer)[task]


def on_remote(repository: Repository, branch: str) -> str:
    return repository.git("ls-remote", "origin", f"refs/heads/{branch}").partition("\t")[0]


def test_an_agent_that_tidies_its_worktree_away_has_its_commits_merged(planned: Repository) -> None:
    tidy = 'echo x >x; git add x; git commit -qm x; cd ..; rm -rf "$AFTERPUSH_TASK-1"'
    assert run(planned, tidy)[0] == "merged"
    assert main_files(planned)["x"] == "x"
    state, reason = run(planned, 'cd ..; rm -rf "$AFTERPUSH_TASK-1"', task="QA-002")
    assert (state, "removed its worktree and committed nothing" in reason) == ("failed", True)


def test_a_worktree_that_is_taken_apart_is_told_never_committed_elsewhere_and_not_forgotten(
    planned: Repository,
) -> None:
    """Within the clone, git would take the clone itself for the worktree, and commit what lies there."""
    planned.write("config/afterpush.yaml", "swarm:\n  worktrees: trees\n")
    planned.write("mine", "not to be committed")
    state, reason = run(planned, "echo x >x; git add x; git commit -qm x; echo y >y; rm -rf .git")
    assert (state, "taken its worktree" in reason) == ("failed", True)
    assert planned.git("status", "--porcelain", "mine") == "?? mine"
    assert on_remote(planned, "swarm/QA-001/1")
    kept = swarm(planned, "swarm.cleanup", code=0).json()["kept"]
    told = {Path(entry["path"]).name: entry["reason"] for entry in kept}
    assert "by hand" in told["QA-001-1"]


def test_a_repository_inside_of_the_worktree_is_not_lost_as_a_bare_link(planned: Repository) -> None:
    nested = (
        "git init -q sub; cd sub; echo a >a; git add a; git -c user.name=a -c user.email=a@b commit -qm a"
    )
    state, reason = run(planned, nested)
    assert (state, "sub is a git repository of its own" in reason) == ("failed", True)
    assert "sub" not in main_files(planned)
    tree = planned.path.parent / "app-swarm/QA-001-1"
    assert (tree / "sub/a").read_text() == "a\n"
    # Its owner makes plain files of it, and the branch lands.
    there = Repository(tree, planned.remote)
    there.git("rm", "-q", "--cached", "sub")
    there.git("-C", "sub", "update-ref", "-d", "HEAD")
    (tree / "sub/.git").rename(tree.parent / "not-needed")
    there.commit("As files")
    assert states(swarm(planned, "swarm.merge", "--tasks=QA-001", code=0)) == {"QA-001": "merged"}
    assert main_files(planned)["sub/a"] == "a"


def test_a_worktree_with_a_submodule_does_not_end_the_clean_up(planned: Repository) -> None:
    """git refuses to remove it; that once was the end of every clean-up in the clone."""
    inner = planned.path.parent / "inner"
    submodule = (
        f"git init -q {inner}; git -C {inner} -c user.name=a -c user.email=a@b commit -q --allow-empty -m a; "
        f"git -c protocol.file.allow=always submodule --quiet add {inner} sub"
    )
    assert run(planned, submodule)[0] == "merged"
    assert run(planned, "echo x >x", task="QA-002")[0] == "merged"
    dry = swarm(planned, "swarm.cleanup", "--dry-run", code=0).json()
    cleaned = swarm(planned, "swarm.cleanup", code=0).json()
    assert cleaned["removed"] == dry["removed"] and cleaned["kept"] == dry["kept"]
    [kept] = [entry for entry in cleaned["kept"] if entry["path"].endswith("QA-001-1")]
    assert "(sub)" in kept["reason"]
    assert any(path.endswith("QA-002-1") for path in cleaned["removed"])


def test_an_agent_that_changes_its_branch_leaves_no_worktree_for_ever(planned: Repository) -> None:
    assert run(planned, "git checkout -q -b mine; echo x >x; git add x; git commit -qm x")[0] == "merged"
    cleaned = swarm(planned, "swarm.cleanup", code=0).json()
    assert cleaned["kept"] == []
    assert any(path.endswith("QA-001-1") for path in cleaned["removed"])


def test_an_unfinished_merge_is_told_and_what_was_committed_is_published(planned: Repository) -> None:
    agent = (
        "echo a >README.md; git commit -qam a; git checkout -q -b other HEAD~1; "
        "echo b >README.md; git commit -qam b; git merge -q swarm/QA-001/1; true"
    )
    state, reason = run(planned, agent)
    assert (state, "left a merge unfinished" in reason) == ("failed", True)
    assert on_remote(planned, "swarm/QA-001/1")


@pytest.mark.parametrize("with_push_url", [False, True])
def test_no_push_of_an_agent_gets_past_the_queue_by_name_or_by_url(
    planned: Repository, with_push_url: bool
) -> None:
    url = planned.git("remote", "get-url", "origin")
    if with_push_url:
        planned.git("remote", "set-url", "--push", "origin", f"file://{url}")
    agent = (
        "echo bad >bad; git add bad; git commit -qm bad; "
        f"for to in origin {url}; do git push -q $to HEAD:refs/heads/main && exit 9; done; "
        "git fetch -q origin || exit 8"
    )
    state, reason = run(planned, agent, "--check=test ! -e bad")
    assert (state, "test ! -e bad" in reason) == ("check-failed", True), reason
    assert "bad" not in main_files(planned)


def test_what_is_on_main_past_the_queue_is_still_checked_and_said(planned: Repository) -> None:
    """An agent that means to push can; then a red check must not pass for a change that was kept out."""
    sneak = f"git -C {planned.path} push -q origin $(git rev-parse HEAD):refs/heads/main"
    agent = f'echo bad >bad; git add bad; git commit -qm bad; env -i PATH="$PATH" HOME="$HOME" {sneak}'
    words = ["--check=test ! -e bad"]
    state, reason = run(planned, agent, *words)
    assert (state, "on origin/main already" in reason) == ("check-failed", True), reason
    again = swarm(planned, "swarm.merge", *words, code=1)
    assert states(again) == {"QA-001": "check-failed"}
    assert reasons(again)["QA-001"].startswith("its commits are on origin/main already, but the check")


def test_main_that_was_set_back_meanwhile_is_merged_onto_and_not_brought_back(planned: Repository) -> None:
    """A fast-forward is not enough: only the commit that was merged and tested may be moved from."""
    planned.commit("Withdrawn", withdrawn="x")
    planned.push()
    once = f"[ -e {planned.path}/../once ] || {{ touch {planned.path}/../once; "
    back = f"{once} git -C {planned.remote} update-ref refs/heads/main refs/heads/main~1; }}"
    state, _ = run(planned, "echo x >x", f"--check={back}")
    assert state == "merged"
    assert "x" in main_files(planned)
    main = planned.git("--git-dir", str(planned.remote), "log", "--first-parent", "--format=%s", "main")
    assert "Withdrawn" not in main


def test_secrets_and_colours_of_an_agent_are_in_no_message_also_between_two_tries(
    planned: Repository,
) -> None:
    planned.write("config/afterpush.yaml", "swarm:\n  attempts: 2\n")
    agent = f"printf '\\033[31mred {TOKEN}\\033[0m\\r\\n\\033[K\\n'; exit 3"
    answer = swarm(planned, "swarm.run", "--tasks=QA-001", f"--command={agent}", code=1)
    assert TOKEN not in answer.err + answer.out
    assert "its last line: red [REDACTED])" in reasons(answer)["QA-001"]
    assert "; again" in answer.err and "\x1b" not in answer.err


def test_work_that_could_not_be_pushed_is_merged_when_it_is_named(planned: Repository) -> None:
    hook = planned.remote / "hooks/update"
    hook.write_text("#!/bin/sh\ncase $1 in refs/heads/swarm/*) echo the disk is full; exit 1;; esac\n")
    hook.chmod(0o755)
    state, reason = run(planned, "echo x >x")
    assert (state, "git says: the disk is full; " in reason) == ("failed", True), reason
    hook.unlink()
    assert swarm(planned, "swarm.merge", code=0).json()["tasks"] == []
    assert states(swarm(planned, "swarm.merge", "--tasks=QA-001", code=0)) == {"QA-001": "merged"}
    assert main_files(planned)["x"] == "x"


def test_a_failed_agent_that_committed_nothing_has_nothing_to_merge(planned: Repository) -> None:
    assert run(planned, "echo half >half; exit 1")[0] == "failed"
    answer = swarm(planned, "swarm.merge", "--tasks=QA-001", code=1)
    assert states(answer) == {"QA-001": "empty"}
    assert "nothing is committed on swarm/QA-001/1" in reasons(answer)["QA-001"]


def test_a_roadmap_that_defines_no_task_is_no_day_without_work(repository: Repository) -> None:
    repository.push()
    answer = swarm(repository, "swarm.run", "--ready", "--command=true", code=2)
    assert "prompts.roadmap" in answer.json()["error"]


def test_a_git_that_does_not_know_who_commits_is_a_usage_error_with_the_cure(
    planned: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")
    planned.git("config", "user.useConfigOnly", "true")
    answer = swarm(planned, "swarm.run", "--ready", "--command=echo x >x", code=2)
    assert "git config user.email" in answer.json()["error"]
    assert planned.git("ls-remote", "origin", "refs/afterpush/*", "refs/heads/swarm/*") == ""


def test_an_ending_that_could_not_be_written_down_is_a_failure_of_its_own(planned: Repository) -> None:
    """As on a full disk; what has been committed by then is not lost."""
    agent = 'echo x >x; git add x; git commit -qm x; rm -rf "$(dirname "$AFTERPUSH_PROMPT")"'
    state, reason = run(planned, agent)
    assert (state, "could not be written" in reason) == ("failed", True), reason
    assert states(swarm(planned, "swarm.merge", "--tasks=QA-001", code=0)) == {"QA-001": "merged"}


def test_a_journal_that_cannot_be_written_fails_its_task_in_one_line(
    planned: Repository,
) -> None:
    """As on a full disk, where the run once ended with a traceback; here a folder stands in its place."""
    journal = planned.path / ".git/afterpush/swarm/journal.jsonl"
    agent = f'rm "{journal}"; mkdir "{journal}"; echo x >x'
    answer = swarm(planned, "swarm.run", "--tasks=QA-001", f"--command={agent}", code=1)
    assert states(answer) == {"QA-001": "failed"}
    assert "writing the swarm's journal" in reasons(answer)["QA-001"]
    assert "Traceback" not in answer.err
    again = swarm(planned, "swarm.run", "--tasks=QA-002", "--command=true", code=2)
    assert "reading the swarm's journal" in again.json()["error"]
    journal.rmdir()
    assert states(
        swarm(planned, "swarm.run", "--tasks=QA-001,QA-002", "--command=echo x >$AFTERPUSH_TASK")
    ) == {
        "QA-001": "merged",
        "QA-002": "merged",
    }


def test_a_worktree_whose_making_was_cut_off_is_removed(planned: Repository) -> None:
    """git keeps it locked from then on; no agent has begun in it."""
    assert run(planned, "exit 3")[0] == "failed"
    place = planned.path.parent / "app-swarm"
    for name, is_locked in (("QA-001-2", True), ("QA-001-3", False)):
        (planned.path / f".git/afterpush/swarm/attempts/QA-001/{name[-1]}").mkdir()
        branch = f"swarm/QA-001/{name[-1]}"
        planned.git("worktree", "add", "-q", "--no-checkout", "-b", branch, str(place / name), "main")
        if is_locked:
            planned.git("worktree", "lock", "--reason", "initializing", str(place / name))
    check = place / ".check-1-QA-001-1"
    planned.git("worktree", "add", "-q", "--no-checkout", "--detach", str(check), "main")
    planned.git("worktree", "lock", "--reason", "initializing", str(check))
    # What somebody has locked on purpose stays, also where its folder is on a disk that is not there.
    planned.git("worktree", "lock", str(place / "QA-001-1"))
    planned.git("worktree", "add", "-q", "--lock", "-b", "swarm/QA-002/1", str(place / "QA-002-1"), "main")
    (place / "QA-002-1").rename(place.parent / "elsewhere")
    dry = swarm(planned, "swarm.cleanup", "--dry-run", code=0).json()
    cleaned = swarm(planned, "swarm.cleanup", code=0).json()
    assert (cleaned["removed"], cleaned["kept"]) == (dry["removed"], dry["kept"])
    assert [Path(entry["path"]).name for entry in cleaned["kept"]] == ["QA-001-1", "QA-002-1"]
    assert sorted(path.name for path in place.iterdir()) == ["QA-001-1"]


def test_conflicts_are_told_in_words_whatever_kind_they_are(repository: Repository) -> None:
    tasks = {
        "QA-002": ("echo two >README.md", "in README.md"),
        "QA-003": ("echo changed >gone", "in gone (deleted on main, changed on the branch);"),
        "QA-004": ("ln -sfn README.md link", "in link (no regular file on both sides);"),
        "QA-005": ("echo file >place", "in place (a file on one side, a folder on the other);"),
        "QA-006": ("git rm -q changed", "in changed (changed on main, deleted on the branch);"),
    }
    with_roadmap(repository, "QA-001", *tasks)
    (repository.path / "link").symlink_to("docs")
    before = repository.commit("Files", gone="a\n", changed="a\n")
    repository.push()
    first = (
        "echo one >README.md; git rm -q gone; ln -sfn docs/x link; mkdir place; echo 1 >place/f; "
        "echo b >changed"
    )
    assert run(repository, first)[0] == "merged"
    cases = "".join(f"{task}) {agent};; " for task, (agent, _) in tasks.items())
    late = f"git reset -q --hard {before}; case $AFTERPUSH_TASK in {cases} esac"
    answer = swarm(repository, "swarm.run", f"--tasks={','.join(tasks)}", f"--command={late}", code=1)
    assert set(states(answer).values()) == {"conflict"}
    for task, (_, words) in tasks.items():
        assert words in reasons(answer)[task]
