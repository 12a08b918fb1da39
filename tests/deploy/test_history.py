"""The history survives two writers, corruption, and a newer version."""

import sqlite3
import threading
from pathlib import Path

import pytest

from afterpush.deploy.monitor.history import History, HistoryRecord
from afterpush.infra.errors import AfterpushError


def record(number: int = 0, **more: object) -> HistoryRecord:
    values: dict[str, object] = {
        "sha": f"{number:040x}", "verdict": "live", "message": "m", "started_at": 100.0 + number,
        "finished_at": 200.0, "elapsed_seconds": 100.0, "phases": {"BUILDING": 60.0, "DEPLOYING": 40.0},
    }  # fmt: skip
    return HistoryRecord(**(values | more))  # type: ignore[arg-type]


def test_what_was_added_comes_back_newest_first(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db")
    entries = [record(1, app="x", author="Ada"), record(3), record(2, app="x", category="unknown")]
    for entry in entries:
        history.add(entry)
    assert [found.started_at for found in history.records()] == [103, 102, 101]
    assert history.records(limit=1) == [entries[1]]
    assert (tmp_path / "history.db").stat().st_mode & 0o777 == 0o600


def test_no_file_is_an_empty_history_and_makes_none(tmp_path: Path) -> None:
    assert History(tmp_path / "history.db").records() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, but long enough " * 40, b"\0" * 5000, b"SQLite format 3\0" + b"x" * 3000],
)
def test_a_corrupt_file_is_moved_aside_said_once_and_work_goes_on(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(content)
    history = History(path)
    history.add(record())
    history.add(record(1))
    assert len(history.records()) == 2 and len(history.warnings) == 1
    assert "history.db.corrupt-1" in history.warnings[0]
    assert (tmp_path / "history.db.corrupt-1").read_bytes() == content


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(AfterpushError, match="newer afterpush"):
        History(path).add(record())


def test_a_folder_in_its_place_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "history.db").mkdir()
    with pytest.raises(AfterpushError, match="cannot use the history"):
        History(tmp_path / "history.db").add(record())


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"

    def write(writer: int) -> None:
        for number in range(5):
            History(path).add(record(writer * 100 + number))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(History(path).records()) == 30
