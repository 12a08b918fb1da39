"""The record of pushes."""

from pathlib import Path

from afterpush.infra.push_record import Push, append_push, read_pushes

SHA = "9a4df0b" + "1" * 33


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "pushes.jsonl"
    pushes = [Push(SHA, f"refs/heads/{name}", "origin", 12.5, True, began_at=11.0) for name in ("a", "b")]
    for push in pushes:
        append_push(path, push)
    assert read_pushes(path) == pushes
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_record_and_lines_that_are_none_are_no_pushes(tmp_path: Path) -> None:
    path = tmp_path / "pushes.jsonl"
    assert read_pushes(path) == []
    odd = '{"sha": "a", "ref": "b", "remote": "c", "pushed_at": "x", "landed": true}'
    path.write_text(f'{{"sha": 1}}\nnull\n[]\n{odd}\n{{')
    assert read_pushes(path) == []
    append_push(path, Push(SHA, "refs/heads/main", "origin", 1.0, True))
    assert read_pushes(path) == [], "it went on in the line that was cut off"
    append_push(path, Push(SHA, "refs/heads/main", "origin", 2.0, True))
    assert [push.pushed_at for push in read_pushes(path)] == [2.0]


def test_a_large_record_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "pushes.jsonl"
    for number in range(900):
        append_push(path, Push(SHA, "refs/heads/main", "origin", float(number), True))
    kept = read_pushes(path)
    assert kept[-1].pushed_at == 899 and len(kept) < 900 and path.stat().st_size < 80_000
