"""From `git push` to a verdict: hooks, watcher and monitor are the real ones, the app's health is served."""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from afterpush.deploy.monitor.stopping import stop_all
from afterpush.infra.clock import SystemClock
from afterpush.infra.state import state_folder
from tests.support.cli import Answer, afterpush
from tests.support.health_server import HealthServer, Reply, health_server
from tests.support.processes import command_lines
from tests.support.pushing import Watched, install
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

CONFIG = (
    "deploy:\n  grace_seconds: 60\n  timeout_seconds: 120\n"
    "  poll: {discover_seconds: 0.1, building_seconds: 0.1, deploying_seconds: 0.1}\n"
    "health: {ready_seconds: 0}\n"
)


class App:
    """A repository with our hooks, and a running app that shows the commit that is live."""

    def __init__(self, repository: Repository, health: HealthServer, url: str) -> None:
        self.repository = repository
        self.watched = Watched(repository)
        self.health = health
        self.variables = {"HEALTH_URL": url}
        self.shows("0" * 40)

    def shows(self, sha: str) -> None:
        self.health.routes["/health"] = Reply(body=json.dumps({"commit": sha}).encode())

    def run(self, *words: str) -> Answer:
        return afterpush(*words, cwd=self.repository.path, env=self.variables)

    def result(self, sha: str) -> Any:
        path = self.repository.path / f".git/afterpush/deployment-status-{sha[:7]}.result"
        wait_until(path.exists, f"the monitor of {sha[:7]} ends")
        return json.loads(path.read_text())

    def monitors(self, sha: str) -> list[int]:
        """The pids of the processes that monitor this commit."""
        return [pid for pid, line in command_lines().items() if "afterpush.deploy" in line and sha in line]


@pytest.fixture
def app(repository: Repository) -> Iterator[App]:
    with health_server() as health:
        install(repository, "git")
        repository.write("config/afterpush.yaml", CONFIG)
        app = App(repository, health, f"{health.url}/health")
        yield app
        app.watched.settle()
        stop_all(state_folder(repository.path), SystemClock())


def test_a_push_is_watched_until_it_is_live_and_the_next_push_tells_so_once(app: App) -> None:
    sha = app.repository.commit()
    assert app.watched.push(env=app.variables).returncode == 0
    app.shows(sha)
    assert app.result(sha)["verdict"] == "live"
    app.repository.commit()
    said = app.watched.push(env=app.variables).stderr
    assert said.count("afterpush: the last push, ") == 1 and f"{sha[:7]}: live" in said
    app.repository.commit()
    assert "the last push" not in app.watched.push(env=app.variables).stderr


def test_a_commit_that_is_live_already_starts_no_monitor(app: App) -> None:
    sha = app.repository.head()
    app.shows(sha)
    answer = app.run("hooks.post-push", "--sha", sha, "--ref", "refs/heads/main", "--json")
    assert answer.code == 0
    assert (answer.json()["watched"], answer.json()["verdict"]) == (False, "live")
    assert app.monitors(sha) == []


def test_the_same_commit_pushed_twice_has_one_monitor(app: App) -> None:
    older = app.repository.head()
    sha = app.repository.commit()
    app.watched.push(env=app.variables)
    wait_until(lambda: len(app.monitors(sha)) == 1, "a monitor runs")
    first = app.monitors(sha)
    app.watched.push("--quiet", "--no-verify", "--force", "origin", f"{older}:main")
    app.watched.push(env=app.variables)
    assert "is watched already" in app.watched.log
    assert app.monitors(sha) == first


def test_ten_triggers_at_once_start_exactly_one_monitor(app: App) -> None:
    sha = app.repository.head()
    words = ["hooks.post-push", "--sha", sha, "--ref", "refs/heads/main", "--json"]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: app.run(*words), range(10)))
    assert [answer.code for answer in answers] == [0] * 10, answers
    wait_until(lambda: len(app.monitors(sha)) == 1, "the losers of the race end")
    (running,) = app.monitors(sha)
    paper = json.loads((app.repository.path / f".git/afterpush/deployment-monitor-{sha[:7]}.pid").read_text())
    assert paper["pid"] == running


def test_ten_pushes_of_one_sha_at_once_start_exactly_one_monitor(app: App) -> None:
    sha = app.repository.commit()
    pushes = [
        subprocess.Popen(
            ["git", "push", "--quiet", "origin", "main"],
            cwd=app.repository.path,
            env=dict(os.environ) | app.variables,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(10)
    ]
    codes = [push.wait(timeout=300) for push in pushes]
    assert 0 in codes  # The others find it up to date, or lose the race for the remote's lock.
    app.watched.settle()
    wait_until(lambda: len(app.monitors(sha)) == 1, "exactly one monitor runs")


def test_a_branch_that_is_not_deployed_is_not_watched(app: App) -> None:
    answer = app.run("hooks.post-push", "--ref", "refs/heads/topic")
    assert answer.code == 0 and answer.out == "not watched: deploy.branches is main, not topic\n"


def test_a_commit_that_git_does_not_know_is_a_usage_error(app: App) -> None:
    answer = app.run("hooks.post-push", "--sha", "deadbee")
    assert answer.code == 2 and "knows no commit 'deadbee'" in answer.err


def test_without_any_source_the_log_says_what_is_missing_and_the_next_push_says_so_once(
    app: App, tmp_path: Path
) -> None:
    sha = app.repository.commit()
    assert app.watched.push().returncode == 0
    assert "DIGITALOCEAN_TOKEN" in app.watched.log and "post-push ended with 2" in app.watched.log
    assert app.monitors(sha) == []
    told = []
    for _ in range(3):
        app.repository.commit()
        told.append("the last push was not watched: post-push ended with 2" in app.watched.push().stderr)
    assert told == [True, False, False]
