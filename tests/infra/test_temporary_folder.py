"""Temporary folders: gone afterwards, and after a kill with the next run."""

import subprocess
import sys
from pathlib import Path

import pytest

from afterpush.infra.files import hold_folder, temporary_folder

WAITING = """
import sys
from pathlib import Path
from afterpush.infra.files import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("written")
    print(folder, flush=True)
    sys.stdin.read()
"""


def entries(place: Path) -> list[Path]:
    return sorted(place.iterdir())


def test_it_is_private_and_gone_afterwards_whatever_happens_inside(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), temporary_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700 and entries(tmp_path) == [folder]
        (folder / "inner").mkdir()
        raise ZeroDivisionError
    assert entries(tmp_path) == []


def test_what_a_killed_run_left_goes_with_the_next_one_and_what_is_in_use_stays(tmp_path: Path) -> None:
    other = tmp_path / "of somebody else"
    other.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        made = Path(process.stdout.readline().strip())
        with temporary_folder(tmp_path):
            assert (made / "half").exists()
        process.kill()
    assert (made / "half").exists()
    with temporary_folder(tmp_path) as folder:
        assert entries(tmp_path) == sorted([folder, other])


def test_several_may_hold_one(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        assert hold_folder(folder) is not None
    assert hold_folder(folder) is None
