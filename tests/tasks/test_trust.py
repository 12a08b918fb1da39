"""What a clone brings runs after the user's yes, and after a change only after another."""

import json

import pytest

from tests.support.cli import afterpush
from tests.support.repositories import Repository

CONFIG = "config/afterpush.yaml"
MARK = "import pathlib\npathlib.Path(__file__).with_name('loaded').touch()\n"


def configured(repository: Repository, command: str) -> None:
    repository.write(CONFIG, f"push: {{check: '{command}'}}\n")
    repository.commit("Configure")


def test_a_check_of_a_clone_runs_after_a_yes_and_is_asked_for_again(repository: Repository) -> None:
    configured(repository, "touch .git/ran")
    ran = repository.path / ".git" / "ran"
    refused = afterpush("push", cwd=repository.path)
    assert refused.code == 2 and "push.check" in refused.err and "touch .git/ran" in refused.err
    assert "env.trust" in refused.err and not ran.exists()
    assert afterpush("push.check", cwd=repository.path).code == 0

    assert afterpush("env.trust", cwd=repository.path).code == 0
    assert afterpush("push", cwd=repository.path).code == 0 and ran.exists()

    configured(repository, "touch .git/other")
    changed = afterpush("push", cwd=repository.path)
    assert changed.code == 2 and not (repository.path / ".git" / "other").exists()


def test_the_yes_is_shown_given_and_taken_back(repository: Repository) -> None:
    configured(repository, "true")

    def asked(*words: str) -> tuple[bool, list[tuple[str, str]]]:
        answer = afterpush("env.trust", "--json", *words, cwd=repository.path)
        assert answer.code == 0, answer.err
        document = answer.json()
        assert all(len(item["sha256"]) == 64 for item in document["items"])
        return document["trusted"], [(item["what"], item["where"]) for item in document["items"]]

    items = [("push.check", CONFIG)]
    assert asked("--show") == (False, items)
    assert asked() == (True, items)
    assert asked("--show") == (True, items)
    assert asked("--revoke") == (False, items)
    record = repository.path / ".git" / "afterpush" / "trust.json"
    assert not record.exists() and asked() == (True, items)
    assert record.stat().st_mode & 0o777 == 0o600
    record.write_text("[not a record")
    assert asked("--show") == (False, items)


def test_secrets_that_a_later_commit_would_pass_on_are_asked_for(repository: Repository) -> None:
    configured(repository, "env >.git/ran")
    assert afterpush("env.trust", cwd=repository.path).code == 0
    repository.write(CONFIG, "push: {check: 'env >.git/ran'}\ncommands: {variables: [DB_PASS]}\n")
    repository.commit("Ask for more")
    refused = afterpush("push", cwd=repository.path, env={"DB_PASS": "word-of-mine"})
    assert refused.code == 2 and 'commands.variables (config/afterpush.yaml): ["DB_PASS"]' in refused.err
    assert not (repository.path / ".git" / "ran").exists()


def test_the_trial_at_install_runs_nothing_that_a_commit_brought(repository: Repository) -> None:
    """In a fresh clone: its tasks.py, and programs behind a link that looks like an environment."""
    repository.write("tasks.py", MARK + "from afterpush.tasks import ns\n")
    for name in ("inv", "afterpush"):
        repository.write(f"tools/bin/{name}", '#!/bin/sh\n: >"${0%/*}/loaded"\n').chmod(0o755)
    (repository.path / ".venv").symlink_to("tools")
    repository.commit("Bring tasks and a link")
    repository.push()
    clone = repository.another_clone("clone")
    installed = afterpush("hooks.install", cwd=clone.path)
    assert installed.code == 0 and "without loading it" in installed.out and "env.trust" in installed.out
    assert afterpush("env.check", cwd=clone.path).code == 1  # Nothing is configured.
    assert afterpush("hooks.status", "--json", cwd=clone.path).json()["armed"]
    assert not list(clone.path.rglob("loaded"))


def test_only_the_environment_itself_says_yes_for_ci(repository: Repository) -> None:
    configured(repository, "touch .git/ran")
    repository.write(".git/info/exclude", ".env\n")
    repository.write(".env", "AFTERPUSH_TRUST=1\n")
    assert afterpush("push", cwd=repository.path).code == 2
    assert afterpush("push", cwd=repository.path, env={"AFTERPUSH_TRUST": "1"}).code == 0
    assert (repository.path / ".git" / "ran").exists()


@pytest.mark.parametrize("entry", ["tasks.py", "tasks/__init__.py"])
def test_reading_tasks_load_no_code_of_the_repository(repository: Repository, entry: str) -> None:
    repository.write(entry, MARK + "from invoke import task\n\n\n@task\ndef hello(c, name=''):\n    pass\n")
    repository.write("docs/index.md", "# D\n\nRun `inv hello --name=x`, then `inv hullo`.\n")
    repository.commit("Bring tasks")
    answer = afterpush("docs.check", "--json", cwd=repository.path)
    said = json.dumps(answer.json())
    assert "hullo" in said and "did you mean hello?" in said and "no flag" not in said
    for task in ("prompts.check", "env.check", "push.check"):
        assert "Traceback" not in afterpush(task, cwd=repository.path).err
    assert not list(repository.path.rglob("loaded"))
