"""Merging shared documents: afterpush beside `git merge-file`, `diff3 -m` and `--union`; large ones timed.

Run as `python bench/conflicts.py`. The merges are the small cases of the tests; what a merge lost, doubled or
brought back is counted here, line by line, without the engine's own check.
"""

import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.conflicts import DEFAULTS
from tests.support.document_styles import versions
from tests.support.merge_cases import MergeCase, merge_cases

from afterpush.conflicts.merge import merge_document

Texts = tuple[bytes, bytes, bytes]
Merge = Callable[[Texts, str], tuple[bytes, bool]]


def by_afterpush(texts: Texts, path: str) -> tuple[bytes, bool]:
    merged = merge_document(*texts, path=path, documents=DEFAULTS)
    return merged.text, merged.is_clean


def by_command(*words: str) -> Merge:
    """Another tool; its exit code 0 means clean."""

    def merge(texts: Texts, path: str) -> tuple[bytes, bool]:
        with tempfile.TemporaryDirectory() as folder:
            places = [Path(folder, name) for name in ("ours", "base", "theirs")]
            for place, text in zip(places, (texts[1], texts[0], texts[2]), strict=True):
                place.write_bytes(text)
            done = subprocess.run([*words, *map(str, places)], capture_output=True, check=False)
        return done.stdout, done.returncode == 0

    return merge


WAYS: dict[str, Merge] = {
    "afterpush": by_afterpush,
    "git merge-file": by_command("git", "merge-file", "-p"),
    "diff3 -m": by_command("diff3", "-m"),
    "git --union": by_command("git", "merge-file", "-p", "--union"),
}


def compare_cases(cases: Sequence[MergeCase]) -> None:
    """How many of the cases each way answers as it should."""
    print(f"## {len(cases)} small merges\n\n| way | right | clean and wrong | conflict that can be settled |")
    print("| --- | ---: | ---: | ---: |")
    for name, merge in WAYS.items():
        right = wrong = needless = 0
        for case in cases:
            text, is_clean = merge((case.base, case.ours, case.theirs), case.path)
            right += is_clean == case.is_clean and (not is_clean or text == case.merged)
            wrong += is_clean and (not case.is_clean or text != case.merged)
            needless += case.is_clean and not is_clean
        print(f"| {name} | {right} | {wrong} | {needless} |")


def numbered(text: str) -> Counter[str]:
    """The number that each line of a made-up document carries."""
    lines = (re.search(r"\b[bot]\d+\b", line.lower()) for line in text.splitlines() if line[:1] != "[")
    return Counter(found[0] for found in lines if found)


def compare_made(count: int) -> None:
    """Random pairs of edits on made-up documents of many styles."""
    print(f"\n## {count} random pairs of edits\n\n| way | clean | of these lost, doubled or back |")
    print("| --- | ---: | ---: |")
    for name, merge in WAYS.items():
        clean = wrong = 0
        for seed in range(count):
            base, ours, theirs = versions(seed, 2)
            text, is_clean = merge((base.encode(), ours.encode(), theirs.encode()), "NOTES.md")
            before, mine, yours = map(numbered, (base, ours, theirs))
            expected = set((before & mine & yours) + (mine - before) + (yours - before))
            found = numbered(text.decode())
            clean += is_clean
            wrong += is_clean and (set(found) != expected or any(times > 1 for times in found.values()))
        print(f"| {name} | {clean} | {wrong} |")


def changelog(releases: int) -> list[str]:
    lines = ["# Changelog", "", "## [Unreleased]", "", "- The first change", ""]
    for release in range(releases, 0, -1):
        lines += [f"## 1.{release}.0", "", "### Fixed", ""]
        lines += [f"- Change {release}-{count} speaks of a thing in some words" for count in range(8)] + [""]
    return lines


def large(kind: str, size: int) -> tuple[Texts, str]:
    """Three texts of about `size` bytes, changed at their beginning and in their middle."""
    if kind == "JSON lines":
        lines = [f'{{"id":"x-{count}","title":"record {count}","open":true}}' for count in range(size // 50)]
        path, new = "issues.jsonl", '{{"id":"y-{}","title":"new"}}'
    elif kind == "items":
        lines = ["# Todo", "", *(f"- [ ] thing {count} is to be done soon" for count in range(size // 36))]
        path, new = "TODO.md", "- [ ] a new thing of {}"
    else:
        lines, path, new = changelog(size // 480), "CHANGELOG.md", "- A new change of {}"
    sides = []
    for name in ("ours", "theirs"):
        side = list(lines)
        side.insert(5, new.format(name))
        side.insert(len(side) // (2 if name == "ours" else 3), new.format(f"{name} too"))
        sides.append("\n".join(side).encode() + b"\n")
    return ("\n".join(lines).encode() + b"\n", sides[0], sides[1]), path


def time_large() -> None:
    print("\n## Large documents through the merge driver, start-up included\n")
    print("| document | afterpush: CPU ms (median of 5) | git merge-file | python -c pass |")
    print("| --- | ---: | ---: | ---: |")
    sizes = {"changelog": (340_000, 3_000_000), "items": (1_000_000,), "JSON lines": (3_000_000,)}
    for kind, size in ((kind, size) for kind, some in sizes.items() for size in some):
        texts, path = large(kind, size)
        with tempfile.TemporaryDirectory() as folder:
            places = [Path(folder, name) for name in ("base", "ours", "theirs")]
            for place, text in zip(places, texts, strict=True):
                place.write_bytes(text)
            driver = [sys.executable, "-P", "-m", "afterpush.conflicts.git.driver", *map(str, places)]
            ways = (
                [*driver, f"--path={path}", f"--output={folder}/out"],
                ["git", "merge-file", "-p", str(places[1]), str(places[0]), str(places[2])],
                [sys.executable, "-c", "pass"],
            )
            times = [median(timed(words, folder) for _ in range(5)) for words in ways]
        print(f"| {kind}, {len(texts[0]) // 1000} kB | {' | '.join(f'{time:.0f}' for time in times)} |")


def timed(words: Sequence[str], folder: str) -> float:
    """The CPU time of a command in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


if __name__ == "__main__":
    compare_cases(merge_cases())
    compare_made(300)
    time_large()
