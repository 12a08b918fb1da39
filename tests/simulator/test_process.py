"""The simulated platform as a process of its own: it tells its address and ends with its parent."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from afterpush.infra.http import Client
from afterpush.simulator.api.control import PUSH_PATH
from afterpush.simulator.hook import pushed_branches
from afterpush.simulator.model import TOKEN
from tests.support.platform import SHA
from tests.support.repositories import Repository

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def line_of(process: "subprocess.Popen[bytes]", timeout_seconds: float = 30) -> str:
    """The next line on the process's unbuffered stdout."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], timeout_seconds)
    assert ready, "it said nothing"
    return process.stdout.readline().decode().strip()


@contextmanager
def platform(*words: str, **options: object) -> Iterator["subprocess.Popen[bytes]"]:
    argv = [sys.executable, "-u", "-m", "afterpush.simulator", *words]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=0, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_push_announced_over_http_becomes_the_deployment_of_its_scenario() -> None:
    with platform("build-failure", "--speed=500", f"--live-sha={SHA}") as process:
        url, app_url = line_of(process), line_of(process)
        client = Client()
        health = json.loads(client.get(f"{app_url}/health").body)
        assert health == {"status": "healthy", "commit": SHA}
        body = json.dumps({"sha": "f" * 40, "branch": "main", "message": "m", "author": "Bob"}).encode()
        refused = client.request("POST", f"{url}{PUSH_PATH}", body=body)
        assert refused.status == 401
        told = client.request("POST", f"{url}{PUSH_PATH}", HEADERS, body)
        (deployment,) = json.loads(told.body)["deployments"]
        app_id = json.loads(client.get(f"{url}/v2/apps", HEADERS).body)["apps"][0]["id"]
        target = f"{url}/v2/apps/{app_id}/deployments/{deployment}"
        phase = ""
        while phase != "ERROR":
            answer = client.get(target, HEADERS)
            phase = json.loads(answer.body)["deployment"]["phase"] if answer.status == 200 else ""
        client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with platform() as process:
        assert line_of(process).startswith("http://127.0.0.1:")
        process.send_signal(number)
        assert process.wait(timeout=300) == 0


def test_it_ends_when_the_other_end_of_its_lifeline_closes() -> None:
    mine, theirs = os.pipe()
    with platform(f"--lifeline={mine}", pass_fds=(mine,)) as process:
        os.close(mine)
        assert line_of(process)
        assert process.poll() is None
        os.close(theirs)
        assert process.wait(timeout=300) == 0


def test_it_ends_when_its_parent_is_killed() -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'afterpush.simulator'], stdout=subprocess.PIPE)\n"
        "print(child.pid, child.stdout.readline().decode(), flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, bufsize=0)
    child = psutil.Process(int(line_of(parent).split()[0]))
    parent.kill()
    parent.wait()
    assert parent.stdout is not None
    parent.stdout.close()
    child.wait(timeout=300)


@pytest.mark.parametrize("words", [("no-such-scenario",), ("--speed=0",), ("--port=none",)])
def test_bad_arguments_are_a_usage_error(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "afterpush.simulator", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_push_to_a_bare_repository_with_the_hook_starts_a_deployment(repository: Repository) -> None:
    with platform("--speed=500") as process:
        url = line_of(process)
        hook = repository.remote / "hooks" / "post-receive"
        hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m afterpush.simulator.hook {url}\n")
        hook.chmod(0o755)
        sha = repository.commit("Say hello")
        done = subprocess.run(
            ["git", "push", "origin", "main"],
            cwd=repository.path,
            env=dict(os.environ) | {"DIGITALOCEAN_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "simulated platform" not in done.stderr
        client = Client()
        app_id = json.loads(client.get(f"{url}/v2/apps", HEADERS).body)["apps"][0]["id"]
        found: list[dict[str, object]] = []
        while not found:
            answer = client.get(f"{url}/v2/apps/{app_id}/deployments", HEADERS)
            found = json.loads(answer.body)["deployments"]
        client.close()
    assert found[0]["services"] == [{"name": "web", "source_commit_hash": sha}]
    details = found[0]["cause_details"]
    assert isinstance(details, dict)
    assert details["git_push"]["commit_message"] == "Say hello"
    assert details["git_push"]["commit_author"] == "Ada"


def test_the_hook_reports_only_branches_that_exist_afterwards() -> None:
    zero, one = "0" * 40, "1" * 40
    lines = [
        f"{zero} {one} refs/heads/main",
        f"{one} {zero} refs/heads/gone",
        f"{zero} {one} refs/tags/v1",
        "",
    ]
    assert pushed_branches(lines) == [(one, "main")]


def test_the_hook_never_fails_a_push_when_the_platform_is_gone(repository: Repository) -> None:
    hook = repository.remote / "hooks" / "post-receive"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m afterpush.simulator.hook http://127.0.0.1:9\n")
    hook.chmod(0o755)
    sha = repository.commit("Say hello")
    repository.push()
    assert repository.git("rev-parse", "origin/main") == sha
