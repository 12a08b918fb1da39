"""Where the state lies: in the git folder, or where the user, and nobody's commit, put it."""

from pathlib import Path

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.infra.state import VARIABLE, state_folder
from tests.support.repositories import Repository

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("name", ["../elsewhere", "{lab}/elsewhere", "link", ".git/hooks", "docs/../../x"])
def test_the_configuration_names_no_folder_outside(repository: Repository, name: str) -> None:
    lab = repository.path.parent
    (lab / "elsewhere").mkdir()
    (repository.path / "link").symlink_to(lab / "elsewhere")
    with pytest.raises(AfterpushError, match=r"deploy\.state_dir") as raised:
        state_folder(repository.path, name.format(lab=lab))
    assert raised.value.exit_code == 2


def test_the_user_names_one_by_a_variable(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    folder = state_folder(repository.path, None).ready()
    assert folder.log(SHA).parent == tmp_path / "mine" and folder.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name", ["deployment-status-0123456.result", "deployment-monitor-0123456.pid", "history.db"]
)
def test_state_that_somebody_committed_is_refused(repository: Repository, name: str) -> None:
    assert state_folder(repository.path, "ci").path == repository.path / "ci"
    repository.write(f"ci/{name}", "{}")
    repository.write("ci/other.yaml", "{}")
    state_folder(repository.path, "ci")
    repository.commit("Forge a verdict")
    with pytest.raises(AfterpushError, match="git tracks"):
        state_folder(repository.path, "ci")


def test_a_folder_that_was_open_to_all_is_closed(repository: Repository) -> None:
    (repository.path / ".git" / "afterpush").mkdir(mode=0o777)
    (repository.path / ".git" / "afterpush").chmod(0o777)
    assert state_folder(repository.path).ready().path.stat().st_mode & 0o777 == 0o700
    root = repository.path.stat().st_mode
    assert state_folder(repository.path, ".").ready().prefix == "." and repository.path.stat().st_mode == root
