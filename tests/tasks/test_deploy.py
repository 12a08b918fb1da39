"""`deploy.*` as a user runs it: real processes, a real repository, the platform behind HTTP in real time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from afterpush.deploy.monitor.background import start_monitor
from afterpush.deploy.monitor.reporters import Everybody
from afterpush.deploy.monitor.status import APPEAR_SECONDS, FOLLOW_SECONDS, follow
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.locks import is_locked
from afterpush.infra.processes.identity import identity_of
from afterpush.infra.state import state_folder
from afterpush.simulator import Plan
from afterpush.simulator.model import TOKEN
from afterpush.simulator.scenario import Stage, build_failure, canceled, stuck
from tests.support.cli import AFTERPUSH, afterpush
from tests.support.clock import FakeClock
from tests.support.deployed import FAST, IMPATIENT, QUICK, Site
from tests.support.processes import command_lines
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

KEYS = set(
    "sha verdict source app deployment_id phase superseded_by cause reason message started_at finished_at "
    "elapsed_seconds requests log_path".split()
)


@pytest.mark.parametrize(
    ("plan", "verdict", "code"),
    [
        (QUICK, "live", 0),
        (build_failure(0.2), "failed", 1),
        (canceled(0.2), "canceled", 3),
        (None, "none", 5),
    ],
)
def test_every_verdict_has_its_exit_code_and_one_document(
    site: Site, plan: Plan | None, verdict: str, code: int
) -> None:
    site.repository.write("config/afterpush.yaml", FAST if plan else IMPATIENT)
    sha = site.commit(plan)
    answer = site.run("deploy.monitor", "--json")
    document = answer.json()
    assert (answer.code, document["verdict"], document["sha"]) == (code, verdict, sha)
    assert document.keys() >= KEYS
    asked = [request.path for request in site.platform.requests if request.path.startswith("/v2/")]
    assert document["requests"] == len(asked), asked
    assert document["started_at"].endswith("Z") and document["finished_at"] >= document["started_at"]
    assert document["app"] == site.served.app_id and Path(document["log_path"]).exists()
    if verdict == "failed":
        assert document["reason"].keys() == {"code", "message", "component", "step"}
        assert document["reason"]["code"] == "BuildJobExitNonZero"
        assert document["cause"].startswith(f"commit {sha[:7]} pushed")
    status = site.run("deploy.status", "--json")
    assert status.code == code and status.json()["verdict"] == verdict
    assert {key: status.json()[key] for key in KEYS} == {key: document[key] for key in KEYS}


def test_timeout_is_four_and_says_how_to_go_on(site: Site) -> None:
    site.commit(stuck())
    # A machine on which nothing answers within the limit is given a longer one.
    answers = (site.run("deploy.monitor", f"--timeout={seconds}") for seconds in (0.5, 5, 50, 500))
    answer = next(answer for answer in answers if answer.code != 6)
    assert answer.code == 4 and "TIMEOUT" in answer.out and "deploy.monitor --sha=" in answer.err


def test_unreachable_is_six(site: Site) -> None:
    site.repository.write("config/afterpush.yaml", IMPATIENT)
    site.commit()
    answer = site.run("deploy.monitor", "--json", DIGITALOCEAN_API_URL="http://127.0.0.1:9")
    assert answer.code == 6 and answer.json()["verdict"] == "unreachable"


def test_superseded_is_three_and_names_the_commit(site: Site) -> None:
    first = site.commit(stuck())
    pid = site.start(first)
    wait_until(lambda: (site.paper(first) or {}).get("phase"))
    second = site.commit(stuck())
    answer = site.run("deploy.status", f"--sha={first}", "--wait", "--json")
    assert answer.code == 3 and answer.json()["superseded_by"] == second
    assert answer.json()["verdict"] == "superseded"
    wait_until(lambda: identity_of(pid) is None, "its monitor ends")


def test_in_a_pipe_there_is_one_line_for_each_change(site: Site) -> None:
    answer = site.watch_held(site.commit(stuck()))
    lines = answer.out.splitlines()
    assert "LIVE: " in lines[-1] and "is live" in lines[-1]
    assert len(lines) == len(set(lines)) and any("BUILDING" in line for line in lines)
    assert "\x1b" not in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sha=0000000000"], "knows no commit '0000000000'"),
        (["--sha="], "--sha is empty"),
        (["--timeout=soon"], "--timeout=soon"),
        (["--timeout=-1"], "--timeout=-1"),
        (["--bogus"], "--bogus"),
    ],
)
def test_wrong_input_is_one_line_and_two(site: Site, words: list[str], said: str) -> None:
    answer = site.run("deploy.monitor", *words)
    assert answer.code == 2 and said in answer.err and "Traceback" not in answer.err
    assert len(answer.err.strip().splitlines()) == 1 and answer.out == ""


def test_an_error_with_json_is_a_document_too(site: Site) -> None:
    answer = site.run("deploy.monitor", "--sha=zzz", "--json")
    assert answer.json()["exit_code"] == answer.code == 2


def test_no_credentials_at_all_names_the_variables(repository: Repository) -> None:
    answer = afterpush("deploy.monitor", cwd=repository.path)
    assert answer.code == 2
    assert all(name in answer.err for name in ("DIGITALOCEAN_TOKEN", "DB_HOST", "HEALTH_URL", "app:read"))


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    answer = afterpush("deploy.status", cwd=tmp_path)
    assert answer.code == 2 and "no git work tree" in answer.err and "AFTERPUSH_REPO" in answer.err


def test_the_repository_may_be_named_from_elsewhere(site: Site, tmp_path: Path) -> None:
    site.commit()
    variables = site.variables | {"AFTERPUSH_REPO": str(site.repository.path)}
    assert afterpush("deploy.monitor", cwd=tmp_path, env=variables).code == 0


def test_a_bad_configuration_names_file_key_and_cure(site: Site) -> None:
    site.repository.write("config/afterpush.yaml", "deploy: {timout_seconds: 3}\n")
    answer = site.run("deploy.monitor")
    assert answer.code == 2 and "did you mean deploy.timeout_seconds?" in answer.err


def test_a_background_monitor_reports_runs_and_finishes(site: Site) -> None:
    sha = site.commit(stuck())
    pid = site.start(sha)
    site.until(sha, "BUILDING")
    assert site.paper(sha)["pid"] == pid
    running = site.run("deploy.status", "--json")
    assert (running.code, running.json()["verdict"]) == (7, "running")
    assert running.json()["deployment_id"] and running.json()["cause"].startswith("commit ")
    listed = site.run("deploy.monitors", "--json").json()
    assert listed[0]["sha"] == sha and listed[0]["pid"] == pid and listed[0]["state"] == "running"
    site.go_on(sha)
    site.until(sha, "DEPLOYING")
    site.go_on(sha)
    assert site.run("deploy.status", "--wait", "--json").json()["verdict"] == "live"
    wait_until(lambda: site.paper(sha) is None)
    assert site.run("deploy.monitors", "--json").json()[0]["state"] == "finished"
    history = site.run("deploy.history", "--json").json()
    assert history[0]["sha"] == sha and {"BUILDING", "DEPLOYING"} <= history[0]["phases"].keys()


def test_the_state_is_private(site: Site) -> None:
    site.commit()
    assert site.run("deploy.monitor").code == 0
    assert site.state.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in site.state.iterdir()} == {0o600}


def test_a_second_background_start_names_the_first(site: Site) -> None:
    sha = site.commit(stuck())
    pid = site.start(sha)
    again = site.run("deploy.monitor", "--background", "--json")
    assert again.code == 0 and again.json()["already_running"] is True and again.json()["pid"] == pid


def test_ten_starts_at_once_make_one_monitor(site: Site) -> None:
    sha = site.commit(stuck())
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: site.run("deploy.monitor", "--background", "--json"), range(10)))
    assert [answer.code for answer in answers] == [0] * 10, answers
    pattern = f"afterpush.deploy --repo={site.repository.path} --sha={sha}"
    wait_until(
        lambda: len(running_with(pattern)) == 1, say=lambda: f"{running_with(pattern)} {site.told(sha)}"
    )
    assert running_with(pattern) == [site.paper(sha)["pid"]]


def running_with(text: str) -> list[int]:
    return [pid for pid, command in command_lines().items() if text in command and "-P -m" in command]


def test_every_wait_for_another_monitor_ends_when_it_is_told_to(site: Site) -> None:
    sha = site.commit(stuck())
    pid = site.start(sha)
    site.until(sha, "BUILDING")
    for words in (("deploy.monitor", "--timeout=0.5"), ("deploy.status", "--wait", "--timeout=0.5")):
        answer = site.run(*words, "--json")
        assert answer.code == 7, answer.err
        document = answer.json()
        assert (document["verdict"], document["phase"]) == ("running", "BUILDING")
        assert document["app_name"] == "shop" and document["deployment_id"] in document["url"]
        assert "BUILDING after" in answer.err, "what the first sees"
    assert site.paper(sha)["pid"] == pid, "it goes on"
    assert site.run("deploy.status", "--timeout=1").code == 2


def test_without_any_source_nothing_has_crashed(site: Site) -> None:
    sha = site.commit()
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_API_URL", "AFTERPUSH_APP"):
        del site.variables[name]
    for words in (("deploy.monitor", "--background"), ("deploy.status", "--wait"), ("deploy.status",)):
        answer = site.run(*words)
        assert answer.code == 2 and "DIGITALOCEAN_TOKEN" in answer.err and "app:read" in answer.err
    assert site.run("deploy.monitors", "--json").json() == []
    assert sha


def test_what_was_superseded_is_live_once_the_commit_that_contains_it_is(site: Site) -> None:
    first = site.commit(stuck())
    site.start(first)
    site.until(first, "BUILDING")
    second = site.commit(stuck())
    waited = site.run("deploy.status", f"--sha={first}", "--wait", "--json")
    assert (waited.code, waited.json()["verdict"]) == (3, "superseded"), waited.out
    assert waited.json()["superseded_by"] == second
    third = site.commit(QUICK)
    assert site.run("deploy.monitor", f"--sha={third}").code == 0
    again = site.run("deploy.status", f"--sha={first}", "--json")
    assert (again.code, again.json()["verdict"], again.json()["contained_in"]) == (0, "live", third)
    assert again.json()["production"]["sha"] == third


def test_a_second_foreground_monitor_follows_the_first(site: Site) -> None:
    sha = site.commit(stuck())
    site.start(sha)
    child = subprocess.Popen(
        [*AFTERPUSH, "deploy.monitor", "--json"],
        cwd=site.repository.path, env=dict(os.environ) | site.variables,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with child:
        assert child.stdout and child.stderr
        assert any(f"another monitor watches {sha[:7]}" in line for line in child.stderr)
        site.go_on(sha)
        site.go_on(sha)
        document = json.loads(child.stdout.read())
    assert child.returncode == 0 and document["already_running"] is True
    assert document["verdict"] == "live"


def test_killed_is_crashed_and_a_new_start_heals(site: Site) -> None:
    sha = site.commit(stuck())
    pid = site.start(sha)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: site.run("deploy.status", "--json").json()["verdict"] == "crashed")
    crashed = site.run("deploy.status")
    assert crashed.code == 8 and f"pid {pid}" in crashed.out
    assert site.run("deploy.monitors", "--json").json()[0]["state"] == "crashed"
    assert site.run("deploy.stop").code == 0
    fresh = site.start(sha)
    assert fresh != pid and site.run("deploy.status").code == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_stopped_and_130(site: Site, number: signal.Signals) -> None:
    sha = site.commit(stuck())
    os.kill(site.start(sha), number)
    wait_until(lambda: site.paper(sha) is None)
    status = site.run("deploy.status", "--json")
    assert (status.code, status.json()["verdict"]) == (130, "stopped") and number.name in status.json()[
        "message"
    ]


def test_stop_ends_one_or_all_and_exits_with_zero(site: Site) -> None:
    first, second = site.commit(stuck()), ""
    pids = [site.start(first)]
    second = site.commit(None)
    pids.append(site.start(second))
    dry = site.run("deploy.stop", "--all", "--dry-run", "--json")
    assert [entry["stopped"] for entry in dry.json()] == [False, False] and "would be" in str(dry.json())
    one = site.run("deploy.stop", f"--sha={first[:7]}", "--json")
    assert one.code == 0 and one.json() == [{"sha": first, "pid": pids[0], "stopped": True, "reason": None}]
    rest = site.run("deploy.stop", "--all", "--json")
    assert rest.code == 0 and [entry["sha"] for entry in rest.json()] == [second]
    assert site.run("deploy.stop", "--all", "--json").json() == []


def test_stop_never_signals_a_stranger_with_the_same_pid(site: Site) -> None:
    sha = site.commit(stuck())
    pid = site.start(sha)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    path = site.state / f"deployment-monitor-{sha[:7]}.pid"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": stranger.pid}))
    answer = site.run("deploy.stop", "--json")
    assert answer.json()[0]["stopped"] is False
    assert stranger.poll() is None and identity_of(pid)
    stranger.kill()
    stranger.wait()
    os.kill(pid, signal.SIGKILL)


def test_ctrl_c_in_the_foreground_leaves_cleanly(site: Site) -> None:
    sha = site.commit(stuck())
    child = subprocess.Popen(
        [*AFTERPUSH, "deploy.monitor"],
        cwd=site.repository.path, env=dict(os.environ) | site.variables,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: site.paper(sha))
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=300)
    assert child.returncode == 130 and "STOPPED" in out and "deploy.monitor --sha=" in err
    assert "Traceback" not in err and site.run("deploy.status").code == 130


def test_never_watched_is_none_and_five(site: Site) -> None:
    site.commit(None)
    status = site.run("deploy.status", "--json")
    assert (status.code, status.json()["verdict"]) == (5, "none")


def test_waiting_right_after_a_push_meets_the_monitor_that_is_only_starting(site: Site) -> None:
    sha = site.commit()
    clock, folder = FakeClock(), state_folder(site.repository.path)

    def wait() -> tuple[str, int]:
        found = follow(folder, sha, clock, Everybody([]), appear_seconds=APPEAR_SECONDS)
        return found.verdict, len(clock.slept)

    assert wait() == ("none", APPEAR_SECONDS / FOLLOW_SECONDS)

    def the_monitor_starts_and_ends(now: float) -> None:
        site.start(sha)
        wait_until(lambda: site.paper(sha) is None)

    clock.slept.clear()
    clock.on_sleep = the_monitor_starts_and_ends
    assert wait() == ("live", 1)


@pytest.mark.parametrize("content", ["", "[]", '{"sha": 3, "pid": "x"}', "\0" * 9])
def test_corrupt_state_files_are_told_and_healed_by_a_new_watch(site: Site, content: str) -> None:
    sha = site.commit()
    site.state.mkdir(exist_ok=True)
    for name in (f"deployment-status-{sha[:7]}.result", f"deployment-monitor-{sha[:7]}.pid"):
        (site.state / name).write_text(content)
    status = site.run("deploy.status")
    assert status.code == 2 and "watch" in status.err and "Traceback" not in status.err
    assert site.run("deploy.monitors").code == 0
    assert site.run("deploy.monitor").code == 0 and site.run("deploy.status").code == 0


def test_another_commit_with_the_same_seven_digits_is_not_mistaken(site: Site) -> None:
    sha = site.commit()
    assert site.run("deploy.monitor").code == 0
    path = site.state / f"deployment-status-{sha[:7]}.result"
    path.write_text(path.read_text().replace(sha, sha[:7] + "f" * 33))
    (site.state / f"deployment-status-{sha[:7]}.log").unlink()
    assert site.run("deploy.status").code == 5


def test_an_unwritable_state_folder_costs_the_record_and_not_the_verdict(site: Site) -> None:
    site.commit()
    site.state.write_text("a file where the folder should be")
    answer = site.run("deploy.monitor", "--json")
    assert answer.code == 0 and answer.json()["verdict"] == "live" and answer.json()["log_path"] is None
    assert answer.err.count("cannot keep state") == 1
    background = site.run("deploy.monitor", "--background")
    assert background.code == 2 and "cannot make the folder" in background.err


def test_a_full_disk_costs_the_record_and_not_the_verdict(site: Site) -> None:
    sha = site.commit()
    site.state.mkdir(exist_ok=True)
    (site.state / f"deployment-status-{sha[:7]}.log").symlink_to("/dev/full")
    answer = site.run("deploy.monitor", "--json")
    assert answer.code == 0 and answer.json()["verdict"] == "live"
    assert "No space left on device" in answer.err and "Traceback" not in answer.err


def test_the_state_may_lie_hidden_in_the_root_as_the_plan_has_it(site: Site) -> None:
    site.repository.write("config/afterpush.yaml", FAST.replace("deploy:", "deploy:\n  state_dir: ."))
    sha = site.commit()
    mode = site.repository.path.stat().st_mode
    assert site.run("deploy.monitor").code == 0
    assert (site.repository.path / f".deployment-status-{sha[:7]}.result").exists()
    assert site.repository.path.stat().st_mode == mode
    assert site.run("deploy.cleanup", "--days=0", "--json").json()["removed"] == 3


def test_worktrees_share_the_state(site: Site) -> None:
    sha = site.commit()
    other = site.repository.path.parent / "linked"
    site.repository.git("worktree", "add", "-q", "--detach", str(other))
    assert afterpush("deploy.monitor", cwd=other, env=site.variables).code == 0
    assert site.run("deploy.status", f"--sha={sha}").code == 0


def test_live_but_not_ready_is_said_and_no_success_when_strict(site: Site) -> None:
    from tests.support.app_server import FakeApp, serve_app

    site.repository.write("config/afterpush.yaml", FAST + "health: {ready_seconds: 0.3}\n")
    with serve_app(FakeApp(health="unhealthy", status=503)) as url:
        site.commit()
        loose = site.run("deploy.monitor", "--json", HEALTH_URL=f"{url}/health")
        strict = site.run("deploy.monitor", "--strict", HEALTH_URL=f"{url}/health")
    assert loose.code == 0 and loose.json()["ready"] is False and "NOT ready" in loose.json()["message"]
    assert strict.code == 1


def test_logs_come_from_the_platform(site: Site) -> None:
    site.commit(build_failure(0.1))
    assert site.run("deploy.monitor").code == 1
    answer = site.run("deploy.logs")
    assert answer.code == 0 and "ERR_PNPM_OUTDATED_LOCKFILE" in answer.out
    assert site.run("deploy.logs", "--type=nonesuch").code == 2


def test_no_home_and_another_locale_change_nothing(site: Site) -> None:
    site.commit()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CONFIG_HOME")
    }
    done = subprocess.run(
        [*AFTERPUSH, "deploy.monitor"],
        cwd=site.repository.path, env=environment | site.variables | {"LC_ALL": "POSIX", "LANG": "tr_TR"},
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


SECRETS = {
    "DIGITALOCEAN_TOKEN": TOKEN,
    "DB_PASS": "swordfish-Pa55 word",
    "SLACK_WEBHOOK_URL": "https://x/secret-path",
}


@pytest.mark.parametrize("in_dotenv", [False, True])
def test_no_secret_is_in_any_output_file_or_process_list(site: Site, in_dotenv: bool) -> None:
    variables = dict(SECRETS) | {"DB_HOST": "127.0.0.1", "DB_PORT": "9"}
    if in_dotenv:
        everything = site.variables | variables  # A secret and where it goes come from one place.
        site.repository.write(".env", "".join(f"{name}='{value}'\n" for name, value in everything.items()))
        site.repository.write(".git/info/exclude", ".env\n")
        site.variables = {}
    else:
        site.variables |= variables
    sha = site.commit(Plan(stages=(Stage("BUILDING", 60),), logs={"BUILD": (f"token {TOKEN}",)}))
    pid = site.start(sha)
    wait_until(lambda: (site.paper(sha) or {}).get("phase"))
    seen = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    answers = [site.run("deploy.monitors", "--json"), site.run("deploy.stop"), site.run("deploy.history")]
    answers.append(site.run("deploy.monitor", "--timeout=1", "--json"))
    answers.append(site.run("deploy.monitor", "--timeout=1", DIGITALOCEAN_TOKEN="wrong-" + TOKEN))
    seen += "".join(answer.out + answer.err for answer in answers)
    seen += "".join(path.read_bytes().decode(errors="replace") for path in site.state.iterdir())
    for secret in SECRETS.values():
        assert secret not in seen


# What a monitor has done when it is killed (nothing, taken the lock, noted itself, looked), and its verdict:
# before the pid file it leaves no trace that it ever watched.
MOMENTS: dict[str, tuple[Callable[[Site, str, int], object], str]] = {
    "at its start": (lambda site, sha, pid: ") T " in Path(f"/proc/{pid}/stat").read_text(), "none"),
    "with the lock": (lambda site, sha, pid: is_locked(state_folder(site.repository.path).lock(sha)), "none"),
    "with a pid file": (lambda site, sha, pid: site.paper(sha), "crashed"),
    "after a look": (lambda site, sha, pid: (site.paper(sha) or {}).get("phase"), "crashed"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_nothing_is_stuck(site: Site, moment: str, tmp_path: Path) -> None:
    sha = site.commit(stuck())
    variables = dict(os.environ) | site.variables
    log = site.state / f"deployment-status-{sha[:7]}.log"
    if moment == "at its start":  # The first git that it runs stops it.
        git = tmp_path / "stopping" / "git"
        git.parent.mkdir()
        git.write_text("#!/bin/sh\nkill -STOP $PPID\n")
        git.chmod(0o755)
        variables["PATH"] = f"{git.parent}:{variables['PATH']}"
    if moment == "with the lock":  # Its first note waits for somebody who reads the log.
        site.state.mkdir(mode=0o700, exist_ok=True)
        os.mkfifo(log)
    words = [sys.executable, "-P", "-m", "afterpush.deploy", f"--repo={site.repository.path}", f"--sha={sha}"]
    child = subprocess.Popen(words, env=variables, stdout=-3, stderr=-3)
    is_there, verdict = MOMENTS[moment]
    wait_until(lambda: is_there(site, sha, child.pid), moment)
    child.kill()
    child.wait()
    if log.is_fifo():
        log.unlink()
    assert site.run("deploy.status", "--json").json()["verdict"] == verdict
    pid = site.start(sha)
    assert site.run("deploy.status").code == 7
    assert site.run("deploy.stop", "--json").json() == [
        {"sha": sha, "pid": pid, "stopped": True, "reason": None}
    ]


class Patient(SystemClock):
    """Waits for a monitor's first look however busy the machine is."""

    def monotonic(self) -> float:
        return 0.0


def test_a_wrong_app_is_told_by_the_background_monitor_at_its_start(site: Site) -> None:
    sha, folder = site.commit(QUICK), state_folder(site.repository.path)
    environment = dict(os.environ) | site.variables | {"AFTERPUSH_APP": "nonesuch"}
    with pytest.raises(AfterpushError, match="no app has the id or name 'nonesuch'") as refused:
        start_monitor(site.repository.path, folder, sha, environment, Patient())
    assert refused.value.exit_code == 2


def test_a_log_that_cannot_be_written_is_one_line_in_the_background(site: Site) -> None:
    sha = site.commit(QUICK)
    (site.state / f"deployment-status-{sha[:7]}.log").mkdir(parents=True)
    answer = site.run("deploy.monitor", "--background", "--json")
    assert answer.code == 2 and "cannot write the log" in answer.json()["error"]
    assert "Traceback" not in answer.err


def test_a_full_disk_costs_the_background_monitor_its_log_and_not_its_verdict(site: Site) -> None:
    sha = site.commit(QUICK)
    # So that there is something to tell.
    (site.state / f"deployment-status-{sha[:7]}.result").mkdir(parents=True)
    words = [sys.executable, "-P", "-m", "afterpush.deploy", f"--repo={site.repository.path}", f"--sha={sha}"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            words, env=dict(os.environ) | site.variables, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_history_that_cannot_be_read_does_not_hide_the_status(site: Site) -> None:
    site.commit(QUICK)
    assert site.run("deploy.monitor").code == 0
    (site.state / "history.db").unlink()
    (site.state / "history.db").mkdir()
    answer = site.run("deploy.status", "--json")
    assert (answer.code, answer.json()["verdict"]) == (0, "live")
    assert "reading the history" in answer.err
