"""Merging shared documents: afterpush beside `git merge-file`, `--union`, and taking one side whole.

Run as `python bench/conflicts.py`. The real conflicts are read from the shared data (see
tests/support/shared.py). What a merge lost is counted here, without the engine's own checks.
"""

import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.conflicts import DEFAULTS, Conflict, real_conflicts

from afterpush.conflicts.merge import merge_document
from afterpush.infra.git.merge_file import merge_file

ID = re.compile(
    r"(?<![\w-])(?:Session-)?\d{8}-[\w.-]+\w|(?<![\w-])[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)*-\d{1,4}(?![\w-])"
)
MARKER = re.compile(r"^(<{7}|={7}|>{7})( |$)")
SUMS = re.compile(r"\bTOTAL\b|\d%|^\*\*(Version|Last Updated)")


@dataclass
class Score:
    """What went wrong in one merge, or in several together."""

    lost_ids: int = 0
    lost_lines: int = 0
    duplicates: int = 0
    revived: int = 0
    papered: int = 0
    conflicts: int = 0
    clean: int = 0
    milliseconds: float = 0.0

    def add(self, other: "Score") -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def cells(self) -> list[str]:
        counts = (
            self.lost_ids,
            self.lost_lines,
            self.duplicates,
            self.revived,
            self.papered,
            self.conflicts,
            self.clean,
        )
        return [*map(str, counts), f"{self.milliseconds:.0f}"]


Merge = Callable[[Conflict], bytes]


def by_afterpush(conflict: Conflict) -> bytes:
    return conflict.merged().text


def by_git(conflict: Conflict) -> bytes:
    return merge_file(conflict.base or b"", conflict.ours, conflict.theirs).text


def by_union(conflict: Conflict) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for path, text in zip(paths, (conflict.ours, conflict.base or b"", conflict.theirs), strict=True):
            path.write_bytes(text)
        return subprocess.run(
            ["git", "merge-file", "-p", "--union", *paths], capture_output=True, check=False
        ).stdout


WAYS: dict[str, Merge] = {
    "afterpush": by_afterpush,
    "git merge-file": by_git,
    "git --union": by_union,
    "ours whole": lambda conflict: conflict.ours,
    "theirs whole": lambda conflict: conflict.theirs,
}


def said(text: bytes) -> list[str]:
    """The lines of a text without padding, markers, blank lines and rules."""
    lines = (re.sub(r"\s*\|\s*", "|", " ".join(line.split())) for line in text.decode().splitlines())
    return [line for line in lines if line.strip("|-: =") and not MARKER.match(line)]


def key_of(line: str) -> str:
    """What a line is about, whatever it says of it: a row's first cell, a key, the text without numbers."""
    cells = line.strip("|").split("|")
    return cells[0] if line.startswith("|") else re.sub(r"\d+", "0", line.split(":**")[0])


def score(conflict: Conflict, merged: bytes) -> Score:
    """Compares a merge with its three inputs, line by line and ID by ID."""
    base, ours, theirs, result = (
        Counter(said(text)) for text in (conflict.base or b"", conflict.ours, conflict.theirs, merged)
    )
    found = Score(conflicts=merged.decode().count("\n<<<<<<< ") + merged.startswith(b"<<<<<<< "))
    found.clean = int(found.conflicts == 0)
    for mine, other in ((ours, theirs), (theirs, ours)):
        touched = {key_of(line) for line in base - other} if conflict.base else set()
        lost = [
            line for line in mine - base - result if key_of(line) not in touched and not SUMS.search(line)
        ]
        found.lost_lines += len(lost)
        if conflict.base and found.clean:
            keys = {key_of(line) for line in mine}
            idle = (line for line in base - mine if other[line] >= base[line] and key_of(line) not in keys)
            found.revived += sum(result[line] > mine[line] for line in idle)
    ids = [Counter(ids_in(lines)) for lines in (base, ours, theirs, result)]
    for known in ids[1].keys() | ids[2].keys():
        before, mine_count, yours = (count[known] for count in ids[:3])
        deleted = before and not (mine_count and yours)
        found.lost_ids += not ids[3][known] and not deleted
    if found.clean:
        heads = [Counter(map(key_of, rows(lines))) for lines in (base, ours, theirs, result)]
        for key, count in heads[3].items():
            before, mine_count, yours = (head[key] for head in heads[:3])
            found.duplicates += count > max(mine_count, yours, mine_count + yours - before) or (
                not before and mine_count and yours and count > max(mine_count, yours)
            )
        found.papered = len(conflict_ids(conflict) & ids[3].keys())
    return found


def ids_in(lines: Iterable[str]) -> Iterable[str]:
    return (known for line in lines if not SUMS.search(line) for known in ID.findall(line))


def rows(lines: Counter[str]) -> Iterable[str]:
    """Rows and headings that are about an ID."""
    for line, count in lines.items():
        if line.startswith(("|", "#")) and ID.search(key_of(line)):
            yield from [line] * count


def conflict_ids(conflict: Conflict) -> set[str]:
    """The IDs that both sides minted for different things: new in both, and in no line alike."""
    places: list[dict[str, set[str]]] = []
    for text in (conflict.base or b"", conflict.ours, conflict.theirs):
        found: dict[str, set[str]] = {}
        for line in said(text):
            for known in ID.findall(line):
                found.setdefault(known, set()).add(line)
        places.append(found)
    base, ours, theirs = places
    return {known for known in ours.keys() & theirs.keys() - base.keys() if not ours[known] & theirs[known]}


def compare(conflicts: list[Conflict]) -> None:
    columns = (
        "lost IDs,lost lines,new duplicates,revived deletions,collisions papered over,hunks,clean,ms".split(
            ","
        )
    )
    print(f"## {len(conflicts)} real conflicts\n")
    print(f"| way | {' | '.join(columns)} |\n| --- |{' ---: |' * len(columns)}")
    for name, merge in WAYS.items():
        total = Score()
        for conflict in conflicts:
            began = perf_counter()
            merged = merge(conflict)
            milliseconds = (perf_counter() - began) * 1000
            found = score(conflict, merged)
            found.milliseconds = milliseconds
            total.add(found)
        print(f"| {name} | {' | '.join(total.cells())} |")
    print("\n| conflict | afterpush | git merge-file |\n| --- | --- | --- |")
    for conflict in conflicts:
        mine, git = (shown(score(conflict, merge(conflict)).conflicts) for merge in (by_afterpush, by_git))
        print(f"| {conflict.name} | {mine} | {git} |")


def shown(hunks: int) -> str:
    return f"{hunks} in conflict" if hunks else "clean"


def large(conflict: Conflict, size: int) -> list[bytes]:
    """Three texts of at least `size` bytes: the conflict again and again, each time under other IDs."""
    texts = [(conflict.base or b"").decode(), conflict.ours.decode(), conflict.theirs.decode()]
    copies = size // min(len(text.encode()) for text in texts) + 1
    return [
        "\n".join(
            ID.sub(lambda found, mark=mark: f"{mark}{found[0]}", text) for mark in ["", *"KXYZ"][:copies]
        ).encode()
        for text in texts
    ]


def time_large(conflicts: list[Conflict]) -> None:
    texts = large(next(conflict for conflict in conflicts if conflict.name == "roadmap-4"), 300_000)
    assert not merge_document(*texts, path="docs/ROADMAP.md", documents=DEFAULTS).warnings
    print(f"\n## A roadmap of {len(texts[0]) // 1000} kB, with process start-up\n")
    print("| way | ms (median of 7) | of that CPU |\n| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("base", "ours", "theirs")]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text)
        driver = [
            sys.executable,
            "-m",
            "afterpush.conflicts.git.driver",
            *paths,
            "--path=docs/ROADMAP.md",
            f"--output={folder}/out",
        ]
        git = ["git", "merge-file", "-p", paths[1], paths[0], paths[2]]
        for name, words in (
            ("afterpush (the merge driver)", driver),
            ("git merge-file", git),
            ("python -c pass", [sys.executable, "-c", "pass"]),
        ):
            wall, cpu = zip(*(timed(words, folder) for _ in range(7)), strict=True)
            print(f"| {name} | {median(wall):.0f} | {median(cpu):.0f} |")


def timed(words: list[str | Path], folder: str) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run(words, cwd=folder, capture_output=True, check=False)
    wall, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000


if __name__ == "__main__":
    found = real_conflicts()
    compare(found)
    time_large(found)
