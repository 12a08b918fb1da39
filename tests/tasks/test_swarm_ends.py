"""However a run ends - stopped, interrupted, killed - nothing runs on, nothing is lost, and it can go on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import afterpush
from tests.support.repositories import Repository
from tests.support.swarm import alive, main_files, with_roadmap
from tests.support.waiting import wait_until

MAIN = "from afterpush.__main__ import main; main()"
HANG = (
    "echo half >half.$AFTERPUSH_TASK; (setsid sleep 300 >/dev/null 2>&1 &); "
    "touch ../up.$AFTERPUSH_TASK; sleep 300"
)
WRITE = "echo done >$AFTERPUSH_TASK"


def tag_of(repository: Repository) -> str:
    return f"{(repository.path / '.git/afterpush/swarm').resolve()}:"


def start(repository: Repository, *words: str, code: str = MAIN) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=repository.path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hanging(repository: Repository) -> "subprocess.Popen[str]":
    """A manager with two agents that hang, each with a daemon of its own."""
    process = start(repository, "swarm.run", "--ready", "--agents=2", f"--command={HANG}", "--json")
    place = repository.path.parent / "app-swarm"
    wait_until(lambda: (place / "up.QA-001").exists() and (place / "up.QA-002").exists(), "both agents run")
    return process


@pytest.fixture
def planned(repository: Repository) -> Repository:
    return with_roadmap(repository, "QA-001", "QA-002", "QA-003")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_every_process_and_reports_what_it_has(
    planned: Repository, number: signal.Signals
) -> None:
    process = hanging(planned)
    process.send_signal(number)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert alive(tag_of(planned)) == []
    assert out.count('"stopped"') == 3
    assert planned.git("ls-remote", "origin", "refs/afterpush/*") == ""


def test_stop_ends_manager_agents_and_daemons_and_keeps_worktrees(planned: Repository) -> None:
    process = hanging(planned)
    seen = afterpush("swarm.status", "--json", cwd=planned.path).json()
    assert seen["running"] is True and seen["managers"] == [process.pid]
    assert [entry["state"] for entry in seen["tasks"]] == ["running", "running", "queued"]
    dry = afterpush("swarm.stop", "--dry-run", "--json", cwd=planned.path).json()
    assert dry["managers"] == [{"pid": process.pid, "stopped": False}] and dry["processes"] >= 2
    assert process.poll() is None
    answer = afterpush("swarm.stop", "--json", cwd=planned.path)
    assert answer.code == 0 and answer.json()["managers"] == [{"pid": process.pid, "stopped": True}]
    assert process.wait(timeout=300) == 130
    process.communicate()
    assert alive(tag_of(planned)) == []
    assert (planned.path.parent / "app-swarm/QA-001-1/half.QA-001").read_text() == "half\n"
    assert afterpush("swarm.stop", cwd=planned.path).out == "nothing runs\n"


def test_kill_9_of_the_manager_leaves_no_process_and_a_new_run_goes_on(planned: Repository) -> None:
    process = hanging(planned)
    process.kill()
    process.communicate()
    wait_until(lambda: alive(tag_of(planned)) == [], "nothing of ours is alive")
    seen = afterpush("swarm.status", "--json", cwd=planned.path).json()
    assert seen["running"] is False
    assert {entry["state"] for entry in seen["tasks"]} == {"stopped"}
    answer = afterpush("swarm.run", "--ready", f"--command={WRITE}", "--json", cwd=planned.path)
    assert answer.code == 0, answer.err
    assert [entry["attempt"] for entry in answer.json()["tasks"]] == [2, 2, 1]
    assert {"QA-001", "QA-002", "QA-003"} <= set(main_files(planned))
    kept = afterpush("swarm.cleanup", "--json", cwd=planned.path).json()["kept"]
    assert ["half.QA-001" in entry["reason"] for entry in kept if entry["path"].endswith("QA-001-1")] == [
        True
    ]


# The manager dies by kill -9 right before it starts its Nth git process, or right after main has moved.
CRASH = """
import itertools, os, signal, sys
import afterpush.infra.git as ground
import afterpush.swarm.merge_queue.landing as landing
point = sys.argv.pop(1)
if point == "landed":
    pushed = landing.push_changes
    def push_changes(*words, **options):
        answer = pushed(*words, **options)
        os.kill(os.getpid(), signal.SIGKILL)
        return answer
    landing.push_changes = push_changes
else:
    run, counted = ground.run, itertools.count(1)
    def counting(*words, **options):
        if next(counted) == int(point):
            os.kill(os.getpid(), signal.SIGKILL)
        return run(*words, **options)
    ground.run = counting
from afterpush.program import main
main()
"""


@pytest.mark.parametrize("points", [["12", "19"], ["24", "30"], ["37", "44"], ["landed", "landed"]])
def test_kill_9_at_any_step_and_a_restart_lead_to_the_same_main(
    planned: Repository, points: list[str]
) -> None:
    words = [
        "swarm.run",
        "--ready",
        "--agents=2",
        f"--command={WRITE}",
        "--check=test -e README.md",
        "--json",
    ]
    for point in points:
        killed = start(planned, point, *words, code=CRASH)
        killed.communicate(timeout=300)
        assert killed.returncode == -signal.SIGKILL
        wait_until(lambda: alive(tag_of(planned)) == [], "nothing of ours is alive")
    answer = afterpush(*words, cwd=planned.path)
    if points == ["landed", "landed"]:
        # Each killed run has landed a batch: one task, or two that ended at once.
        assert len(answer.json()["tasks"]) <= 1
    assert answer.code == 0, answer.err
    files = main_files(planned)
    assert {name: text for name, text in files.items() if name.startswith("QA-")} == {
        f"QA-00{number}": "done" for number in (1, 2, 3)
    }
    landed = planned.git(
        "--git-dir", str(planned.remote), "log", "--format=%(trailers:key=Swarm-Task,valueonly)", "main"
    )
    assert sorted(landed.split()) == ["QA-001", "QA-002", "QA-003"]
    assert afterpush("swarm.cleanup", cwd=planned.path).code == 0
    assert planned.git("ls-remote", "origin", "refs/afterpush/*") == ""
    assert not list((planned.path.parent / "app-swarm").glob(".check-*"))


def test_two_managers_in_two_clones_run_no_task_twice(planned: Repository) -> None:
    other = planned.another_clone("other")
    record = planned.path.parent / "record"
    words = [f"--command=echo $AFTERPUSH_TASK >>{record}; sleep 0.3; {WRITE}", "--json"]
    both = [start(clone, "swarm.run", "--ready", "--agents=2", *words) for clone in (planned, other)]
    for process in both:
        tasks = json.loads(process.communicate(timeout=300)[0])["tasks"]
        states = {task["state"] for task in tasks}
        assert states <= {"merged", "skipped"}, tasks
        assert process.returncode == ("skipped" in states)  # The other one had it.
    assert sorted(record.read_text().split()) == ["QA-001", "QA-002", "QA-003"]
    assert {"QA-001", "QA-002", "QA-003"} <= set(main_files(planned))


def test_a_second_manager_in_the_same_clone_takes_other_tasks_only(planned: Repository) -> None:
    process = hanging(planned)
    answer = afterpush("swarm.run", "--tasks=QA-001", f"--command={WRITE}", "--json", cwd=planned.path)
    [entry] = answer.json()["tasks"]
    assert (answer.code, entry["state"]) == (1, "skipped")
    assert "another manager" in entry["reason"]
    afterpush("swarm.stop", cwd=planned.path)
    process.communicate(timeout=300)


def test_a_pusher_beside_the_swarm_loses_nothing(planned: Repository) -> None:
    other = planned.another_clone("other")
    check = (
        f"cd {other.path}; git pull -q --rebase; echo x >>others; git add .; "
        "git commit -qm other; git push -q origin main; :"
    )
    answer = afterpush(
        *("swarm.run", "--tasks=QA-001,QA-002", f"--command={WRITE}", f"--check={check}", "--json"),
        cwd=planned.path,
    )
    # The check pushes to main each time: every merge loses its race until the attempts are used up.
    assert answer.code == 1
    assert {entry["state"] for entry in answer.json()["tasks"]} == {"failed"}
    assert "lost 10 races" in answer.json()["tasks"][0]["reason"]
    assert main_files(planned)["others"].count("x") >= 10
    again = afterpush("swarm.merge", "--json", cwd=planned.path)
    assert again.code == 0, again.err
    assert {"QA-001", "QA-002", "others"} <= set(main_files(planned))


def test_a_resolved_conflict_is_merged_by_swarm_merge(planned: Repository) -> None:
    agent = "echo $AFTERPUSH_TASK >README.md"
    first = afterpush("swarm.run", "--tasks=QA-001", f"--command={agent}", "--json", cwd=planned.path)
    assert first.code == 0
    # An agent that begins at the old main: its change meets the other one.
    late = "git reset -q --hard HEAD~1; echo late >README.md"
    answer = afterpush("swarm.run", "--tasks=QA-002", f"--command={late}", "--json", cwd=planned.path)
    [entry] = answer.json()["tasks"]
    assert (answer.code, entry["state"]) == (1, "conflict")
    assert afterpush("swarm.merge", "--json", cwd=planned.path).json()["tasks"][0]["state"] == "conflict"
    place = Repository(planned.path.parent / "app-swarm/QA-002-1", planned.remote)
    place.git("fetch", "-q", "origin", "main")
    place.git("merge", "-q", "-X", "ours", "origin/main")
    plan = afterpush("swarm.merge", "--dry-run", "--json", cwd=planned.path).json()
    assert [entry["task"] for entry in plan["tasks"]] == ["QA-002"]
    merged = afterpush("swarm.merge", "--tasks=QA-002", "--json", cwd=planned.path)
    assert merged.code == 0, merged.err
    assert main_files(planned)["README.md"] == "late"
    assert afterpush("swarm.merge", cwd=planned.path).out == "nothing waits to be merged\n"


def test_cleanup_removes_what_is_in_main_also_squashed_and_never_a_dirty_worktree(
    planned: Repository,
) -> None:
    afterpush("swarm.run", "--tasks=QA-001", f"--command={WRITE}", cwd=planned.path)
    bad = "echo a >two; git add .; git commit -qm one; echo b >>two; git commit -qam two; "
    refused = afterpush(
        "swarm.run", "--tasks=QA-002,QA-003", f"--command={bad}", "--check=false", "--json", cwd=planned.path
    )
    assert {entry["state"] for entry in refused.json()["tasks"]} == {"check-failed"}
    place = planned.path.parent / "app-swarm"
    (place / "QA-001-1/notes").write_text("not committed")
    listed = afterpush("swarm.cleanup", "--json", cwd=planned.path).json()
    assert listed["removed"] == []
    reasons = {Path(entry["path"]).name: entry["reason"] for entry in listed["kept"]}
    assert "notes" in reasons["QA-001-1"] and "not in origin/main" in reasons["QA-002-1"]
    # Somebody squashes the branch into main by hand.
    planned.git("pull", "-q", "--rebase", "origin", "main")
    planned.git("merge", "-q", "--squash", "swarm/QA-002/1")
    planned.commit("Squashed")
    planned.commit("Further", two="other\n")
    planned.push()
    (place / "QA-001-1/notes").unlink()
    dry = afterpush("swarm.cleanup", "--dry-run", "--json", cwd=planned.path).json()
    done = afterpush("swarm.cleanup", "--json", cwd=planned.path).json()
    assert done["removed"] == dry["removed"] and done["kept"] == []
    assert str(place / "QA-002-1") in done["removed"] and "origin/swarm/QA-002/1" in done["removed"]
    assert not place.exists()
    assert planned.git("branch", "--list", "swarm/*") == ""
    assert planned.git("ls-remote", "origin", "refs/heads/swarm/*") == ""


def test_a_stale_claim_of_another_clone_blocks_until_it_expires(planned: Repository) -> None:
    other = planned.another_clone("other")
    other.write("config/afterpush.yaml", "swarm:\n  claim_seconds: 6\n")
    process = start(other, "swarm.run", "--tasks=QA-001", f"--command={HANG}")
    wait_until((planned.path.parent / "other-swarm/up.QA-001").exists, "the agent runs")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    words = ["swarm.run", "--tasks=QA-001", f"--command={WRITE}", "--json"]
    first = afterpush(*words, cwd=planned.path)
    if first.code == 1:
        assert "claimed by process" in first.json()["tasks"][0]["reason"]
    wait_until(lambda: afterpush(*words, cwd=planned.path).code == 0, "the claim expires")
    assert "QA-001" in main_files(planned)
