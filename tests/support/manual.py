"""This repository's manual, built once for all tests, by a process that may not use the network."""

import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.support.cli import Answer, afterpush
from tests.support.database_servers import run_folder
from tests.support.shared import ROOT

_NO_NETWORK = """
import socket

def refuse(self, address, *rest):
    raise OSError(f"the build tried to reach {address}")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *words, **more: refuse(None, words)
"""


@dataclass(frozen=True)
class Manual:
    """A copy of the repository with its site, and what docs.build said."""

    root: Path
    answer: Answer

    @property
    def site(self) -> Path:
        return self.root / "site"

    @property
    def pages(self) -> list[str]:
        return [path.relative_to(self.site).as_posix() for path in sorted(self.site.rglob("*.html"))]


def copied_repository(target: Path) -> Path:
    """The files of this work tree that git has or would add, in a repository of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if os.path.lexists(ROOT / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", target], check=True)
    return target


@pytest.fixture(scope="session")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Manual:
    """The manual of this repository, built offline."""
    pytest.importorskip("furo", reason="the extra docs is not installed")
    with run_folder("manual") as folder:
        root, answer = folder / "manual" / "afterpush", folder / "manual.json"
        if not answer.exists():
            refusing = tmp_path_factory.mktemp("refusing")
            (refusing / "sitecustomize.py").write_text(_NO_NETWORK)
            copied_repository(root)
            home = {"HOME": str(refusing), "PYTHONPATH": str(refusing)}
            said = afterpush("docs.build", "--json", cwd=root, env=home, timeout_seconds=300)
            answer.write_text(json.dumps(asdict(said)))
        facts = json.loads(answer.read_text())
    return Manual(root, Answer(**facts | {"words": tuple(facts["words"])}))


def without_the_extra(folder: Path) -> dict[str, str]:
    """An environment in which the packages of the extra docs cannot be found."""
    (folder / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, package=None: None if name == 'furo' else found(name, package)\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}
