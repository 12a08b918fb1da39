"""Editing one block: whatever the file looks like, only that block changes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from afterpush.appspec.healthcheck.checked_edit import Edited, set_block
from afterpush.appspec.yaml_reader import read_tree
from afterpush.appspec.yaml_tree import plain, same
from afterpush.infra.errors import AfterpushError
from tests.appspec.shapes import Shape, shapes

VALUES: dict[str, int | str] = {
    "http_path": "/health/ready",
    "period_seconds": 10,
    "timeout_seconds": 3,
    "success_threshold": 1,
    "initial_delay_seconds": 20,
    "failure_threshold": 9,
}


def edited(text: str, index: int = 0, block: str = "health_check") -> Edited:
    return set_block(text, "app.yaml", ["services", index], block, VALUES, {"path"})


def loaded(text: str) -> Any:
    return yaml.load(text.lstrip("\ufeff"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shapes())
def test_only_the_block_changes_in_any_spec(shape: Shape) -> None:
    """The bytes around the block are the same, the rest of the tree too, and comments inside are kept."""
    result = edited(shape.text, shape.index)
    assert result.changed
    before, after = loaded(shape.text), loaded(result.text)
    block = after["services"][shape.index].pop("health_check")
    old = before["services"][shape.index].pop("health_check", None)
    assert before == after
    kept = {key: value for key, value in (old or {}).items() if key not in ("path", *VALUES)}
    assert block == kept | {key: str(value) for key, value in VALUES.items()}
    _same_bytes_around(shape, result.text)
    again = edited(result.text, shape.index)
    assert (again.changed, again.text, again.diff) == (False, result.text, "")


def _same_bytes_around(shape: Shape, after: str) -> None:
    """Everything before and after the block's own lines stands in the new text, in order and whole."""
    head, tail = shape.around
    assert after.startswith(head)
    assert after.endswith(tail)
    middle = after[len(head) : len(after) - len(tail) if tail else None]
    for comment in shape.comments:
        assert comment in middle, f"{comment} is gone"
    if "\r\n" in shape.text:
        assert "\n" not in middle.replace("\r\n", "")


SECTIONS = re.split(
    r"^=== (.*)\n",
    (Path(__file__).parents[1] / "data" / "app_spec_styles.txt").read_text(),
    flags=re.MULTILINE,
)[1:]
HABITS = dict(zip(SECTIONS[::2], SECTIONS[1::2], strict=True)) | {
    "last in the file, no newline": "services:\n- name: w\n  health_check:\n    port: 80",
    "nothing but a name, no newline": "services:\n- name: w",
    "old Mac line ends": "services:\r- name: w\r  health_check:\r    port: 80\r",
    "a byte order mark": "\ufeffservices:\n- name: w\n",
    "tabs before comments": "services:\n- name: w\t# tab\n  health_check:\n    port: 80\t# tab\n",
    "JSON": '{"services": [{"name": "w", "health_check": {"http_path": "/x"}}], "name": "s"}',
    "JSON over lines": json.dumps({"services": [{"name": "w", "health_check": {"port": 8}}]}, indent="\t"),
}


@pytest.mark.parametrize("text", list(HABITS.values()), ids=list(HABITS))
def test_specs_of_every_habit_keep_all_other_lines(text: str) -> None:
    result = edited(text)
    before, after = plain(read_tree(text, "b")), plain(read_tree(result.text, "a"))
    block = after["services"][0].pop("health_check")
    old = before["services"][0].pop("health_check", None) or {}
    assert same(before, after)
    assert {key: block[key] for key in VALUES} == VALUES
    assert {key for key in old if key != "path"} <= set(block)
    new_lines = re.split(r"\r\n|\r|\n", result.text)
    for line in re.split(r"\r\n|\r|\n", text):
        if "health_check" not in line and not re.search(r"path|seconds|threshold|port|\{|\}", line):
            assert line in new_lines
    for comment in re.findall(r"# .*", text):
        assert comment in result.text
    assert result.text.endswith("\n") == text.endswith("\n")
    assert not edited(result.text).changed


def test_values_are_replaced_at_their_place_with_their_comments_and_quotes() -> None:
    text = (
        "services:\n- name: w\n  health_check:\n    path: '/old'      # deprecated\n"
        "    # the app is slow\n    initial_delay_seconds: 60   # seconds\n    failure_threshold: 3\n"
        "  envs: [{key: A, value: secret}]\n"
    )
    assert edited(text).text == (
        "services:\n- name: w\n  health_check:\n    http_path: '/health/ready'      # deprecated\n"
        "    # the app is slow\n    initial_delay_seconds: 20   # seconds\n"
        "    period_seconds: 10\n    timeout_seconds: 3\n    success_threshold: 1\n    failure_threshold: 9\n"
        "  envs: [{key: A, value: secret}]\n"
    )


def test_path_beside_http_path_is_removed() -> None:
    text = "services:\n- name: w\n  health_check:\n    path: /old # gone\n    http_path: /x # stays\n"
    assert "path: /old" not in edited(text).text
    assert "http_path: /health/ready # stays" in edited(text).text


def test_the_diff_shows_the_block_and_nothing_that_stands_around_it() -> None:
    for text in (
        "services:\n- name: w\n  health_check:\n    port: 80\n  envs:\n  - {key: A, value: hunter2}\n",
        "services: [{envs: [{key: A, value: hunter2}], health_check: {port: 80}, name: w}]\n",
        "services:\n- envs: [{key: A, value: hunter2}]\n  name: w\n",
    ):
        diff = edited(text).diff
        assert "hunter2" not in diff
        assert "+++ app.yaml" in diff
        assert "failure_threshold: 9" in diff


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("services:\n- name: w\n  health_check: &c {port: 80}\n- name: v\n  health_check: *c\n", "&c"),
        ("x: &w {name: w}\nservices:\n- *w\n", "an alias"),
        ("services:\n- &w\n  name: w\n- <<: *w\n", "&w"),
        ("services:\n- name: w\n  health_check: [a]\n", "no mapping"),
        ("services:\n- name: w\n  health_check: on\n", "no mapping"),
        ("services:\n- name: w\n  name: v\n", "twice"),
        ("services:\n- run_command: |\n    a\n", "no line"),
        ("services:\n- name: w\n  health_check:\n    http_path: |\n      /x\n", "line 4"),
        ("services:\n- name: w\n  health_check:\n    failure_threshold: [3]\n", "line 4"),
    ],
)
def test_what_cannot_be_proved_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(AfterpushError, match=r"nothing was written") as raised:
        edited(text)
    assert reason in str(raised.value)


@given(st.text(alphabet="services: -nmw{}[]&*#'\"|>\n\t,%@`!?", max_size=40))
@example("services:\n- {name: w, health_check}")
@example("services:\n- ? name\n  : w\n")
def test_on_any_text_it_is_right_or_refuses(tail: str) -> None:
    text = "services:\n- name: w\n  health_check:\n    port: 80\n" + tail
    try:
        before = plain(read_tree(text, "x"))
        result = edited(text)
    except AfterpushError:
        return
    after = plain(read_tree(result.text, "x"))
    after["services"][0].pop("health_check")
    before["services"][0].pop("health_check", None)
    assert same(before, after)


def test_a_template_and_a_worker_are_edited_at_their_place() -> None:
    text = "spec:\n  workers:\n  - name: a\n  - name: b # here\n"
    result = set_block(
        text, "t", ["spec", "workers", 1], "liveness_health_check", {"http_path": "/l", "port": 1}
    )
    assert result.text == text + ("    liveness_health_check:\n      http_path: /l\n      port: 1\n")


def test_odd_paths_are_quoted() -> None:
    for path in ("/a b", "/a: b", "/a #b", "/a\tb", "/é", '/"', "/'", "/{x}"):
        for text in ("services:\n- name: w\n", "services: [{name: w}]\n", 'services: [{"name": "w"}]\n'):
            result = set_block(text, "a", ["services", 0], "health_check", {"http_path": path})
            assert loaded(result.text)["services"][0]["health_check"] == {"http_path": path}


@pytest.mark.parametrize(("said", "left"), [("~", ""), ("null  # todo", "   # todo"), ("{}", "")])
def test_where_nothing_stood_behind_the_key_no_blanks_stay_behind(said: str, left: str) -> None:
    text = f"name: s\nservices:\n- name: web\n  health_check: {said}\n"
    line = edited(text).text.splitlines()[3]
    if said != "{}":
        assert line == f"  health_check:{left}"
    assert line == line.rstrip()
