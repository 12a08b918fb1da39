"""`inv doappspec.healthcheck` as a user runs it, against real servers and the simulated platform."""

import copy
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterpush.deploy.monitor.history import History, HistoryRecord
from afterpush.simulator.specs import app_spec
from tests.appspec.specs import SOUND
from tests.support.cli import Answer, afterpush
from tests.support.clock import FakeClock
from tests.support.faults import FakePlatform
from tests.support.health_server import HealthServer, Reply, health_server, page
from tests.support.platform import READ_ONLY, Served, served
from tests.support.repositories import Repository

WRONG = """\
# The shop.
name: shop
services:
  - name: web            # the only one
    github: {repo: acme/shop, branch: main, deploy_on_push: true}
    http_port: 8080
    health_check:
      path: "/"          # a catch-all page
      # five guesses so far
      initial_delay_seconds: 60
      period_seconds: 10
      failure_threshold: 3

    envs:
      - {key: JWT_SECRET, value: "${vault.JWT}"}   # kept
      - {key: NODE_ENV, value: 'production'}
"""
RIGHT = """\
# The shop.
name: shop
services:
  - name: web            # the only one
    github: {repo: acme/shop, branch: main, deploy_on_push: true}
    http_port: 8080
    health_check:
      http_path: "/health/ready"          # a catch-all page
      # five guesses so far
      initial_delay_seconds: 50
      period_seconds: 10
      timeout_seconds: 3
      success_threshold: 1
      failure_threshold: 15

    envs:
      - {key: JWT_SECRET, value: "${vault.JWT}"}   # kept
      - {key: NODE_ENV, value: 'production'}
"""
READY = Reply(200, b'{"status":"ok","checks":{"database":{"status":"up"}}}')


@pytest.fixture
def app() -> Iterator[HealthServer]:
    """A single-page app with real health endpoints."""
    with health_server() as server:
        server.fallback = page()
        server.routes["/health/ready"] = READY
        server.routes["/health/live"] = Reply(200, b'{"status":"ok"}')
        yield server


@pytest.fixture
def shop(repository: Repository) -> Repository:
    repository.write(".do/app.yaml", WRONG)
    return repository


def healthcheck(repository: Repository, *words: str, env: dict[str, str] | None = None) -> Answer:
    return afterpush("doappspec.healthcheck", *words, cwd=repository.path, env=env)


def spec_of(repository: Repository) -> str:
    return (repository.path / ".do/app.yaml").read_bytes().decode()


def test_a_measurement_gives_the_contract_s_document(shop: Repository, app: HealthServer) -> None:
    answer = healthcheck(shop, f"--url={app.url}/health/ready", "--startup-seconds=100", "--json")
    assert answer.code == 0, answer.err
    document = answer.json()
    endpoint, check = document["endpoint"], document["recommended"]["health_check"]
    assert (endpoint["path"], endpoint["status"], endpoint["ready"]) == ("/health/ready", 200, True)
    assert 0 < endpoint["milliseconds"] <= endpoint["slowest_milliseconds"]
    assert document["budget_seconds"] == (
        check["initial_delay_seconds"] + check["period_seconds"] * check["failure_threshold"]
    )
    assert document["budget_seconds"] >= 200
    assert document["current"]["budget_seconds"] == 90
    assert document["changed"] is False
    assert set(document["reasons"]["health_check"]) == set(check)
    assert spec_of(shop) == WRONG


def test_write_changes_the_block_and_no_other_byte_and_the_second_run_changes_nothing(
    shop: Repository, app: HealthServer
) -> None:
    path = shop.path / ".do/app.yaml"
    path.chmod(0o640)
    words = (f"--url={app.url}/health/ready", "--startup-seconds=100", "--write", "--json")
    first = healthcheck(shop, *words)
    assert (first.code, first.json()["changed"]) == (0, True)
    assert spec_of(shop) == RIGHT
    assert path.stat().st_mode & 0o777 == 0o640
    before = path.stat()
    second = healthcheck(shop, *words)
    assert (second.code, second.json()["changed"], second.json()["diff"]) == (0, False, "")
    assert "nothing to change" in second.json()["note"]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_write_shows_the_diff_of_the_block_and_dry_run_writes_nothing(
    shop: Repository, app: HealthServer
) -> None:
    for flags in (("--dry-run",), ("--write", "--dry-run"), ("--write",)):
        answer = healthcheck(shop, f"--url={app.url}/health/ready", "--startup-seconds=100", *flags)
        assert answer.code == 0
        assert '-      path: "/"          # a catch-all page' in answer.out
        assert "+      failure_threshold: 15" in answer.out
        assert "JWT_SECRET" not in answer.out
        assert spec_of(shop) == (RIGHT if flags == ("--write",) else WRONG)


def test_line_ends_of_another_world_and_a_missing_last_one_are_kept(
    shop: Repository, app: HealthServer
) -> None:
    text = "\ufeffname: shop\r\nservices:\r\n- name: web\r\n  health_check:\r\n    port: 8080"
    shop.write(".do/app.yaml", text)
    assert healthcheck(shop, f"--url={app.url}/health/ready", "--startup-seconds=9", "--write").code == 0
    after = spec_of(shop)
    assert after.startswith(text.removesuffix("    port: 8080"))
    assert after.count("\n") == after.count("\r\n")
    assert not after.endswith("\n")


def test_a_catch_all_page_is_not_ready_and_the_right_endpoint_is_found(
    shop: Repository, app: HealthServer
) -> None:
    answer = healthcheck(shop, f"--url={app.url}", "--json")
    document = answer.json()
    assert answer.code == 1
    assert (document["endpoint"]["path"], document["endpoint"]["ready"]) == ("/", False)
    assert document["recommended"]["health_check"]["http_path"] == "/health/ready"
    assert document["recommended"]["liveness_health_check"]["http_path"] == "/health/live"
    assert any("catch-all" in text for text in document["warnings"])


def test_an_app_that_is_not_ready_exits_1_and_nothing_unproven_is_written(shop: Repository) -> None:
    with health_server({"/health": Reply(503, b'{"status":"unhealthy"}')}) as server:
        answer = healthcheck(shop, f"--url={server.url}/health", "--startup-seconds=9", "--write", "--json")
    assert answer.code == 1
    assert answer.json()["changed"] is False
    assert "not written" in answer.json()["note"]
    assert spec_of(shop) == WRONG


def test_degraded_is_ready_with_a_warning_on_stderr(shop: Repository) -> None:
    with health_server({"/health": Reply(200, b'{"status":"degraded"}')}) as server:
        answer = healthcheck(shop, f"--url={server.url}/health")
    assert answer.code == 0
    assert "degraded" in answer.err
    assert "degraded: it answered 200" in answer.out


def test_nobody_listening_exits_6_after_the_wait(shop: Repository) -> None:
    answer = healthcheck(shop, f"--url=http://127.0.0.1:{_free_port()}/health", "--wait=0.4", "--json")
    assert answer.code == 6
    assert answer.json()["exit_code"] == 6
    assert "nobody listened" in answer.json()["error"]


def test_a_start_is_followed_when_the_task_runs_beside_it(shop: Repository) -> None:
    port = _free_port()
    started: list[HealthServer] = []

    def start() -> None:
        server = HealthServer(port)
        server.routes["/health/ready"] = READY
        started.append(server)

    timer = threading.Timer(2.5, start)
    timer.start()
    try:
        answer = healthcheck(shop, f"--url=http://127.0.0.1:{port}/health/ready", "--wait=50", "--json")
    finally:
        timer.join()
        for server in started:
            server.close()
    assert answer.code == 0, answer.err
    assert answer.json()["startup_seconds"] is not None
    assert "waiting up to 50 s" in answer.err


def test_the_start_alone_is_enough_to_recommend_and_to_write(shop: Repository) -> None:
    answer = healthcheck(shop, "--startup-seconds=100", "--write", "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["endpoint"] is None
    assert "http_path" not in answer.json()["recommended"]["health_check"]
    assert answer.json()["changed"] is True
    assert "failure_threshold: 15" in spec_of(shop)
    assert 'path: "/"          # a catch-all page' in spec_of(shop)


def test_liveness_is_written_only_when_it_is_asked_for(shop: Repository, app: HealthServer) -> None:
    words = (f"--url={app.url}/health/ready", "--startup-seconds=100", "--write")
    assert healthcheck(shop, *words).code == 0
    assert "liveness_health_check" not in spec_of(shop)
    assert healthcheck(shop, *words, "--liveness").code == 0
    after = spec_of(shop)
    assert (
        "    liveness_health_check:\n      http_path: /health/live\n      initial_delay_seconds: 150\n"
        in after
    )
    assert healthcheck(shop, *words, "--liveness").code == 0
    assert spec_of(shop) == after


def test_several_services_need_a_component(shop: Repository, app: HealthServer) -> None:
    shop.write(".do/app.yaml", WRONG + "  - name: api\n    health_check: {http_path: /x}\n")
    url = f"--url={app.url}/health/ready"
    answer = healthcheck(shop, url)
    assert answer.code == 2
    assert "--component: web, api" in answer.err
    assert healthcheck(shop, url, "--component=nobody").code == 2
    assert healthcheck(shop, url, "--component=api", "--startup-seconds=100", "--write").code == 0
    assert spec_of(shop).startswith(WRONG)
    assert "{http_path: /health/ready, initial_delay_seconds: 50, " in spec_of(shop)


def test_the_history_of_deployments_bounds_the_start(shop: Repository, app: HealthServer) -> None:
    folder = Path(shop.git("rev-parse", "--absolute-git-dir")) / "afterpush"
    folder.mkdir()
    history = History(folder / "history.db")
    for seconds, verdict in ((70, "live"), (95, "live"), (900, "failed")):
        history.add(
            HistoryRecord("a" * 40, verdict, "", 1, 2, 3, phases={"BUILDING": 500, "DEPLOYING": seconds})
        )
    answer = healthcheck(shop, f"--url={app.url}/health/ready", "--json")
    assert answer.json()["startup_seconds"] == 95
    validated = afterpush("doappspec.validate", "--json", cwd=shop.path)
    assert validated.code == 0
    assert any("a start takes at most 1 m 35 s" in one["message"] for one in validated.json()["problems"])
    assert sqlite3.connect(folder / "history.db").execute("SELECT count(*) FROM deployments").fetchone() == (
        3,
    )


def test_usage_errors_exit_2_and_say_what_to_do(shop: Repository) -> None:
    for words, said in (
        ((), "pass --url"),
        (("--url=localhost:3000",), "--url"),
        (("--url=http://127.0.0.1:1/", "--wait=soon"), "--wait=soon"),
        (("--url=http://127.0.0.1:1/", "--tries=0"), "--tries=0"),
        (("--url=http://127.0.0.1:1/", "--spec=gone.yaml"), "there is no gone.yaml"),
        (("--url=https://127.0.0.1:1/", "--ca=gone.pem"), "gone.pem"),
        (("--startup-seconds=1", "--write", "--apply"), "--apply"),
        (("--startup-seconds=1", "--apply"), "DIGITALOCEAN_TOKEN"),
    ):
        answer = healthcheck(shop, *words)
        assert answer.code == 2, words
        assert said in answer.err
        assert "Traceback" not in answer.err


def test_a_url_can_be_measured_in_a_repository_without_a_spec(
    repository: Repository, app: HealthServer
) -> None:
    answer = healthcheck(repository, f"--url={app.url}/health/ready", "--json")
    assert answer.code == 0, answer.err
    assert (answer.json()["spec"], answer.json()["component"]) == (None, None)
    assert healthcheck(repository, f"--url={app.url}/health/ready", "--write").code == 2


@pytest.fixture
def live(app: HealthServer) -> Iterator[Served]:
    """The shop on the simulated platform, live at the app's address, behind the prefix /api."""
    spec = app_spec("shop", "acme/shop")
    spec["services"][0] |= {
        "envs": [{"key": "JWT_SECRET", "type": "SECRET", "value": "EV[1:abc:def]"}],
        "health_check": {"http_path": "/health/ready", "failure_threshold": 2},
    }
    platform = FakePlatform(FakeClock())
    platform.add_app(spec, live_sha="9" * 40).url = app.url
    with served(platform) as running:
        yield running


def test_without_a_url_the_live_app_is_measured_through_the_platform(
    shop: Repository, live: Served, app: HealthServer
) -> None:
    answer = healthcheck(shop, "--json", env={**live.variables, "AFTERPUSH_APP": "shop"})
    assert answer.code == 1, answer.err
    assert answer.json()["endpoint"]["url"] == f"{app.url}/"
    shop.write(".do/app.yaml", WRONG.replace('path: "/" ', "http_path: /health/ready"))
    answer = healthcheck(shop, "--json", env={**live.variables, "AFTERPUSH_APP": "shop"})
    assert answer.code == 0
    assert answer.json()["endpoint"]["url"] == f"{app.url}/health/ready"


def test_behind_a_prefix_the_component_s_own_path_is_recommended(
    shop: Repository, live: Served, app: HealthServer
) -> None:
    app.routes["/api/health/ready"] = READY
    shop.write(
        ".do/app.yaml",
        SOUND + "ingress:\n  rules:\n  - match: {path: {prefix: /api}}\n    component: {name: web}\n",
    )
    answer = healthcheck(shop, "--json", env={**live.variables, "AFTERPUSH_APP": "shop"})
    assert answer.code == 0, answer.err
    assert answer.json()["endpoint"]["path"] == "/health/ready"
    assert answer.json()["endpoint"]["url"] == f"{app.url}/api/health/ready"
    assert answer.json()["recommended"]["health_check"]["http_path"] == "/health/ready"


def test_apply_changes_only_the_live_health_check_and_never_sends_the_file(
    shop: Repository, live: Served
) -> None:
    env = {**live.variables, "AFTERPUSH_APP": "shop"}
    before = copy.deepcopy(live.platform.apps[live.app_id].spec)
    words = ("--apply", "--startup-seconds=100", "--json")
    dry = healthcheck(shop, *words, "--dry-run", env=env)
    assert (dry.code, dry.json()["changed"], dry.json()["would_change"]) == (0, False, True)
    unasked = healthcheck(shop, *words, env=env)
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert live.platform.apps[live.app_id].spec == before
    done = healthcheck(shop, *words, "--yes", env=env)
    assert (done.code, done.json()["changed"], done.json()["applied"]) == (0, True, True)
    assert "EV[" not in done.out + done.err
    after = copy.deepcopy(live.platform.apps[live.app_id].spec)
    check = after["services"][0].pop("health_check")
    assert check == {"http_path": "/health/ready"} | done.json()["recommended"]["health_check"]
    before["services"][0].pop("health_check")
    assert after == before
    assert spec_of(shop) == WRONG
    again = healthcheck(shop, *words, "--yes", env=env)
    assert (again.code, again.json()["changed"]) == (0, False)


def test_apply_with_a_token_that_only_reads_exits_6_and_names_the_scope(
    shop: Repository, live: Served
) -> None:
    live.platform.tokens["reader"] = READ_ONLY
    env = {**live.variables, "DIGITALOCEAN_TOKEN": "reader", "AFTERPUSH_APP": "shop"}
    answer = healthcheck(shop, "--apply", "--startup-seconds=100", "--yes", env=env)
    assert answer.code == 6
    assert "app:update" in answer.err


def test_validate_adds_the_platform_s_word(shop: Repository, live: Served) -> None:
    env = {**live.variables, "AFTERPUSH_APP": "shop"}
    shop.write(".do/app.yaml", SOUND.replace("name: shop\n", "name: shop\nx-team: [a]\n"))
    answer = afterpush("doappspec.validate", "--json", cwd=shop.path, env=env)
    assert answer.code == 1
    rejected = [one for one in answer.json()["problems"] if "the platform rejects" in one["message"]]
    assert len(rejected) == 1
    assert "x-team" in rejected[0]["message"]
    offline = afterpush(
        "doappspec.validate", "--json", cwd=shop.path, env={**env, "DIGITALOCEAN_TOKEN": "wrong"}
    )
    assert offline.code == 0
    assert "did not check the spec" in offline.err


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
