"""Who owns the hooks, and lines that can be pasted into the configuration that is there."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from afterpush.hooks.install.apply_plan import apply
from afterpush.hooks.install.managers import (
    is_by_git_lfs,
    lacks_git_lfs_hook,
    lefthook_advice,
    no_lfs_hook,
    simple_git_hooks_advice,
)
from afterpush.hooks.install.plan import Wanted, plan_install
from afterpush.hooks.policy import Policy
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.hooks import tell_unwatched
from tests.support.repositories import Repository

OURS = {"runner": "sh", "use_stdin": True}
NOOP = {"run": "true"}


def pasted(text: str, lines: str, where: str) -> str:
    """The file after its user has done what the advice says."""
    if "at its end" in where:
        return f"{text}{lines}\n"
    after = "scripts:" if "below scripts:" in where else "pre-push:"
    head, found, tail = text.partition(f"{after}\n")
    return f"{head}{found}{lines}\n{tail}"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("", {}),
        ("pre-commit:\n  commands:\n    a: {run: 'true'}\n", {}),
        ("pre-push:\n  commands:\n    a:\n      run: 'true'\n", {"commands": {"a": NOOP}}),
        ("pre-push:\n    # four\n    commands:\n        a: {run: 'true'}\n", {"commands": {"a": NOOP}}),
        ("pre-push:\n  parallel: true\n  scripts:\n    other: {runner: sh}\n", {"parallel": True}),
        ("pre-push:\n\n    scripts:\n          other: {runner: sh}\n", {}),
    ],
)
def test_what_lefthook_is_to_be_told_fits_into_its_file(
    tmp_path: Path, text: str, rest: dict[str, Any]
) -> None:
    (tmp_path / "lefthook.yml").write_text(text)
    where, _, lines = lefthook_advice(tmp_path).partition("\n")
    section = yaml.safe_load(pasted(text, lines, where))["pre-push"]
    assert section["scripts"]["afterpush"] == OURS
    assert {key: value for key, value in section.items() if key != "scripts"} == rest
    assert ("other" in section["scripts"]) == ("other" in text)


def test_what_lefthook_is_to_be_told_has_the_form_of_its_file(tmp_path: Path) -> None:
    text = '[pre-push.commands.a]\nrun = "true"\n'
    (tmp_path / "lefthook.toml").write_text(text)
    where, _, lines = lefthook_advice(tmp_path).partition("\n")
    section = tomllib.loads(pasted(text, lines, where))["pre-push"]
    assert section == {"commands": {"a": NOOP}, "scripts": {"afterpush": OURS}}
    (tmp_path / "lefthook.toml").rename(tmp_path / "lefthook.json")
    lines = lefthook_advice(tmp_path).partition("\n")[2]
    assert json.loads(f"{{{lines}}}")["pre-push"]["scripts"] == {"afterpush": OURS}


@pytest.mark.parametrize("there", [None, "npm test"])
def test_the_line_for_simple_git_hooks_is_json_and_keeps_what_is_there(
    tmp_path: Path, there: str | None
) -> None:
    hooks = {"pre-commit": "true"} | ({"pre-push": there} if there else {})
    (tmp_path / "package.json").write_text(json.dumps({"simple-git-hooks": hooks}))
    advice = simple_git_hooks_advice(tmp_path, 'inv x --remote "$1"')
    wanted = json.loads("{" + advice.rpartition("\n")[2] + "}")["pre-push"]
    assert wanted == 'inv x --remote "$1"' + (f" && {there}" if there else "")


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || exit 2\ngit lfs pre-push \"$@\"\n", True),
        ("#!/bin/sh\ngit lfs pre-push \"$@\"\n", True),
        ("#!/bin/sh\ngit lfs pre-push \"$@\"\nnpm test\n", False),
        ("#!/bin/sh\n", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_hook_of_git_lfs_alone_is_known_whatever_its_version(script: str, answer: bool) -> None:
    assert is_by_git_lfs(script) is answer


def test_a_hook_that_a_later_manager_has_taken_away_is_told_with_the_cure(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    here = AppRepository(repository.path)
    tell_unwatched(here)
    plan = plan_install(repository.path, Policy(), Wanted(program="afterpush"))
    apply(plan, repository.path)
    tell_unwatched(here)
    assert capsys.readouterr().err == ""
    (repository.path / ".git/hooks/pre-push").unlink()
    repository.write("package.json", '{"simple-git-hooks": {"pre-commit": "true"}}')
    tell_unwatched(here)
    said = capsys.readouterr().err
    assert "not watched" in said and "hooks.install" in said and "simple-git-hooks" in said


def test_where_git_lfs_has_no_hook_the_cure_makes_room_for_it(repository: Repository) -> None:
    apply(plan_install(repository.path, Policy(), Wanted(program="afterpush")), repository.path)
    repository.write(".gitattributes", "*.bin filter=lfs\n")
    assert lacks_git_lfs_hook(repository.path) and "hooks.install, then git lfs install" in no_lfs_hook()
    apply(plan_install(repository.path, Policy(), Wanted(program="afterpush")), repository.path)
    hooks = repository.path / ".git/hooks"
    assert not (hooks / "pre-push").exists() and (hooks / "reference-transaction").is_file()
