"""Clients' files: entries of others and formatting stay, and uninstalling gives every byte back."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.agents import block, json_text
from afterpush.agents.clients import TARGETS, Piece, configured_command, pieces, server_file, server_words
from afterpush.agents.edit import Repository as ClientFiles
from afterpush.infra.errors import AfterpushError
from tests.support.repositories import Repository

NAMED = ("servers", "ours")
FILES = (
    '{\n\t"a": 1,\n\t"servers": {\n\t\t"x": {"command": "y"}, // theirs\n\t},\n}\n',
    '{"servers": {"x": [1, 2.5e3, null, "a//b /* c */ \\" {"]}}',
    '\ufeff{\r\n  "servers": {\r\n    "x": true /* why */\r\n  }\r\n}\r\n',
    '{ "servers": { "x": {}, "y": [ ] } /* end */ }',
    '{"servers":{"x":1},}',
)


def pieces_of(target: str, *, allow_push: bool = False) -> list[Piece]:
    instructions = "CLAUDE.md" if target == "claude" else "AGENTS.md"
    return pieces(target, instructions=instructions, text="Push and prove.", allow_push=allow_push)


@pytest.fixture
def files(tmp_path: Path) -> ClientFiles:
    (tmp_path / "state").mkdir()
    (tmp_path / "work" / ".git").mkdir(parents=True)
    return ClientFiles(tmp_path / "work", tmp_path / "state")


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def tree(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if ".git" not in path.parts and path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


@pytest.mark.parametrize("text", FILES)
def test_an_entry_goes_in_beside_the_others_and_out_without_a_trace(text: str) -> None:
    added = json_text.add(text, NAMED, {"command": "sh", "args": ["-c", "x"]})
    value = json_text.loads(added)
    assert value["servers"].pop("ours") == {"command": "sh", "args": ["-c", "x"]}
    assert value == json_text.loads(text)
    assert json_text.remove(added, NAMED, lambda _: True) == text


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), st.sampled_from([None, 1, 2, "\t"]))
def test_any_file_keeps_its_other_bytes(document: dict[str, object], indent: int | str | None) -> None:
    document["servers"] = {"x": 1}
    text = json.dumps(document, indent=indent)
    added = json_text.add(text, NAMED, [1, {"a": "b"}])
    assert json.loads(added)["servers"] == {"x": 1, "ours": [1, {"a": "b"}]}
    assert json_text.remove(added, NAMED, lambda _: True) == text


@given(st.text(alphabet="ab#\r\n", max_size=20))
def test_a_block_leaves_nothing_behind(text: str) -> None:
    added = block.add(text, block.TOML, "x = 1\ny = 2")
    assert block.body(added, block.TOML) == "x = 1\ny = 2\n"
    assert block.remove(added, block.TOML) == text


@pytest.mark.parametrize("target", TARGETS)
def test_a_client_is_set_up_beside_others_and_taken_out_again(
    target: str, files: ClientFiles, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    write(work, "AGENTS.md", "# Rules\n\nBe kind.")
    write(work, ".gemini/settings.json", '{\n  // mine\n  "ui": {"theme": "dark"}\n}')
    write(work, ".codex/config.toml", 'model = "x"\n\n[mcp_servers.other]\ncommand = "y"\n')
    write(work, ".claude/settings.json", '{"hooks": {"Stop": [{"hooks": []}]}, "model": "m"}')
    before = tree(work)
    changes = files.installing(pieces_of(target))
    assert tree(work) == before  # Planning changes nothing.
    files.apply(changes, is_install=True)
    text = (work / server_file(target)).read_text()
    document = tomllib.loads(text) if target == "codex" else json_text.loads(text)
    assert configured_command(target, document) == server_words(allow_push=False)
    assert "agents.gate" in b"".join(tree(work).values()).decode()
    again = files.installing(
        pieces_of(target, allow_push=True)
    )  # A second install takes the first one's place.
    files.apply(again, is_install=True)
    assert b"".join(tree(work).values()).decode().count("agents.serve") == (2 if target == "copilot" else 1)
    files.apply(files.removing(pieces_of(target)), is_install=False)
    assert tree(work) == before


@pytest.mark.parametrize("target", TARGETS)
def test_a_clone_that_did_not_install_it_takes_it_out_as_well(
    target: str, files: ClientFiles, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    write(
        work, ".claude/settings.json", '{\n  "hooks": {\n    "Stop": [\n      {"hooks": []}\n    ]\n  }\n}\n'
    )
    before = tree(work)
    files.apply(files.installing(pieces_of(target)), is_install=True)
    (tmp_path / "state" / "installed.json").unlink()
    files.apply(files.removing(pieces_of(target)), is_install=False)
    assert tree(work) == before


@pytest.mark.parametrize("more", ["", "\n"])
@pytest.mark.parametrize("text", ["{}", '{"version": 1}\n', None])
def test_a_clone_of_what_was_committed_gets_back_what_was_there_before(
    text: str | None, more: str, repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    work, file = repository.path, ".cursor/hooks.json"
    if text is not None:
        write(work, file, text)
        repository.git("add", ".")
        repository.git("commit", "-qm", "settings")
    before = tree(work)
    files = ClientFiles(work, tmp_path / "state")
    files.apply(files.installing(pieces_of("cursor")), is_install=True)
    repository.git("add", ".")
    repository.git("commit", "-qm", "agents")
    write(work, file, (work / file).read_text() + more)
    (tmp_path / "state" / "installed.json").unlink()
    files.apply(files.removing(pieces_of("cursor")), is_install=False)
    assert tree(work) == before


def test_what_others_changed_since_stays(files: ClientFiles, tmp_path: Path) -> None:
    work = tmp_path / "work"
    write(work, ".mcp.json", '{\n  "mcpServers": {}\n}\n')
    files.apply(files.installing(pieces_of("claude")), is_install=True)
    text = (work / ".mcp.json").read_text()
    write(work, ".mcp.json", json_text.add(text, ("mcpServers", "theirs"), {"command": "z"}))
    files.apply(files.removing(pieces_of("claude")), is_install=False)
    assert json.loads((work / ".mcp.json").read_text()) == {"mcpServers": {"theirs": {"command": "z"}}}


@pytest.mark.parametrize(
    "text", ["", "\n", "\ufeff", "\ufeff\r\n", '{"mcpServers": {}, "mcpServers": {"x": 1}}']
)
def test_an_empty_file_and_one_that_names_a_key_twice_take_it(
    text: str, files: ClientFiles, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    write(work, ".mcp.json", text)
    before = tree(work)
    files.apply(files.installing(pieces_of("claude")), is_install=True)
    document = json.loads((work / ".mcp.json").read_bytes().decode("utf-8-sig"))
    assert configured_command("claude", document) == server_words(allow_push=False)
    files.apply(files.removing(pieces_of("claude")), is_install=False)
    assert tree(work) == before


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers = {x = {command = "y"}}\n',
        '[mcp_servers.afterpush]\ncommand = "theirs"\n',
        "hooks.Stop = []\n",
        "x = = 1\n",
    ],
)
def test_a_toml_file_that_cannot_take_it_is_named_and_left(
    text: str, files: ClientFiles, tmp_path: Path
) -> None:
    write(tmp_path / "work", ".codex/config.toml", text)
    with pytest.raises(AfterpushError, match=r"config\.toml: .*by hand"):
        files.installing(pieces_of("codex"))


def test_what_is_no_text_file_is_named_in_plain_words(files: ClientFiles, tmp_path: Path) -> None:
    (tmp_path / "work" / ".mcp.json").mkdir()
    with pytest.raises(AfterpushError, match=r"^reading \.mcp\.json: Is a directory; "):
        files.text(".mcp.json")
    (tmp_path / "work" / "CLAUDE.md").write_bytes(b"\xff\xfe")
    with pytest.raises(AfterpushError, match=r"^reading CLAUDE\.md: it is not UTF-8; "):
        files.text("CLAUDE.md")


def test_what_was_written_before_a_file_refused_can_be_undone(files: ClientFiles, tmp_path: Path) -> None:
    work = tmp_path / "work"
    write(work, ".mcp.json", '{"mcpServers": {}}')
    changes = files.installing(pieces_of("claude"))
    (work / ".claude" / "settings.json").mkdir(parents=True)
    with pytest.raises(AfterpushError, match=r"^writing \.claude/settings\.json: "):
        files.apply(changes, is_install=True)
    (work / ".claude" / "settings.json").rmdir()
    assert "agents.serve" in (work / ".mcp.json").read_text()
    files.apply(files.removing(pieces_of("claude")), is_install=False)
    assert tree(work) == {".mcp.json": b'{"mcpServers": {}}'}


def test_a_faulty_file_that_others_wrote_keeps_nothing_from_being_undone(
    files: ClientFiles, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    files.apply(files.installing(pieces_of("claude")), is_install=True)
    write(work, ".cursor/mcp.json", "{oops")
    both = [*pieces_of("cursor"), *pieces_of("claude")]
    files.apply(files.removing(both), is_install=False)
    assert tree(work) == {".cursor/mcp.json": b"{oops"}
    assert not files.mentions(".cursor/mcp.json", "agents.serve")


@pytest.mark.parametrize(
    "text", ["7", '{"mcpServers": []}', '{"mcpServers": {"afterpush": {"command": "x"}}}', "{oops", '{"a" 1}']
)
def test_a_file_that_cannot_take_it_is_named_and_left(text: str, files: ClientFiles, tmp_path: Path) -> None:
    write(tmp_path / "work", ".mcp.json", text)
    with pytest.raises(AfterpushError, match=r"\.mcp\.json"):
        files.installing(pieces_of("claude"))
    assert (tmp_path / "work" / ".mcp.json").read_text() == text
