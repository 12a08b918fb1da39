"""Making a machine ready: which interpreter is taken there, and the scripts that find and make one."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.remote.environment import _MOVE, choose, look_script, make_script, parse_look
from afterpush.infra.remote.ssh import RemoteAnswer
from afterpush.infra.remote.wheel import Installed, installed
from afterpush.swarm.remote.host import log_of
from afterpush.swarm.remote.hosts import shares

OURS = Installed("3.11", "0f" * 8)


def look_here(path: str, cache: Path) -> RemoteAnswer:
    done = subprocess.run(
        ["sh", "-c", look_script(installed())],
        env={"PATH": path, "HOME": str(cache), "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    return RemoteAnswer(done.returncode, done.stdout, done.stderr)


def test_the_interpreter_of_the_afterpush_on_the_path_is_found(tmp_path: Path) -> None:
    answer = look_here(f"{Path(sys.executable).parent}:/usr/bin:/bin", tmp_path)
    assert answer.code == 0
    python = choose(parse_look(answer), installed())
    assert python and Path(python).parent.resolve() == Path(sys.executable).parent.resolve()


def test_a_machine_without_anything_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "readlink"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    answer = look_here(str(tmp_path / "bin"), tmp_path)
    found = parse_look(answer)
    assert (answer.code, found.equipped, found.bare) == (0, (), None)


@pytest.mark.parametrize("other", ["python", "files"])
def test_what_differs_in_one_thing_is_not_taken(other: str) -> None:
    line = f'equipped\t/opt/python\t{{"python": "{OURS.python}", "files": "{OURS.files}"}}\n'
    found = parse_look(RemoteAnswer(0, f"Welcome!\n{line}bare\tpython3\n", ""))
    assert choose(found, OURS) == "/opt/python" and found.bare == "python3"
    assert choose(found, replace(OURS, **{other: "else"})) is None


def test_an_older_afterpush_answers_in_another_form_and_is_passed_over() -> None:
    said = 'equipped\t/a\tafterpush 0.0.1\nequipped\t/b\t{"version": 3}\nequipped\t/c\n'
    assert parse_look(RemoteAnswer(0, said, "")).equipped == ()


def test_an_environment_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    script = make_script(OURS, sys.executable, "afterpush-0-py3-none-any.whl", "")
    done = subprocess.run(
        ["sh", "-c", script],
        input=b"no wheel",
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0 and done.stderr
    assert list((tmp_path / ".cache/afterpush/environments").iterdir()) == []


def test_of_two_who_make_one_environment_the_first_counts(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "who").write_text(name)
        words = [sys.executable, "-c", _MOVE, str(tmp_path / name), str(tmp_path / "place")]
        assert subprocess.run(words, check=False).returncode == 0
    assert (tmp_path / "place/who").read_text() == "first"
    words = [sys.executable, "-c", _MOVE, str(tmp_path / "none"), str(tmp_path / "nowhere")]
    assert subprocess.run(words, capture_output=True, check=False).returncode != 0


def test_every_host_has_a_place_and_all_agents_have_one() -> None:
    assert shares(8, 3) == [3, 3, 2] and shares(1, 3) == [1, 1, 1]
    assert all(sum(shares(agents, hosts)) >= agents for agents in range(1, 20) for hosts in range(1, 9))


def test_a_hosts_name_is_no_path_and_no_shell_text() -> None:
    assert "$(" not in log_of("ada@box;$(rm -rf /)") and "/../" not in log_of("../..")
