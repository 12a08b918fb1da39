"""Cleaning removes what is old and ours, and nothing else."""

import os
from pathlib import Path

import pytest

from afterpush.deploy.monitor.cleanup import cleanup, cleanup_if_due
from afterpush.infra.errors import AfterpushError
from afterpush.infra.locks import try_lock
from afterpush.infra.state import StateFolder

NOW = 1_764_000_000.0
DAY = 86_400
KINDS = ("log", "result", "pid", "lock")


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path, tmp_path / "history.db")


def make(folder: StateFolder, short: str, days: float) -> list[Path]:
    paths = [getattr(folder, kind)(short + "0" * 33) for kind in KINDS]
    for path in paths:
        path.write_text("12345")
        os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return paths


def test_old_files_go_young_ones_and_strangers_stay(folder: StateFolder) -> None:
    old, young = make(folder, "aaaaaaa", 8), make(folder, "bbbbbbb", 6)
    strangers = [folder.path / name for name in ("history.db", "notes.log", "deployment-status-zzzzzzz.log")]
    for path in strangers:
        path.write_text("x")
        os.utime(path, (0, 0))
    cleaned = cleanup(folder, NOW, 7)
    assert (cleaned.removed, cleaned.kept, cleaned.bytes) == (4, 4, 20)
    assert not any(path.exists() for path in old) and all(path.exists() for path in [*young, *strangers])


def test_a_dry_run_counts_and_touches_nothing(folder: StateFolder) -> None:
    paths = make(folder, "aaaaaaa", 8)
    assert cleanup(folder, NOW, 7, dry_run=True).removed == 4
    assert all(path.exists() for path in paths)
    assert cleanup(folder, NOW, 7).removed == 4


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_files_of_a_running_monitor_stay_however_old(folder: StateFolder, dry_run: bool) -> None:
    paths = make(folder, "aaaaaaa", 80)
    held = try_lock(folder.lock("aaaaaaa"))
    assert held
    assert cleanup(folder, NOW, 7, dry_run=dry_run).removed == 0
    assert all(path.exists() for path in paths)
    held.release()
    assert cleanup(folder, NOW, 7).removed == 4


def test_links_are_never_followed_out(folder: StateFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    treasure = outside / "treasure.txt"
    treasure.write_text("gold")
    os.utime(treasure, (0, 0))
    folder.log("aaaaaaa").symlink_to(treasure)
    folder.lock("aaaaaaa").symlink_to(treasure)
    os.utime(folder.log("aaaaaaa"), (0, 0), follow_symlinks=False)
    os.utime(folder.lock("aaaaaaa"), (0, 0), follow_symlinks=False)
    assert cleanup(folder, NOW, 7).removed == 2
    assert treasure.read_text() == "gold"


def test_captured_logs_go_too(folder: StateFolder) -> None:
    caught = folder.captured_log("a" * 40, "run_restarted")
    caught.write_text("x")
    os.utime(caught, (0, 0))
    assert cleanup(folder, NOW, 7).removed == 1 and not caught.exists()


def test_the_files_in_the_repository_root_are_the_hidden_ones(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path, tmp_path / "history.db", prefix=".")
    make(folder, "aaaaaaa", 8)
    assert cleanup(folder, NOW, 7).removed == 4


def test_no_folder_is_nothing_to_do(tmp_path: Path) -> None:
    assert cleanup(StateFolder(tmp_path / "none", tmp_path / "h"), NOW, 7).removed == 0


def test_a_file_in_place_of_the_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AfterpushError, match=r"cannot remove"):
        cleanup(StateFolder(tmp_path / "file", tmp_path / "h"), NOW, 7)


def test_monitors_clean_once_a_day(folder: StateFolder) -> None:
    make(folder, "aaaaaaa", 8)
    first = cleanup_if_due(folder, NOW, 7)
    make(folder, "bbbbbbb", 8)
    assert first and first.removed == 4
    assert cleanup_if_due(folder, NOW + 3600, 7) is None
    later = cleanup_if_due(folder, NOW + DAY, 7)
    assert later and later.removed == 4
