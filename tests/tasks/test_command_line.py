"""What every task shares: Invoke's own flags, usage errors, and how messages name the tasks."""

import json

import pytest

from afterpush.infra.errors import ERROR_CODES
from tests.support.cli import afterpush
from tests.support.repositories import Repository


def test_dry_acts_as_dry_run_where_there_is_one(repository: Repository) -> None:
    repository.commit("more")
    before = repository.git("ls-remote", "origin")
    answer = afterpush("--dry", "push", "--json", cwd=repository.path)
    assert repository.git("ls-remote", "origin") == before
    assert answer.code == 0 and answer.json()["pushed"] is False


@pytest.mark.parametrize("task", ["deploy.monitors", "env.check"])
def test_dry_is_refused_where_there_is_none(repository: Repository, task: str) -> None:
    answer = afterpush("-R", task, "--json", cwd=repository.path)
    assert answer.code == 2
    assert answer.json()["code"] == "usage" and "has no dry run" in answer.json()["error"]


def test_echo_shows_commands_without_secrets(repository: Repository) -> None:
    answer = afterpush(
        "-e", "push.check", "--json", cwd=repository.path, env={"DIGITALOCEAN_TOKEN": "origin-of-no-secret"}
    )
    assert any(line.startswith("git ") for line in answer.err.splitlines())
    assert "origin-of-no-secret" not in answer.err
    json.loads(answer.out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy.status", "--nope"), "no flag --nope"),
        (("nosuch.task",), "there is no task nosuch.task"),
        (("conflicts.merge", "a", "b"), "needs THEIRS"),
        (("deploy.status", "--sha"), "--sha needs a value"),
        (("push", "--attempts=many"), "--attempts=many"),
    ],
)
def test_usage_errors_are_documents_too(repository: Repository, words: tuple[str, ...], said: str) -> None:
    words = (words[0], "--json", *words[1:]) if words[-1] == "--sha" else (*words, "--json")
    answer = afterpush(*words, cwd=repository.path)
    document = answer.json()
    assert answer.code == document["exit_code"] == 2
    assert said in document["error"] and document["code"] in ERROR_CODES
    assert answer.err.startswith("afterpush: ")


def test_listing_what_is_not_there_is_a_usage_error(repository: Repository) -> None:
    assert afterpush("--list=nosuch", cwd=repository.path).code == 2


def test_messages_name_tasks_as_they_were_called(repository: Repository) -> None:
    answer = afterpush("deploy.monitors", cwd=repository.path)
    assert "afterpush deploy.monitor --background" in answer.out and "inv " not in answer.out
