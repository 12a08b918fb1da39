"""What a repository brings and a person reads, or a file that it can reach."""

from pathlib import Path

import pytest

from afterpush.infra.configuration.config import parse_settings
from afterpush.infra.configuration.trust import Item
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.leases import remote_refs
from afterpush.infra.pushes import Push, append_push, read_pushes
from afterpush.infra.state import state_folder
from tests.support.repositories import make_repository

PUSH = Push("a" * 40, "refs/heads/main", "origin", 1.0, True)


def test_who_says_yes_sees_the_whole_command_with_its_control_characters() -> None:
    command = f"{'x' * 400} \x1b]x; touch it; : \x07 || true"
    shown = Item("push.check", "config/afterpush.yaml", command).shown()
    assert r"\x1b]x; touch it; : \x07 || true" in shown and "x" * 400 in shown and "\x1b" not in shown


def test_a_record_of_pushes_is_neither_written_nor_read_through_a_link(tmp_path: Path) -> None:
    other, link = tmp_path / "notes", tmp_path / "pushes.jsonl"
    other.write_text("mine\n")
    link.symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        append_push(link, PUSH)
    assert other.read_text() == "mine\n" and read_pushes(link) == []


@pytest.mark.parametrize("name", ["pushes.jsonl", "history.db", "deployment-status-0123456.log"])
def test_no_committed_file_is_state_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    repository = make_repository(tmp_path)
    repository.write(f"st[a]te/{name}", "forged\n")
    repository.git("add", "--all")
    with pytest.raises(AfterpushError, match="git tracks"):
        state_folder(repository.path, "st[a]te")


def test_a_path_that_the_configuration_calls_a_remote_is_not_asked(tmp_path: Path) -> None:
    repository = make_repository(tmp_path)
    with pytest.raises(AfterpushError, match=r"there is no remote \.\./app\.git"):
        remote_refs(repository.path, "../app.git")


def test_a_number_to_the_base_of_sixty_is_a_text() -> None:
    with pytest.raises(AfterpushError, match="keep_days"):
        parse_settings(f"deploy:\n  keep_days: {'1:' * 200_000}1\n", Path("afterpush.yaml"))
