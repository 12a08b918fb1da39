"""`./inv`: what it says when something is missing, and that it makes nothing twice.

The environment itself is made once for the whole run by whoever started the tests; here a stand-in for
Python shows what would be done, since a real installation takes a minute.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shared import ROOT

FAKE_PYTHON = """#!/bin/sh
# A Python that makes an environment of shell scripts, slowly enough for two to meet.
case "$*" in
  *version_info*) exit 0 ;;
  *"import venv"*) exit 0 ;;
  *flock*) exec {python} "$@" ;;
  "-V") echo "Python 3.11.0" ;;
  "-m venv"*) sleep 0.5; for d; do :; done; mkdir -p "$d/bin"; cp "$0" "$d/bin/python"
     printf '#!/bin/sh\\necho "ran: $*"\\n' > "$d/bin/inv"; chmod +x "$d/bin/inv"; echo made >> {log} ;;
  "-m pip"*) echo "pip $*" >> {log} ;;
  *pip*) exit 1 ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "inv", tmp_path / "inv")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    fake = binaries / "python3"
    fake.write_text(FAKE_PYTHON.format(python=sys.executable, log=tmp_path / "log"))
    fake.chmod(0o755)
    return tmp_path


def environment(project: Path) -> dict[str, str]:
    return dict(os.environ) | {"PATH": f"{project / 'bin'}:/usr/bin:/bin", "PYTHON": ""}


def run(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", project / "inv", *words], env=environment(project), capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def test_it_prepares_once_and_runs_invoke_with_the_arguments(project: Path) -> None:
    first, second = run(project, "--list"), run(project, "deploy.monitor", "--sha=a b")
    assert first.returncode == 0 and "preparing .venv" in first.stderr and second.stderr == ""
    assert second.stdout.strip().endswith("deploy.monitor --sha=a b")
    assert (project / "log").read_text().count("made") == 1


def test_a_changed_pyproject_is_installed_again_and_the_environment_kept(project: Path) -> None:
    run(project, "--list")
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    run(project, "--list")
    log = (project / "log").read_text()
    assert log.count("pip -m pip install") == 2


def test_what_is_locked_is_installed_with_its_hashes_and_nothing_else(project: Path) -> None:
    (project / "requirements").mkdir()
    (project / "requirements" / "run.txt").write_text("one==1 --hash=sha256:00\n")
    run(project, "--list")
    first, second = [line for line in (project / "log").read_text().splitlines() if "pip install" in line]
    assert "--require-hashes" in first and first.endswith("requirements/run.txt")
    assert "--no-deps --no-build-isolation" in second


def test_a_lock_that_does_not_fit_gives_way_to_the_ranges_and_says_so(project: Path) -> None:
    (project / "requirements").mkdir()
    (project / "requirements" / "run.txt").write_text("one==1 --hash=sha256:00\n")
    fake = project / "bin" / "python3"
    fake.write_text(fake.read_text().replace('  "-m pip"*)', '  *require-hashes*) exit 1 ;;\n  "-m pip"*)'))
    done = run(project, "--list")
    assert done.returncode == 0 and "the locked dependencies do not fit here" in done.stderr
    assert "--no-deps" not in (project / "log").read_text()


def test_two_at_once_make_one_environment(project: Path) -> None:
    children = [
        subprocess.Popen(["sh", project / "inv", "--list"], env=environment(project), stdout=-1, stderr=-1)
        for _ in range(4)
    ]
    for child in children:
        child.communicate(timeout=300)
    assert [child.returncode for child in children] == [0] * 4
    assert (project / "log").read_text().count("made") == 1


def test_without_python_it_says_what_to_install(project: Path) -> None:
    shutil.rmtree(project / "bin")
    tools = project / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "cksum", "sed", "printf"):
        (tools / name).symlink_to(shutil.which(name) or "/bin/false")
    done = subprocess.run(
        ["sh", project / "inv", "--list"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "no Python 3.11 or newer" in done.stderr


def test_a_failed_installation_is_tried_again(project: Path) -> None:
    fake = project / "bin" / "python3"
    good = fake.read_text()
    fake.write_text(good.replace('"-m pip"*) echo', '"-m pip"*) exit 1; echo'))
    failed = run(project, "--list")
    assert failed.returncode == 2 and "pip could not install" in failed.stderr
    shutil.rmtree(project / ".venv")
    fake.write_text(good)
    assert run(project, "--list").returncode == 0
