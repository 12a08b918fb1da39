"""The configuration: one file is manual and schema at once, and bad input gets one clear line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from afterpush.infra.configuration.config import (
    key_paths,
    load_settings,
    parse_settings,
    settings_from_text,
    settings_to_text,
)
from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.configuration.settings import Settings
from afterpush.infra.errors import AfterpushError
from tests.support.shared import ROOT

EXAMPLE = ROOT / "config" / "afterpush.yaml"
HERE = Path("afterpush.yaml")


def flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict) or (prefix and not tree):
        return {prefix.rstrip("."): tree}
    return {path: value for key in tree for path, value in flat(tree[key], f"{prefix}{key}.").items()}


def test_the_example_documents_every_key_and_states_its_default() -> None:
    documented = flat(yaml.safe_load(EXAMPLE.read_text()))
    defaults = flat(msgspec.to_builtins(Settings()))
    assert set(documented) == set(key_paths())
    assert documented == defaults


def test_the_example_is_itself_a_valid_configuration() -> None:
    assert parse_settings(EXAMPLE.read_text(), EXAMPLE) == Settings()


@pytest.mark.parametrize("written", ["off", "Off", '"off"'])
def test_a_guard_is_switched_off_as_it_is_documented(written: str) -> None:
    found = parse_settings(f"hooks: {{enabled: off, guards: {{secrets: {written}}}}}\n", Path("x.yaml"))
    assert (found.hooks.enabled, found.hooks.guards.secrets, found.hooks.guards.force_push) == (
        False,
        "off",
        "warn",
    )


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "deploy:\n  timout_seconds: 5\n",
            "unknown key deploy.timout_seconds; did you mean deploy.timeout_seconds?",
        ),
        ("deplyo: {}\n", "unknown key deplyo; did you mean deploy?"),
        (
            "deploy: {poll: {building: 3}}\n",
            "unknown key deploy.poll.building; did you mean deploy.poll.building_seconds",
        ),
        ("push: {attempts: many}\n", "push.attempts: Expected `int`, got `str`"),
        ("push: {attempts: 0}\n", "push.attempts: Expected `int` >= 1"),
        ("hooks: {guards: {secrets: maybe}}\n", "hooks.guards.secrets: Invalid enum value 'maybe'"),
        ("deploy: [\n", "line 2: not valid YAML"),
        ("- deploy\n", "expected a mapping of sections"),
        ("deploy: 5\n", "deploy: Expected `object`, got `int`"),
        ("? [a]\n: 1\n", "not valid YAML"),
    ],
)
def test_a_mistake_names_file_key_and_cure(text: str, said: str) -> None:
    with pytest.raises(AfterpushError) as raised:
        parse_settings(text, HERE)
    message = str(raised.value)
    assert message.startswith("afterpush.yaml") and said in message and "\n" not in message
    assert raised.value.exit_code == 2


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_settings_or_one_clear_error(text: str) -> None:
    try:
        assert isinstance(parse_settings(text, HERE), Settings)
    except AfterpushError as error:
        assert "\n" not in str(error)


def test_dotenv_fills_gaps_and_the_process_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "export DB_HOST=from-file\nDB_USER='ann # not a comment' # comment\nDB_NAME=\n"
    )
    environment = read_environment(tmp_path, {"DB_HOST": "from-process"})
    assert environment.get("DB_HOST") == "from-process"
    assert environment.get("DB_USER") == "ann # not a comment"
    assert environment.get("DB_NAME", "defaultdb") == "defaultdb"


def test_a_bad_dotenv_line_is_named_by_number_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GOOD=1\nthis is hunter2 and no assignment\n")
    with pytest.raises(AfterpushError, match=r"line 2 is not NAME=value") as raised:
        read_environment(tmp_path, {})
    assert "hunter2" not in str(raised.value)


def test_no_value_shows_when_the_environment_is_printed() -> None:
    environment = read_environment(None, {"DIGITALOCEAN_TOKEN": "hunter2hunter2", "DB_PASS": "swordfish"})
    shown = f"{environment!r} {environment} {environment.secret('DB_PASS')}"
    assert "hunter2" not in shown and "swordfish" not in shown
    assert environment.redactor()("pw=swordfish") == "pw=[REDACTED]"


def test_settings_reach_another_process_as_they_are() -> None:
    text = (ROOT / "config" / "afterpush.yaml").read_text()
    settings = parse_settings(
        text.replace("command: []", "command: [notify-send, '{verdict}']"), Path("a.yaml")
    )
    assert settings.notify.command
    assert settings_from_text(settings_to_text(settings)) == settings
    with pytest.raises(AfterpushError, match="settings of the launching process"):
        settings_from_text('{"deploy": 3}')


def test_aliases_that_stand_for_too_much_are_one_clear_error() -> None:
    rows = ["documents:", "  json_rules:", "    b0: &b0 {x: max, y: max}"]
    rows += [
        f"    b{n}: &b{n} {{" + ", ".join(f"k{k}: *b{n - 1}" for k in range(9)) + "}" for n in range(1, 9)
    ]
    with pytest.raises(AfterpushError, match="its aliases stand for too much"):
        parse_settings("\n".join(rows), HERE)
    shared = "push: &p {attempts: 3}\ndocuments: {roadmap: &r [a.md], sessions: *r}\n"
    assert parse_settings(shared, HERE).documents.sessions == ["a.md"]
