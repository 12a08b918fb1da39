"""The merge queue as a user runs it: branches of anybody, real git, real checks, a real crash."""

import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cli import AFTERPUSH, Answer, afterpush
from tests.support.deployed import QUICK, deployed
from tests.support.repositories import Repository
from tests.support.swarm import alive, main_files
from tests.support.waiting import wait_until

CHECK = "--check=echo checking; ! ls bad.* 2>/dev/null"


def branch(repository: Repository, name: str, **files: str) -> str:
    """A branch of main with one commit more."""
    repository.git("checkout", "--quiet", "-B", name, "main")
    sha = repository.commit(f"Work of {name}", **files)
    repository.git("checkout", "--quiet", "main")
    return sha


def queue(repository: Repository, *words: str, code: int | None = None) -> Answer:
    answer = afterpush(*words, "--json", cwd=repository.path)
    assert code is None or answer.code == code, answer.err + answer.out
    return answer


def states(answer: Answer) -> dict[str, str]:
    return {entry["branch"]: entry["state"] for entry in answer.json()["branches"]}


def row(answer: Answer, name: str) -> dict[str, object]:
    [found] = [entry for entry in answer.json()["branches"] if entry["branch"] == name]
    return dict(found)


def landed_subjects(repository: Repository) -> list[str]:
    text = repository.git("--git-dir", str(repository.remote), "log", "--first-parent", "--format=%s", "main")
    return text.splitlines()[::-1]


def test_branches_of_clone_and_remote_land_in_one_batch_each_as_its_own_commits(
    repository: Repository,
) -> None:
    for name in ("agents/a", "agents/b"):
        branch(repository, name, **{f"{name[-1]}_txt": "x"})
    other = repository.another_clone("other")
    branch(other, "agents/c", c_txt="x")
    other.push("agents/c")
    before = (repository.head(), repository.git("status", "--porcelain"))
    added = queue(repository, "queue.add", "--pattern=agents/*", code=0)
    assert states(added) == dict.fromkeys(["agents/a", "agents/b", "agents/c"], "queued")
    ran = queue(repository, "queue.run", CHECK, code=0)
    assert set(states(ran).values()) == {"landed"} and ran.json()["check_runs"] == 1
    assert landed_subjects(repository)[1:] == ["Merge agents/a", "Merge agents/b", "Merge agents/c"]
    assert {"a.txt", "b.txt", "c.txt"} <= set(main_files(repository))
    sha = str(row(ran, "agents/b")["landed_sha"])
    assert repository.git("log", "-1", "--format=%s", sha) == "Merge agents/b"
    assert (repository.head(), repository.git("status", "--porcelain")) == before
    again = queue(repository, "queue.run", "--pattern=agents/*", CHECK, code=0)
    assert set(states(again).values()) == {"landed"}
    assert "landed" in afterpush("queue.status", cwd=repository.path).out


def test_what_fails_is_evicted_with_a_reason_in_its_worktree_and_the_rest_lands(
    repository: Repository,
) -> None:
    branch(repository, "agents/bad", bad_txt="x")
    for name in ("agents/a", "agents/c"):
        branch(repository, name, **{f"{name[-1]}_txt": "x"})
    tree = repository.path.parent / "tree"
    repository.git("worktree", "add", "--quiet", str(tree), "agents/bad")
    ran = queue(repository, "queue.run", "--pattern=agents/*", CHECK, code=1)
    assert states(ran) == {"agents/a": "landed", "agents/bad": "evicted", "agents/c": "landed"}
    evicted = row(ran, "agents/bad")
    assert "its last line: bad.txt" in str(evicted["reason"]) and "together" not in str(evicted["reason"])
    notice = (tree / ".afterpush-queue.md").read_text()
    assert "checking\nbad.txt" in notice and "queue.run --branch=agents/bad" in notice
    assert Repository(tree, repository.remote).git("status", "--porcelain") == ""
    assert "bad.txt" not in main_files(repository)
    # Its agent mends it, in the worktree.
    there = Repository(tree, repository.remote)
    there.git("mv", "bad.txt", "good.txt")
    there.commit("Mended")
    mended = queue(repository, "queue.run", "--branch=agents/bad", CHECK, code=0)
    assert states(mended)["agents/bad"] == "landed"
    assert not (tree / ".afterpush-queue.md").exists()


def test_neither_secrets_nor_escapes_of_a_log_come_into_a_worktree(repository: Repository) -> None:
    branch(repository, "bad", bad_txt="x")
    branch(repository, "good", good_txt="x")
    tree = repository.path.parent / "tree"
    repository.git("worktree", "add", "--quiet", str(tree), "bad")
    secret = "ghp_" + "a1B2" * 9
    text = secret.replace("_", "_''")  # The command itself does not show it either.
    shown = rf"printf '\033[31m%s\033[0m \033]0;title\007end\n' {text}"
    check = f"--check=! ls bad.* || {{ {shown}; false; }}"
    queue(repository, "queue.run", "--branch=bad,good", check, code=1)
    notice = (tree / ".afterpush-queue.md").read_text()
    assert secret not in notice and "\x1b" not in notice and "[REDACTED] end" in notice


def test_what_a_killed_check_ended_with_is_told_and_a_landing_that_main_has_lost_is_made_again(
    repository: Repository,
) -> None:
    branch(repository, "one", one_txt="x")
    first = repository.head()
    killed = queue(repository, "queue.run", "--branch=one", "--check=kill -9 $$", code=1)
    assert "was killed by signal 9" in killed.json()["message"]
    assert states(queue(repository, "queue.run", "--check=true", code=0)) == {"one": "landed"}
    repository.git("--git-dir", str(repository.remote), "update-ref", "refs/heads/main", first)
    again = queue(repository, "queue.run", "--branch=one", "--check=true", code=0)
    assert landed_subjects(repository) == ["First", "Merge one"]
    assert states(again) == {"one": "landed"}


def test_a_branch_that_has_gone_different_ways_keeps_no_other_of_its_pattern_back(
    repository: Repository,
) -> None:
    branch(repository, "agents/one", one_txt="x")
    branch(repository, "agents/two", two_txt="x")
    repository.git("push", "--quiet", "origin", "agents/two")
    branch(repository, "agents/two", two_txt="y")
    assert queue(repository, "queue.run", "--branch=agents/two", code=2).json()["code"] == "usage"
    ran = queue(repository, "queue.run", "--pattern=agents/*", code=1)
    assert states(ran) == {"agents/one": "landed", "agents/two": "evicted"}
    assert "have gone different ways; push the right one" in str(row(ran, "agents/two")["reason"])
    repository.git("push", "--quiet", "--force", "origin", "agents/two")
    assert set(states(queue(repository, "queue.run", "--pattern=agents/*", code=0)).values()) == {"landed"}


def test_a_clone_without_a_remote_is_told_to_add_one(repository: Repository) -> None:
    branch(repository, "one", one_txt="x")
    repository.git("remote", "remove", "origin")
    assert (
        "git remote add origin URL" in queue(repository, "queue.add", "--branch=one", code=2).json()["error"]
    )


def test_two_branches_that_fail_only_together_are_named_together(repository: Repository) -> None:
    for name in "abcde":
        branch(repository, name, **{f"{name}_txt": "x"})
    check = "--check=! { [ -e b.txt ] && [ -e d.txt ]; }"
    ran = queue(repository, "queue.run", "--branch=a,b,c,d,e", check, "--parallel=1", code=1)
    assert states(ran) == {"a": "landed", "b": "landed", "c": "landed", "d": "evicted", "e": "landed"}
    assert str(row(ran, "d")["reason"]).startswith("it fails together with b: ")


def test_a_branch_whose_files_the_log_names_is_tried_first(repository: Repository) -> None:
    for number in range(8):
        branch(repository, f"b{number}", **{f"module{number}_py": "x"})
    check = "--check=[ ! -e module5.py ] || { echo 'module5.py:1: SyntaxError'; exit 1; }"
    ran = queue(repository, "queue.run", "--pattern=b*", check, "--parallel=1", code=1)
    assert states(ran)["b5"] == "evicted" and ran.json()["check_runs"] == 3


def test_a_conflict_is_told_in_words_and_documents_merge_by_meaning(repository: Repository) -> None:
    repository.write("docs/ACTIVE_SESSIONS.md", "# Sessions\n\n## Log\n\n- started\n")
    repository.commit("Log")
    repository.push()
    for name in "abc":
        repository.git("checkout", "--quiet", "-b", name, "main")
        repository.write("docs/ACTIVE_SESSIONS.md", f"# Sessions\n\n## Log\n\n- started\n- {name} done\n")
        repository.commit(name, **({"README_md": f"{name}\n"} if name != "c" else {}))
    repository.git("checkout", "--quiet", "main")
    ran = queue(repository, "queue.run", "--branch=a,b,c", code=1)
    assert states(ran) == {"a": "landed", "b": "conflict", "c": "landed"}
    assert "conflict with origin/main in README.md" in str(row(ran, "b")["reason"])
    log = main_files(repository)["docs/ACTIVE_SESSIONS.md"]
    assert [line for line in log.splitlines() if line.endswith("done")] == ["- a done", "- c done"]


def test_a_merge_driver_of_the_user_is_respected_whatever_is_checked_out(repository: Repository) -> None:
    before = repository.head()
    repository.write(".gitattributes", "*.gen merge=ours-and-theirs\n")
    repository.commit("Attributes", a_gen="base\n")
    repository.push()
    repository.git("config", "merge.ours-and-theirs.driver", "cat %B >>%A")
    for name in ("one", "two"):
        branch(repository, name, a_gen=f"{name}\n")
    repository.git("checkout", "--quiet", "--detach", before)
    assert set(states(queue(repository, "queue.run", "--branch=one,two", code=0)).values()) == {"landed"}
    assert main_files(repository)["a.gen"].split() == ["one", "two"]


def test_a_flaky_check_is_said_to_be_flaky_and_counted(repository: Repository) -> None:
    branch(repository, "one", one_txt="x")
    once = f"--check=[ -e {repository.path}/../once ] || {{ touch {repository.path}/../once; false; }}"
    ran = queue(repository, "queue.run", "--branch=one", once, code=0)
    assert states(ran) == {"one": "flaky"} and ran.json()["flaky_checks"] == 1
    assert "flaky" in str(row(ran, "one")["reason"]) and row(ran, "one")["landed_sha"]


def test_a_push_of_somebody_else_is_merged_onto_and_checked_with(repository: Repository) -> None:
    other = repository.another_clone("other")
    branch(repository, "one", one_txt="x")
    push = (
        f"--check=ls one.txt; cd {other.path}; [ -e others.txt ] || {{ git pull -q; echo x >others.txt; "
        "git add .; git commit -qm other; git push -q; }"
    )
    ran = queue(repository, "queue.run", "--branch=one", push, code=0)
    assert ran.json()["check_runs"] == 2
    assert landed_subjects(repository) == ["First", "other", "Merge one"]


def with_server_hook(repository: Repository, script: str) -> Path:
    hook = repository.remote / "hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\nread old new ref\n{script}\n")
    hook.chmod(0o755)
    return hook


def test_what_the_server_refuses_for_itself_is_evicted_and_the_rest_lands(repository: Repository) -> None:
    for name in ("a", "huge", "c"):
        branch(repository, name, **{f"{name}_txt": "x"})
    with_server_hook(
        repository, "! git ls-tree --name-only $new | grep huge && exit; echo blocked: too large; exit 1"
    )
    ran = queue(repository, "queue.run", "--branch=huge,a,c", CHECK, code=1)
    assert states(ran) == {"a": "landed", "huge": "evicted", "c": "landed"}
    assert "refused the merge: " in str(row(ran, "huge")["reason"])
    assert "blocked: too large" in str(row(ran, "huge")["reason"])
    alone = queue(repository, "queue.run", "--branch=huge", CHECK, code=1)
    assert states(alone)["huge"] == "evicted"


def test_a_server_that_refuses_everything_stops_the_queue_and_evicts_nothing(repository: Repository) -> None:
    for name in ("a", "b", "c"):
        branch(repository, name, **{f"{name}_txt": "x"})
    hook = with_server_hook(repository, "echo main is protected; exit 1")
    ran = queue(repository, "queue.run", "--branch=a,b,c", CHECK, code=1)
    assert states(ran) == dict.fromkeys("abc", "queued")
    assert "origin refused all 3 branches" in ran.json()["message"]
    assert "main is protected" in ran.json()["message"]
    hook.unlink()
    assert set(states(queue(repository, "queue.run", CHECK, code=0)).values()) == {"landed"}


def test_a_server_that_lets_nobody_push_stops_the_queue_at_once(repository: Repository) -> None:
    for name in ("a", "b"):
        branch(repository, name, **{f"{name}_txt": "x"})
    repository.git("config", "remote.origin.pushurl", str(repository.path / "nowhere"))
    ran = queue(repository, "queue.run", "--branch=a,b", CHECK, code=1)
    assert states(ran) == {"a": "queued", "b": "queued"} and ran.json()["check_runs"] == 1
    assert "pushing to origin/main: git says: " in ran.json()["message"]


@pytest.mark.parametrize("seconds", [0.5, 1.2])
def test_kill_9_and_a_new_run_lead_to_the_same_main(repository: Repository, seconds: float) -> None:
    names = ["a", "bad", "c", "d"]
    for name in names:
        branch(repository, name, **{f"{name}_txt": "x"})
    queue(repository, "queue.add", f"--branch={','.join(names)}", code=0)
    words = [*AFTERPUSH, "queue.run", "--check=sleep 0.3; ! ls bad.*", "--json"]
    process = subprocess.Popen(
        words, cwd=repository.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()
    tag = f"{(repository.path / '.git/afterpush/swarm').resolve()}:"
    wait_until(lambda: alive(tag) == [], "nothing of ours is alive")
    ran = queue(repository, "queue.run", "--check=sleep 0.3; ! ls bad.*", code=1)
    assert states(ran) == {"a": "landed", "bad": "evicted", "c": "landed", "d": "landed"}
    assert landed_subjects(repository) == ["First", "Merge a", "Merge c", "Merge d"]
    assert not list(Path(repository.path.parent).glob("app-swarm/.check-*"))


def test_one_runner_at_a_time_takes_up_what_is_added_and_can_be_interrupted(repository: Repository) -> None:
    branch(repository, "one", one_txt="x")
    branch(repository, "two", two_txt="x")
    gate = repository.path.parent / "gate"
    words = [*AFTERPUSH, "queue.run", "--branch=one", f"--check=touch {gate}.up; sleep 300", "--json"]
    process = subprocess.Popen(
        words, cwd=repository.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(Path(f"{gate}.up").exists, "the check runs")
    assert states(queue(repository, "queue.status", code=0)) == {"one": "checking"}
    second = queue(repository, "queue.run", "--branch=two", CHECK, code=7)
    assert "another" in second.json()["error"]
    assert states(queue(repository, "queue.remove", "--branch=two", code=0))["two"] == "removed"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    assert process.returncode == 130
    left = queue(repository, "queue.status", code=0)
    assert states(left) == {"one": "queued", "two": "removed"} and not left.json()["running"]


def test_landed_commits_are_followed_and_a_failed_deployment_holds_the_queue(repository: Repository) -> None:
    with deployed(repository) as site:
        for name in ("one", "two"):
            branch(repository, name, **{f"{name}_txt": "x"})
        ran = site.run("queue.run", "--branch=one", "--json")
        assert ran.code == 0, ran.err
        sha = str(row(ran, "one")["landed_sha"])
        site.platform.push(sha, plan=replace(QUICK, appears_after_seconds=0.05))
        assert site.run("deploy.status", f"--sha={sha}", "--wait", "--json").json()["verdict"] == "live"
        assert row(site.run("queue.status", "--json"), "one")["verdict"] == "live"
        assert ", live " in site.run("queue.status").out
        # The deployment is judged anew, say after a rollback.
        path = repository.path / f".git/afterpush/deployment-status-{sha[:7]}.result"
        path.write_text(path.read_text().replace('"verdict": "live"', '"verdict": "failed"'))
        held = site.run("queue.run", "--branch=two", "--hold-on-failure", "--json")
        assert held.code == 1 and states(held)["two"] == "queued"
        assert "is not live (failed)" in held.json()["message"]
        assert site.run("queue.run", "--branch=two", "--json").code == 0


def test_a_dry_run_changes_nothing(repository: Repository) -> None:
    branch(repository, "one", one_txt="x")
    for task in ("queue.add", "queue.run"):
        answer = queue(repository, task, "--branch=one", "--dry-run", code=0)
        assert states(answer) == {"one": "queued"} and answer.json()["dry_run"]
    assert queue(repository, "queue.status", code=0).json()["branches"] == []
    assert landed_subjects(repository) == ["First"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["queue.add"], "--pattern"),
        (["queue.add", "--branch=onee"], "did you mean one?"),
        (["queue.add", "--branch=main"], "what branches land on"),
        (["queue.add", "--pattern=nobody/*"], "nobody/*"),
        (["queue.add", "--author=nobody"], "nobody"),
        (["queue.remove", "--pattern=nobody/*"], "no branch of the queue matches"),
        (["queue.add", "--branch=one", "--priority=soon"], "--priority"),
        (["queue.run", "--parallel=0"], "--parallel"),
        (["queue.remove", "--branch=one"], "not in the queue"),
        (["queue.run", "--branch=one", "--hold-on-failure"], "DIGITALOCEAN_TOKEN"),
    ],
)
def test_wrong_input_is_a_usage_error(repository: Repository, words: list[str], said: str) -> None:
    branch(repository, "one", one_txt="x")
    assert said in queue(repository, *words, code=2).json()["error"]
