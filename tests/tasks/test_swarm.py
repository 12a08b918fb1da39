"""The swarm as a user runs it: real agents, real git, real crashes."""

import json
from pathlib import Path

from tests.support.cli import Answer, afterpush
from tests.support.repositories import Repository
from tests.support.swarm import alive, main_files, with_roadmap

WRITE = "mkdir -p work && echo done >work/$AFTERPUSH_TASK"


def tag_of(repository: Repository) -> str:
    return f"{(repository.path / '.git/afterpush/swarm').resolve()}:"


def swarm(repository: Repository, *words: str, code: int | None = None, **options: object) -> Answer:
    answer = afterpush(*words, "--json", cwd=repository.path, **options)  # type: ignore[arg-type]
    assert code is None or answer.code == code, answer.err + answer.out
    assert alive(tag_of(repository)) == []
    return answer


def states(answer: Answer) -> dict[str, str]:
    return {entry["task"]: entry["state"] for entry in answer.json()["tasks"]}


def reasons(answer: Answer) -> dict[str, str]:
    return {entry["task"]: entry["reason"] for entry in answer.json()["tasks"]}


def test_each_task_is_done_in_its_own_worktree_and_lands_on_main(repository: Repository) -> None:
    with_roadmap(repository, "QA-001", "QA-002", "QA-003")
    before = repository.head()
    answer = swarm(
        repository, "swarm.run", "--tasks=QA-001,QA-003", "--agents=2", f"--command={WRITE}", code=0
    )
    assert states(answer) == {"QA-001": "merged", "QA-003": "merged"}
    assert {name for name in main_files(repository) if name.startswith("work/")} == {
        "work/QA-001",
        "work/QA-003",
    }
    for entry in answer.json()["tasks"]:
        assert entry["branch"] == f"swarm/{entry['task']}/1"
        assert repository.git("--git-dir", str(repository.remote), "rev-parse", entry["branch"])
        assert repository.git("cat-file", "-t", entry["sha"]) == "commit"
    assert repository.head() == before
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("ls-remote", "origin", "refs/afterpush/*") == ""


def test_agents_that_fail_hang_write_nothing_or_break_the_check_block_only_themselves(
    repository: Repository,
) -> None:
    with_roadmap(repository, *(f"QA-00{number}" for number in range(1, 7)))
    agent = (
        "case $AFTERPUSH_TASK in "
        "QA-001) echo broken >&2; exit 3;; "
        "QA-002) sleep 300;; "
        "QA-003) :;; "
        "QA-004) echo bad >bad;; "
        "QA-005) echo fine >fine; (setsid sleep 300 >/dev/null 2>&1 &);; "
        "QA-006) echo '# another' >README.md; git commit -qam mine; "
        "git push origin HEAD:refs/heads/main 2>&1 | grep -q do-not-push;; esac"
    )
    answer = swarm(
        repository,
        *("swarm.run", "--ready", "--agents=6", f"--command={agent}", "--check=test ! -e bad", "--timeout=3"),
        code=1,
    )
    assert states(answer) == {
        "QA-001": "failed",
        "QA-002": "timeout",
        "QA-003": "empty",
        "QA-004": "check-failed",
        "QA-005": "merged",
        "QA-006": "merged",
    }
    why = reasons(answer)
    assert "exit code 3" in why["QA-001"] and "broken" in why["QA-001"]
    assert "test ! -e bad" in why["QA-004"]
    files = main_files(repository)
    assert "bad" not in files and files["README.md"] == "# another"
    assert repository.git("ls-remote", "origin", "refs/heads/swarm/QA-004/1")


def test_a_true_conflict_is_named_and_leaves_nothing_half_done(repository: Repository) -> None:
    with_roadmap(repository, "QA-001", "QA-002", "QA-003")
    agent = "if [ $AFTERPUSH_TASK = QA-003 ]; then echo 3 >three; else echo $AFTERPUSH_TASK >README.md; fi"
    answer = swarm(
        repository, "swarm.run", "--tasks=QA-001,QA-002,QA-003", "--agents=3", f"--command={agent}", code=1
    )
    assert sorted(states(answer).values()) == ["conflict", "merged", "merged"]
    assert states(answer)["QA-003"] == "merged"
    [reason] = [entry["reason"] for entry in answer.json()["tasks"] if entry["state"] == "conflict"]
    assert "README.md" in reason
    assert not list(repository.path.glob(".git/**/MERGE_HEAD"))


def test_bullets_that_all_agents_append_to_one_list_are_all_kept(repository: Repository) -> None:
    repository.write("docs/ACTIVE_SESSIONS.md", "# Sessions\n\n## Log\n\n- started\n")
    with_roadmap(repository, *(f"QA-00{number}" for number in range(1, 5)))
    agent = 'echo "- $AFTERPUSH_TASK done" >>docs/ACTIVE_SESSIONS.md'
    swarm(repository, "swarm.run", "--ready", "--agents=4", f"--command={agent}", code=0)
    log = main_files(repository)["docs/ACTIVE_SESSIONS.md"]
    assert sorted(line for line in log.splitlines() if line.endswith(" done")) == [
        f"- QA-00{number} done" for number in range(1, 5)
    ]


def test_the_agent_gets_prompt_port_and_task_and_leaves_a_log(repository: Repository) -> None:
    with_roadmap(repository, "QA-001", "QA-002")
    agent = (
        'cat "$AFTERPUSH_PROMPT" >p.$AFTERPUSH_TASK; echo $AFTERPUSH_PORT >port.$AFTERPUSH_TASK; echo hello'
    )
    answer = swarm(repository, "swarm.run", "--ready=2", "--agents=2", f"--command={agent}", code=0)
    assert set(states(answer)) == {"QA-001", "QA-002"}
    files = main_files(repository)
    assert "QA-001" in files["p.QA-001"] and "The work of QA-001" in files["p.QA-001"]
    assert int(files["port.QA-001"]) > 0
    log = repository.path / ".git/afterpush/swarm/attempts/QA-001/1/agent.log"
    assert log.read_text() == "hello\n"


def test_dependent_tasks_wait_for_each_other_and_are_skipped_after_a_failure(repository: Repository) -> None:
    with_roadmap(repository, "QA-001", "QA-002", "QA-003", "QA-004", QA_001="QA-002", QA_003="QA-004")
    agent = (
        "[ $AFTERPUSH_TASK != QA-004 ] || exit 1; "
        "[ $AFTERPUSH_TASK != QA-001 ] || test -e QA-002; touch $AFTERPUSH_TASK"
    )
    answer = swarm(
        repository,
        *("swarm.run", "--tasks=QA-001,QA-002,QA-003,QA-004", "--agents=4", f"--command={agent}"),
        code=1,
    )
    assert states(answer) == {
        "QA-001": "merged",
        "QA-002": "merged",
        "QA-003": "skipped",
        "QA-004": "failed",
    }


def test_a_task_that_was_merged_before_is_not_run_again_also_from_another_clone(
    repository: Repository,
) -> None:
    with_roadmap(repository, "QA-001")
    first = swarm(repository, "swarm.run", "--tasks=QA-001", f"--command={WRITE}", code=0)
    for clone in (repository, repository.another_clone("second")):
        again = swarm(clone, "swarm.run", "--tasks=QA-001", "--command=echo never >never", code=0)
        [entry] = again.json()["tasks"]
        assert (entry["state"], entry["sha"]) == ("merged", first.json()["tasks"][0]["sha"])
        assert "before" in entry["reason"]
    assert swarm(repository, "swarm.run", "--ready", f"--command={WRITE}", code=0).json()["tasks"] == []


def test_a_finished_run_is_good_again_also_when_the_roadmap_calls_its_tasks_done(
    repository: Repository,
) -> None:
    with_roadmap(repository, "QA-001", "QA-002")
    words = ["swarm.run", "--tasks=QA-001,QA-002", f"--command={WRITE}"]
    first = swarm(repository, *words, code=0)
    repository.git("pull", "--quiet", "--rebase")
    roadmap = repository.path / "docs/ROADMAP.md"
    roadmap.write_text(roadmap.read_text().replace("**Status:** ready", "**Status:** complete", 1))
    repository.commit("Tick")
    repository.push()
    again = swarm(repository, *words, code=0)
    assert states(again) == {"QA-001": "merged", "QA-002": "merged"}
    landed = [{entry["task"]: entry["sha"] for entry in run.json()["tasks"]} for run in (first, again)]
    assert landed[0] == landed[1]


def test_a_task_is_ready_once_what_it_depends_on_has_landed(repository: Repository) -> None:
    """The roadmap still says that it waits: an agent need not have changed it."""
    with_roadmap(repository, "QA-001", "QA-002", QA_002="QA-001")
    words = ["swarm.run", "--ready", f"--command={WRITE}"]
    assert states(swarm(repository, *words, code=0)) == {"QA-001": "merged"}
    assert states(swarm(repository, *words, code=0)) == {"QA-002": "merged"}


def test_a_dry_run_changes_nothing(repository: Repository) -> None:
    with_roadmap(repository, "QA-001")
    refs = repository.git("ls-remote", "origin")
    answer = swarm(repository, "swarm.run", "--ready", f"--command={WRITE}", "--dry-run", code=0)
    [planned] = answer.json()["tasks"]
    assert (planned["task"], planned["action"], planned["branch"]) == ("QA-001", "run", "swarm/QA-001/1")
    assert repository.git("ls-remote", "origin") == refs
    assert not Path(planned["worktree"]).exists()


def test_wrong_input_is_a_usage_error(repository: Repository) -> None:
    with_roadmap(repository, "QA-001")
    for words, said in (
        (["--tasks=QA-009", "--command=true"], "QA-001"),
        (["--tasks=QA-001"], "--command"),
        (["--command=true"], "--tasks"),
        (["--tasks=QA-001", "--ready", "--command=true"], "one of them"),
        (["--ready=many", "--command=true"], "--ready"),
        (["--ready", "--agents=0", "--command=true"], "--agents"),
        (["--ready", "--engine=slurm", "--command=true"], "slurm"),
    ):
        answer = swarm(repository, "swarm.run", *words, code=2)
        assert said in json.loads(answer.out)["error"], words


def test_a_poison_task_fails_after_its_tries_and_the_others_land(repository: Repository) -> None:
    repository.write("config/afterpush.yaml", "swarm:\n  attempts: 2\n")
    with_roadmap(repository, "QA-001", "QA-002")
    agent = f"echo try >>{repository.path.parent}/tries; [ $AFTERPUSH_TASK = QA-002 ] && {WRITE}"
    answer = swarm(repository, "swarm.run", "--ready", "--agents=1", f"--command={agent}", code=1)
    assert states(answer) == {"QA-001": "failed", "QA-002": "merged"}
    assert [entry["attempt"] for entry in answer.json()["tasks"]] == [2, 1]
    assert (repository.path.parent / "tries").read_text().count("try") == 3


def test_nothing_is_started_without_disk_space(repository: Repository) -> None:
    repository.write("config/afterpush.yaml", "swarm:\n  disk_free_megabytes: 1.0e+12\n")
    with_roadmap(repository, "QA-001")
    answer = swarm(repository, "swarm.run", "--ready", "--command=touch never", code=1)
    assert states(answer) == {"QA-001": "failed"}
    assert "swarm.disk_free_megabytes" in reasons(answer)["QA-001"]
    assert "never" not in main_files(repository)


def test_a_remote_that_refuses_the_merge_is_quoted(repository: Repository) -> None:
    with_roadmap(repository, "QA-001")
    hook = repository.remote / "hooks/update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo frozen until monday; exit 1; }\n')
    hook.chmod(0o755)
    answer = swarm(repository, "swarm.run", "--ready", f"--command={WRITE}", code=1)
    assert states(answer) == {"QA-001": "failed"}
    assert "frozen until monday" in reasons(answer)["QA-001"]
    hook.unlink()
    assert states(swarm(repository, "swarm.merge", code=0)) == {"QA-001": "merged"}
