"""What a repository brings and a person reads, or a file that it can reach."""

from pathlib import Path

import pytest

from afterpush.agents import block, json_text
from afterpush.documents.instructions.steps import steps_in
from afterpush.documents.manual.links_in_text import anchors_in, links_in
from afterpush.infra.configuration.approvals import Item
from afterpush.infra.configuration.config import parse_settings
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git
from afterpush.infra.git.leases import remote_refs
from afterpush.infra.push_record import Push, append_push, read_pushes
from afterpush.infra.state import state_folder
from afterpush.infra.toml_data import load_toml
from afterpush.infra.yaml_data import load_yaml
from afterpush.migrate.boot_script.boot import block_ranges
from afterpush.migrate.fence.bodies import only_rows
from afterpush.migrate.statements.tokens import tokens
from tests.support.cli import afterpush
from tests.support.growth import is_linear
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


def test_what_is_nested_deeper_than_the_stack_is_one_clear_line(tmp_path: Path) -> None:
    repository = make_repository(tmp_path)
    repository.write("AGENTS.md", f"```sh\n{'a && ' * 5_000}a\n```\n")
    repository.write(".codex/config.toml", f"a = {'[' * 5_000}{']' * 5_000}\n")
    done = afterpush("docs.check", "--json", cwd=repository.path)
    assert done.code == 2 and "nested too deeply" in done.json()["error"] and "Traceback" not in done.err
    told = afterpush("agents.status", "--target=codex", cwd=repository.path)
    assert "nested too deeply" in told.out and "Traceback" not in told.err


def test_a_path_that_is_too_long_is_one_clear_line(tmp_path: Path) -> None:
    repository = make_repository(tmp_path)
    repository.write("config/afterpush.yaml", f"appspec: {{path: {'a/' * 30_000}b}}\n")
    done = afterpush("doappspec.validate", cwd=repository.path)
    assert done.code == 2 and "too long" in done.err and len(done.err) < 300


def test_git_is_given_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = make_repository(tmp_path)
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "mark-of-a-token")
    monkeypatch.setenv("EDITOR_OF_THE_USER", "kept")
    shown = git(repository.path, "-c", "alias.show-env=!env", "show-env").text
    assert "EDITOR_OF_THE_USER=kept" in shown and "mark-of-a-token" not in shown


def test_what_others_wrote_into_a_clients_files_is_taken_out_in_linear_time() -> None:
    begins, ours = f"{block.MARKDOWN.begin}\n", '{"command": "x agents.gate"},'
    assert is_linear(lambda size: block.remove(begins * size, block.MARKDOWN), 1_000)
    assert is_linear(
        lambda size: json_text.remove(f"[{ours * size}]", ("[]",), lambda value: "agents.gate" in str(value)),
        300,
    )


@pytest.mark.parametrize(
    "unit", ["`git push` ", "a. ", "<a ", "<a id=", "[a](b)\n", "x\n[a](%62)\n", "`a`.\n\n"]
)
def test_a_document_is_read_in_time_that_grows_with_its_length(unit: str) -> None:
    def read(size: int) -> None:
        links_in(text := unit * size)
        anchors_in(text)
        steps_in(text)

    assert is_linear(read, 40)


def test_comments_above_many_commands_are_read_once() -> None:
    text = "```sh\n{}{}\n```\n"
    assert is_linear(lambda size: steps_in(text.format("# c\n" * size, "a; " * size)), 60)


def test_yaml_that_nobody_wrote_so_is_one_clear_error() -> None:
    aliases = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(ValueError, match="aliases stand for too much"):
        load_yaml(f"a0: &a0 [x]\n{aliases}")
    with pytest.raises(AfterpushError, match="NUL"):
        parse_settings('push: {remote: "a\\0b"}\n', Path("afterpush.yaml"))


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 5_000 + "]" * 5_000, "'"])
def test_toml_that_nobody_wrote_so_is_one_kind_of_error(value: str) -> None:
    with pytest.raises(ValueError):
        load_toml(f"a = {value}")


def test_comments_that_nothing_ends_are_looked_for_once() -> None:
    assert [token.text for token in tokens("a /* b */ c /* d -- e\n/* f")] == list("ac/*d/*f")
    assert is_linear(lambda size: list(tokens("/*a " * size)), 1_000)
    assert is_linear(lambda size: only_rows("INSERT INTO a VALUES (1) " + "/*a " * size), 1_000)
    assert not only_rows("INSERT INTO a VALUES (1) /* b `") and only_rows(
        "INSERT INTO a VALUES ('/*') /* b */"
    )


def test_a_block_that_begins_often_and_never_ends_is_looked_for_once() -> None:
    assert is_linear(lambda size: block_ranges(b"// <afterpush>\n" * size), 1_000)
    assert block_ranges(b"a // <afterpush> b // </afterpush> c") == [(2, 34)]
