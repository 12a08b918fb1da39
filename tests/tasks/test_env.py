"""`env.check` as a user runs it: what it finds, what it says to do, and its exit code."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterpush.simulator.model import TOKEN
from afterpush.simulator.specs import app_spec
from tests.support.app_server import FakeApp, serve_app
from tests.support.cli import Answer, afterpush
from tests.support.database_servers import Server, fresh_database
from tests.support.faults import FakePlatform, Fault
from tests.support.platform import SHA, Served, served
from tests.support.repositories import Repository

KEYS = {"tools", "credentials", "services", "repository", "problems"}


@pytest.fixture
def shop(repository: Repository) -> Repository:
    """The repository of the app, by the URL of its remote."""
    repository.git("remote", "set-url", "origin", "git@github.com:acme/shop.git")
    return repository


@pytest.fixture
def here() -> Iterator[Served]:
    """A platform on the machine's own clock."""
    with served(FakePlatform(), live_sha=SHA) as found:
        yield found


def check(repository: Repository, **variables: str) -> Answer:
    return afterpush("env.check", "--json", cwd=repository.path, env=variables)


def problems(answer: Answer) -> dict[str, dict[str, str]]:
    """The problems by what they say."""
    return {problem["what"]: problem for problem in answer.json()["problems"]}


def named(answer: Answer, group: str, name: str) -> dict[str, Any]:
    """One entry of a group."""
    found: dict[str, Any] = next(entry for entry in answer.json()[group] if entry["name"] == name)
    return found


def test_without_any_source_it_is_an_error_that_names_the_variables(repository: Repository) -> None:
    answer = check(repository)
    assert answer.code == 1
    assert answer.json().keys() == KEYS
    (error,) = [each for each in answer.json()["problems"] if each["severity"] == "error"]
    assert error.keys() == {"severity", "what", "cure", "still_works"}
    assert all(word in error["cure"] for word in ("DIGITALOCEAN_TOKEN", "app:read", "DB_HOST", "HEALTH_URL"))


def test_a_platform_that_answers_is_good(shop: Repository, here: Served) -> None:
    answer = check(shop, **here.variables)
    assert answer.code == 0
    service = named(answer, "services", "platform")
    assert (service["state"], service["configured"], service["reachable"]) == ("ok", True, True)
    assert 0 <= service["milliseconds"] < 20_000
    assert service["target"] == here.app_id
    assert "clocks agree" in service["detail"]
    assert {seen.method for seen in here.platform.requests} == {"GET"}


def test_tools_are_found_with_their_versions(shop: Repository) -> None:
    answer = check(shop)
    git, python = named(answer, "tools", "git"), named(answer, "tools", "python")
    assert git["found"]
    assert git["version"].startswith("2.")
    assert python["version"].startswith("3.")
    assert named(answer, "tools", "ssh")["needed"]
    assert not named(answer, "tools", "node")["needed"]


def test_a_tool_that_the_repository_needs_and_that_is_missing_is_named(
    shop: Repository, tmp_path: Path
) -> None:
    shop.write("package.json", "{}")
    only_git = tmp_path / "bin"
    only_git.mkdir()
    (only_git / "git").symlink_to(shutil.which("git") or "git")
    found = problems(check(shop, PATH=str(only_git)))
    assert {"node is not on PATH", "npm is not on PATH", "ssh is not on PATH"} <= found.keys()
    assert found["npm is not on PATH"]["cure"] == "install npm"


def test_a_refused_token_names_the_scope_and_is_an_error_when_nothing_else_answers(
    shop: Repository, here: Served
) -> None:
    answer = check(shop, DIGITALOCEAN_TOKEN="wrong-token-value", DIGITALOCEAN_API_URL=here.url)
    assert answer.code == 1
    assert named(answer, "services", "platform")["state"] == "refused"
    (error,) = [each for each in answer.json()["problems"] if each["severity"] == "error"]
    assert "app:read" in error["cure"]
    assert "wrong-token-value" not in answer.out + answer.err


def test_a_refused_token_is_a_warning_when_the_app_itself_tells_its_commit(
    shop: Repository, here: Served
) -> None:
    with serve_app(FakeApp(commit=SHA)) as url:
        answer = check(
            shop, DIGITALOCEAN_TOKEN="wrong", DIGITALOCEAN_API_URL=here.url, HEALTH_URL=f"{url}/health"
        )
    assert answer.code == 0
    (refused,) = [each for what, each in problems(answer).items() if what.startswith("platform:")]
    assert (refused["severity"], refused["still_works"]) == ("warning", "watching, by health")
    assert named(answer, "services", "health")["detail"].endswith("it runs 9a4df0b")


@pytest.mark.parametrize("fault", [Fault.html(502), Fault.reset(), Fault.truncated(), Fault.error(500)])
def test_a_platform_that_fails_is_unreachable(shop: Repository, here: Served, fault: Fault) -> None:
    here.platform.fail(fault, times=None)
    answer = check(shop, **here.variables)
    assert answer.code == 1
    assert named(answer, "services", "platform")["state"] == "unreachable"


def test_an_app_that_cannot_be_found_is_an_error_with_the_candidates(
    repository: Repository, here: Served
) -> None:
    answer = check(repository, **here.variables, AFTERPUSH_APP="no-such-app")
    assert answer.code == 1
    service = named(answer, "services", "platform")
    assert service["state"] == "misconfigured"
    assert "no-such-app" in service["detail"]
    assert here.app_id in service["detail"]


def test_an_app_that_does_not_deploy_on_push_is_told(shop: Repository) -> None:
    platform = FakePlatform()
    platform.add_app(app_spec(deploy_on_push=False))
    with served(platform) as here:
        answer = check(shop, **here.variables)
    assert answer.code == 0
    assert "a push will not deploy the app shop: deploy_on_push is off" in problems(answer)


def test_a_wrong_clock_is_found_by_the_platforms_date(shop: Repository) -> None:
    platform = FakePlatform(date_skew_seconds=-300)
    with served(platform) as here:
        found = problems(check(shop, **here.variables))
    (skew,) = [what for what in found if "clock" in what]
    assert "ahead of the platform's" in skew
    assert "5 m 0" in skew


@pytest.mark.parametrize(
    ("variables", "service"),
    [
        ({"DIGITALOCEAN_TOKEN": "t", "DIGITALOCEAN_API_URL": "http://api.example.org"}, "platform"),
        ({"DB_HOST": "localhost", "DB_PORT": "none"}, "database"),
        ({"DB_HOST": "localhost", "DB_SSL_MODE": "MAYBE"}, "database"),
        ({"HEALTH_URL": "ftp://example.org"}, "health"),
    ],
)
def test_a_variable_that_a_watch_would_refuse_is_an_error(
    shop: Repository, variables: dict[str, str], service: str
) -> None:
    answer = check(shop, **variables)
    assert answer.code == 1
    assert named(answer, "services", service)["state"] == "misconfigured"


def test_a_health_endpoint_that_names_no_commit_is_no_source(shop: Repository) -> None:
    with serve_app(FakeApp(commit=None)) as url:
        answer = check(shop, HEALTH_URL=f"{url}/health?key=hidden-value")
    assert answer.code == 1
    service = named(answer, "services", "health")
    assert (service["state"], service["reachable"]) == ("unusable", True)
    assert "hidden-value" not in answer.out


def test_the_database_is_asked_over_tls(shop: Repository, mariadb: Server) -> None:
    with fresh_database(mariadb.full) as address:
        from afterpush.infra.database import connected

        password = address.password.reveal() if address.password else ""
        variables = {
            "DB_HOST": address.host,
            "DB_PORT": str(address.port),
            "DB_USER": address.user,
            "DB_PASS": password,
            "DB_NAME": address.database or "",
        }
        without_table = check(shop, **variables)
        with connected(address) as database:
            database.execute(
                "CREATE TABLE deployments (id INT PRIMARY KEY, commitSha VARCHAR(40), status TEXT)"
            )
        good = check(shop, **variables)
        wrong = check(shop, **(variables | {"DB_PASS": "not-the-password"}))
    assert named(without_table, "services", "database")["state"] == "unusable"
    assert without_table.code == 1
    assert good.code == 0
    service = named(good, "services", "database")
    assert service["detail"].startswith("TLSv1.")
    assert "certificate not verified" in service["detail"]
    assert wrong.code == 1
    assert named(wrong, "services", "database")["state"] == "refused"
    for said in (without_table, good, wrong):
        assert password not in said.out + said.err


def test_the_permissions_and_the_fate_of_the_env_file_are_looked_at(shop: Repository) -> None:
    path = shop.write(".env", "DIGITALOCEAN_TOKEN=very-secret-token\n")
    path.chmod(0o644)
    found = check(shop)
    assert named(found, "credentials", "DIGITALOCEAN_TOKEN") | {"purpose": ""} == {
        "name": "DIGITALOCEAN_TOKEN",
        "present": True,
        "source": ".env",
        "purpose": "",
    }
    cures = {each["cure"] for each in found.json()["problems"]}
    assert {"chmod 600 .env", "echo .env >> .gitignore"} <= cures
    assert "very-secret-token" not in found.out + found.err
    path.chmod(0o600)
    shop.write(".gitignore", ".env\n")
    assert named(check(shop), "repository", ".env") == {
        "name": ".env",
        "ok": True,
        "detail": "mode 0600, ignored",
    }
    shop.git("add", "--force", ".env")
    assert any(".env is tracked" in what for what in problems(check(shop)))


def test_the_environments_own_value_goes_before_the_env_file(shop: Repository) -> None:
    shop.write(".env", "DB_HOST=from-file\nDB_USER=same\n")
    answer = check(shop, DB_HOST="localhost", DB_USER="same")
    assert named(answer, "credentials", "DB_HOST")["source"] == "environment"
    assert named(answer, "credentials", "DB_PASS")["source"] is None
    assert "DB_HOST is set, but DB_PASS is not" in problems(answer)


@pytest.mark.parametrize("folder", ["README.md/state", "/proc/afterpush"])
def test_a_state_folder_that_cannot_be_written_is_an_error(
    shop: Repository, here: Served, folder: str
) -> None:
    answer = check(shop, AFTERPUSH_STATE_DIR=str(shop.path / folder), **here.variables)
    assert answer.code == 1
    assert not named(answer, "repository", "state")["ok"]
    assert any(folder in what for what in problems(answer))


def test_the_check_leaves_nothing_behind(shop: Repository, here: Served) -> None:
    before = sorted(path for path in shop.path.rglob("*"))
    check(shop, **here.variables)
    assert sorted(path for path in shop.path.rglob("*")) == before


@pytest.mark.parametrize(
    ("files", "manager"),
    [
        ({}, "git"),
        ({"lefthook.yml": "pre-push:\n"}, "lefthook"),
        ({".pre-commit-config.yaml": "repos: []\n"}, "pre-commit"),
    ],
)
def test_the_owner_of_the_hooks_is_recognised(shop: Repository, files: dict[str, str], manager: str) -> None:
    for name, content in files.items():
        shop.write(name, content)
    assert named(check(shop), "repository", "hooks")["detail"].startswith(f"{manager}: ")


def test_husky_without_its_folder_runs_nothing_and_is_told(shop: Repository) -> None:
    shop.write(".husky/pre-push", "inv hooks.pre-push\n")
    shop.git("config", "core.hooksPath", ".husky/_")
    assert any("husky's hooks folder" in what for what in problems(check(shop)))
    shop.write(".husky/_/pre-push", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    assert named(check(shop), "repository", "hooks")["ok"]


def test_installed_hooks_are_good(shop: Repository) -> None:
    assert "no hook of this repository starts a watch" in problems(check(shop))
    assert afterpush("hooks.install", cwd=shop.path).code == 0
    hooks = named(check(shop), "repository", "hooks")
    assert hooks["ok"]
    assert hooks["detail"].startswith("git: a push starts a watch (")


def test_hooks_that_are_switched_off_are_told(shop: Repository) -> None:
    assert "the hooks are switched off by AFTERPUSH=0" in problems(check(shop, AFTERPUSH="0"))
    shop.write("config/afterpush.yaml", "hooks: {enabled: false}\n")
    assert "the hooks are switched off by hooks.enabled: false" in problems(check(shop))


def test_a_password_in_the_remotes_url_is_not_shown(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", "https://ada:hunter2hunter2@github.com/acme/shop.git")
    answer = check(repository)
    assert "hunter2" not in answer.out
    assert "github.com/acme/shop" in named(answer, "repository", "remote")["detail"]


def test_for_people_it_is_aligned_text_with_the_problems_last(shop: Repository, here: Served) -> None:
    answer = afterpush("env.check", cwd=shop.path, env=here.variables)
    assert answer.code == 0
    lines = answer.out.splitlines()
    headings = ["Tools", "Variables (values are never shown)", "Services", "Repository"]
    assert [line for line in lines if line in headings] == headings
    assert re.search(r"DIGITALOCEAN_TOKEN +set \(environment\)", answer.out)
    assert TOKEN not in answer.out + answer.err
    assert lines[-1].startswith("    still works: ")


@pytest.mark.parametrize("content", ["deploy: [\n", "depoy: {}\n"])
def test_a_faulty_configuration_is_one_problem_among_the_others(shop: Repository, content: str) -> None:
    shop.write("config/afterpush.yaml", content)
    answer = check(shop)
    assert answer.code == 1
    errors = [one["what"] for one in answer.json()["problems"] if one["severity"] == "error"]
    assert any("config/afterpush.yaml" in what for what in errors)
    assert answer.json()["tools"]


def test_a_malformed_env_file_is_one_line_and_a_usage_error(shop: Repository) -> None:
    shop.write(".env", "what is this\n")
    answer = check(shop)
    assert answer.code == 2 and answer.err.count("\n") == 1
    assert answer.json()["exit_code"] == 2


def test_a_command_that_cannot_notify_is_found(shop: Repository) -> None:
    shop.write("config/afterpush.yaml", 'notify:\n  command: [no-such-program, "{foo} {verdict}"]\n')
    said = [problem["what"] for problem in check(shop).json()["problems"]]
    assert any("no-such-program is not on PATH" in one for one in said)
    assert any("nothing fills in {foo}" in one for one in said)


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    answer = afterpush("env.check", cwd=tmp_path)
    assert answer.code == 2
    assert "AFTERPUSH_REPO" in answer.err


def migrations(answer: Answer) -> dict[str, Any]:
    return named(answer, "repository", "migrations")


def test_which_server_reads_the_migrations_is_said(shop: Repository) -> None:
    assert migrations(check(shop))["detail"] == "none: no file matches migrations/*.sql"
    shop.write("migrations/001.sql", "SELECT 1;\n")
    assert re.match(r"read by a private (MySQL|MariaDB) [0-9.]+ \(/", migrations(check(shop))["detail"])
    named_server = check(shop, MYSQL_URL="mysql://ci:hunter2-password@db.internal:3307/")
    assert migrations(named_server)["detail"] == "read by db.internal:3307 (MYSQL_URL)"
    assert "hunter2" not in named_server.out + named_server.err


def test_a_server_that_cannot_be_chosen_is_a_warning_with_its_cure(shop: Repository) -> None:
    shop.write("migrations/001.sql", "SELECT 1;\n")
    shop.write("config/afterpush.yaml", "migrate: {server: url}\n")
    answer = check(shop)
    problem = problems(answer)["migrate.server is url, and MYSQL_URL is not set"]
    assert (problem["severity"], problem["cure"]) == ("warning", "set it, or write auto")
    assert migrations(answer)["ok"] is False
