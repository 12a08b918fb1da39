"""Small merges with their right answers: the files of tests/data/conflicts, one merge each."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "conflicts"


@dataclass(frozen=True)
class MergeCase:
    """Three versions of a document and the merged text, which holds markers where a person must decide."""

    name: str
    path: str
    base: bytes
    ours: bytes
    theirs: bytes
    merged: bytes
    is_clean: bool


def merge_cases() -> list[MergeCase]:
    """All of them, by name."""
    return [_read(file) for file in sorted(FOLDER.glob("*.txt"))]


def _read(file: Path) -> MergeCase:
    head, *parts = re.split(r"^=== (\w+)\n", file.read_text(encoding="utf-8"), flags=re.M)
    texts = {name: text.encode() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    is_clean = "merged" in texts
    merged = texts["merged" if is_clean else "conflict"]
    path = head.removeprefix("path: ").strip()
    return MergeCase(file.stem, path, texts["base"], texts["ours"], texts["theirs"], merged, is_clean)
