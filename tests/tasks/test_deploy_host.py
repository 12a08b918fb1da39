"""A monitor on another machine, over a real sshd: started, read back, stopped, and what is not sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from afterpush.infra.git.urls import without_credentials
from tests.support.cli import Answer, afterpush
from tests.support.health_server import HealthServer, Reply, health_server
from tests.support.repositories import Repository
from tests.support.sshd import sshd, there
from tests.support.waiting import wait_until


@dataclass
class Box:
    """The machine, and the app whose health it asks."""

    repository: Repository
    folder: Path
    app: HealthServer

    def ask(self, *words: str, code: int | None = None) -> Answer:
        answer = afterpush(*words, "--host=box", "--json", cwd=self.repository.path)
        assert code is None or answer.code == code, answer.err + answer.out
        return answer

    def show(self, sha: str) -> None:
        """The app says that it runs this commit."""
        self.app.routes["/health"] = Reply(body=json.dumps({"status": "ok", "commit": sha}).encode())


@pytest.fixture
def box(repository: Repository, tmp_path: Path) -> Iterator[Box]:
    folder = tmp_path / "box"
    folder.mkdir()
    with health_server() as app:
        environment = there(folder) | {"HEALTH_URL": f"{app.url}/health"}
        with sshd(folder, environment):
            yield Box(repository, folder, app)


def test_a_monitor_runs_there_until_its_verdict_is_read_back(box: Box) -> None:
    sha = box.repository.head()
    box.show("0" * 40)
    started = box.ask("deploy.monitor", "--timeout=900", code=0).json()
    assert started["sha"] == sha and started["pid"] > 0
    assert str(box.folder) in started["log_path"]
    assert box.ask("deploy.status", code=7).json()["verdict"] == "running"
    assert afterpush("deploy.status", f"--sha={sha}", cwd=box.repository.path).code == 2, "no source here"
    box.show(sha)
    assert box.ask("deploy.status", "--wait", code=0).json()["verdict"] == "live"


def test_a_monitor_there_is_stopped(box: Box) -> None:
    box.show("0" * 40)
    started = box.ask("deploy.monitor", "--timeout=900", code=0).json()
    [stopped] = box.ask("deploy.stop", code=0).json()
    assert (stopped["pid"], stopped["stopped"]) == (started["pid"], True)
    wait_until(lambda: not Path(f"/proc/{started['pid']}").exists(), "the monitor has ended")
    assert box.ask("deploy.status", code=130).json()["verdict"] == "stopped"


def test_only_the_commit_the_url_and_the_configuration_are_sent(box: Box) -> None:
    box.repository.write(".env", "DIGITALOCEAN_TOKEN=dop_v1_never_to_be_sent\n")
    box.repository.write("config/afterpush.yaml", "deploy:\n  timeout_seconds: 900\n")
    box.show(box.repository.head())
    box.ask("deploy.monitor", code=0)
    box.ask("deploy.status", "--wait", code=0)
    [folder] = (box.folder / "cache/afterpush/monitors").iterdir()
    sent = {str(path.relative_to(folder)) for path in folder.rglob("*") if ".git" not in path.parts}
    assert sent == {"config", "config/afterpush.yaml"}
    objects = [path for path in (folder / ".git/objects").rglob("*") if path.is_file()]
    assert len(objects) == 1
    assert not any(b"never_to_be_sent" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_unknown_machine_and_a_broken_connection_change_no_verdict(box: Box, tmp_path: Path) -> None:
    (Path.home() / ".ssh/known_hosts").write_text("")
    answer = box.ask("deploy.status", code=6)
    assert "box" in answer.json()["error"]
    assert not list(tmp_path.glob("app/.git/afterpush/*.result"))


def test_a_machine_without_afterpush_is_told_how_to_get_it(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    (folder / "bin").mkdir(parents=True)
    for name in ("sh", "python3", "mkdir", "git", "bash"):
        found = next(
            Path(place, name)
            for place in ("/usr/bin", "/bin", "/usr/local/bin")
            if Path(place, name).exists()
        )
        (folder / "bin" / name).symlink_to(found)
    with sshd(folder, {"PATH": str(folder / "bin"), "HOME": str(folder)}):
        answer = afterpush("deploy.monitor", "--host=box", cwd=repository.path)
    assert answer.code == 2 and "install" in answer.err


def test_credentials_of_a_url_are_not_sent() -> None:
    assert (
        without_credentials("https://ada:secret@example.org:8443/a.git") == "https://example.org:8443/a.git"
    )
    assert without_credentials("ssh://git:secret@box:2222/a.git") == "ssh://git@box:2222/a.git"
    assert without_credentials("git@github.com:acme/shop.git") == "git@github.com:acme/shop.git"
    assert without_credentials("/srv/git/shop.git") == "/srv/git/shop.git"
