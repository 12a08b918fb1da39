"""Variables and their sources: a secret goes only where its own source says, and `.env` reaches no child."""

from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.deploy.monitor.setup import app_platform
from afterpush.infra.clock import SystemClock
from afterpush.infra.configuration.approvals import Trust
from afterpush.infra.configuration.environment_variables import (
    API_ADDRESS,
    DATABASE_ADDRESS,
    read_environment,
    tracked_file_item,
)
from afterpush.infra.database import address_from_variables
from afterpush.infra.errors import AfterpushError
from tests.support.repositories import Repository

TOKEN = {"DIGITALOCEAN_TOKEN": "mine-0123456789"}


def env_file(root: Path, text: str) -> Path:
    (root / ".env").write_text(text)
    return root


def test_a_host_that_is_not_the_usual_one_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    api = "https://api.example"
    root = env_file(
        tmp_path, f"DIGITALOCEAN_API_URL={api}\nDIGITALOCEAN_TOKEN=a\nDB_HOST=db.example\nDB_PASS=b\n"
    )
    ours = replace(read_environment(root, {}), tell=told.append)
    app_platform(ours, SystemClock())
    address_from_variables(ours)
    exported = replace(read_environment(None, TOKEN), tell=told.append)
    app_platform(exported, SystemClock())
    assert told == [
        "DIGITALOCEAN_TOKEN goes to https://api.example (DIGITALOCEAN_API_URL of .env)",
        "DB_PASS goes to db.example (DB_HOST of .env)",
    ]


@pytest.mark.parametrize("name", ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"])
def test_an_exported_token_goes_to_no_address_of_the_file(tmp_path: Path, name: str) -> None:
    root = env_file(tmp_path, "DIGITALOCEAN_API_URL=https://evil.example\n")
    with pytest.raises(AfterpushError, match="goes only where its own source says") as raised:
        app_platform(read_environment(root, {name: "mine-0123456789"}), SystemClock())
    assert raised.value.exit_code == 2 and "mine-" not in str(raised.value)


@pytest.mark.parametrize(
    ("file", "exported"),
    [
        ("DIGITALOCEAN_TOKEN=a\nDIGITALOCEAN_API_URL=https://api.example\n", {}),
        ("DIGITALOCEAN_TOKEN=a\n", {"DIGITALOCEAN_API_URL": "https://api.example"}),
        (
            "DIGITALOCEAN_API_URL=https://evil.example\n",
            TOKEN | {"DIGITALOCEAN_API_URL": "https://api.example"},
        ),
        ("DIGITALOCEAN_API_URL=https://api.digitalocean.com\n", TOKEN),
        ("OTHER=x\n", TOKEN),
    ],
)
def test_a_token_goes_where_its_own_source_or_the_user_says(
    tmp_path: Path, file: str, exported: dict[str, str]
) -> None:
    assert app_platform(read_environment(env_file(tmp_path, file), exported), SystemClock()) is not None


@pytest.mark.parametrize(
    "line",
    ["DB_HOST=evil.example", "DB_PORT=3307", "DB_SSL_MODE=DISABLED", "DB_SSL_CA=evil.pem", "DB_USER=x"],
)
def test_an_exported_password_follows_nothing_of_the_file(tmp_path: Path, line: str) -> None:
    exported = {"DB_PASS": "mine-0123456789"} | ({} if "HOST" in line else {"DB_HOST": "db.example"})
    with pytest.raises(AfterpushError, match="DB_PASS of your environment"):
        address_from_variables(read_environment(env_file(tmp_path, f"{line}\n"), exported))


def test_a_database_given_whole_in_the_file_is_used(tmp_path: Path) -> None:
    root = env_file(tmp_path, "DB_HOST=db.example\nDB_PASS=x1234567\nDB_SSL_MODE=DISABLED\n")
    address = address_from_variables(read_environment(root, {}))
    assert address is not None and address.host == "db.example" and address.ssl_mode == "DISABLED"


def test_names_that_are_not_ours_are_not_taken_from_the_file(tmp_path: Path) -> None:
    root = env_file(tmp_path, "PATH=/evil\nHOME=/evil\nAFTERPUSH_TRUST=1\nHUSKY=0\nDB_HOST=db.example\n")
    environment = read_environment(root, {"A": "b"})
    assert [environment.get(name) for name in ("PATH", "HOME", "AFTERPUSH_TRUST", "HUSKY")] == [""] * 4
    assert environment.get("DB_HOST") == "db.example"


def test_the_file_reaches_no_child_and_a_command_gets_no_secret_of_ours(tmp_path: Path) -> None:
    root = env_file(tmp_path, "PYTHONPATH=tools\nLD_PRELOAD=x.so\nDB_HOST=db.example\n")
    given = TOKEN | {
        "DB_PASS": "p",
        "MYSQL_URL": "mysql://u:p@h/",
        "HOOK": "https://h.example/x",
        "EDITOR": "vi",
    }
    environment = read_environment(root, given).telling("HOOK")
    assert environment.for_child() == given
    assert environment.for_command() == {"EDITOR": "vi"}
    assert environment.for_command(["DB_PASS"]) == {"EDITOR": "vi", "DB_PASS": "p"}


@pytest.mark.parametrize("how", ["tracked", "link to a tracked file"])
def test_a_tracked_file_gives_nothing_until_it_has_a_yes(repository: Repository, how: str) -> None:
    text = "DB_HOST=evil.example\nDB_PASS=theirs-12345\n"
    if how == "tracked":
        repository.write(".env", text)
        repository.git("add", "--force", ".env")
    else:
        repository.write("config/dev.env", text)
        repository.git("add", "--force", "config/dev.env")
        (repository.path / ".env").symlink_to("config/dev.env")
    with pytest.raises(AfterpushError, match=r"git tracks \.env") as raised:
        read_environment(repository.path, {}).get("DB_HOST")
    assert raised.value.exit_code == 2 and "env.trust" in str(raised.value)
    assert read_environment(repository.path, {}).get("UNRELATED", "default") == "default"
    assert "theirs" not in read_environment(repository.path, {}).redactor()("it is theirs-12345")
    item = tracked_file_item(repository.path)
    assert item is not None and "theirs" not in item.shown()
    Trust(repository.path / ".git").say_yes([item])
    assert read_environment(repository.path, {}).get("DB_HOST") == "evil.example"
    with pytest.raises(AfterpushError, match="goes only where its own source says"):
        address_from_variables(read_environment(repository.path, {"DB_PASS": "mine-0123456789"}))


def test_an_untracked_file_needs_no_yes(repository: Repository) -> None:
    repository.write(".env", "DB_HOST=db.example\n")
    assert read_environment(repository.path, {}).get("DB_HOST") == "db.example"


def test_a_file_without_an_end_is_one_clear_error(tmp_path: Path) -> None:
    env_file(tmp_path, "A=" + "x" * (1 << 20) + "\n")
    with pytest.raises(AfterpushError, match="larger than"):
        read_environment(tmp_path, {})


def test_every_address_has_its_default_beside_it() -> None:
    assert API_ADDRESS["DIGITALOCEAN_API_URL"].startswith("https://") and DATABASE_ADDRESS["DB_HOST"] == ""
