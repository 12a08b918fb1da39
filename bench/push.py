"""Many clones push at once: `inv push` beside the plain loop of pull --rebase and push.

Run as `python bench/push.py [CLONES] [CHANGES]`. Every clone makes its changes one after the other, all
clones at the same time, on a local bare remote. A change has landed when the remote's main has it in the
end. Both ways get ten attempts for each change; the plain loop waits up to a second, at random, in between,
and gives a change up when its rebase stops at a conflict.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = 10
ROADMAP = "docs/ROADMAP.md"
ENVIRONMENT = os.environ | {
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "AFTERPUSH_REPO": "",
}


@dataclass
class Tried:
    """What became of one change."""

    attempts: int
    seconds: float


def git(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def prepare(folder: Path, clones: int) -> list[Path]:
    """A remote with a roadmap of forty tasks on main, and its clones."""
    remote, seed = folder / "remote.git", folder / "seed"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(folder, "clone", "--quiet", str(remote), str(seed))
    git(seed, "checkout", "--quiet", "-B", "main")
    tasks = "".join(f"\n### SEED-{number:03}: Task\n\n**Status:** ready\n" for number in range(1, 41))
    write(seed, ROADMAP, f"# Roadmap\n{tasks}")
    # The watch over a deployment is not what is measured here.
    write(seed, "config/afterpush.yaml", "deploy: {branches: []}\n")
    git(seed, "add", "--all")
    git(seed, "commit", "--quiet", "--message", "Seed")
    git(seed, "push", "--quiet", "origin", "main")
    paths = [folder / f"clone-{number}" for number in range(clones)]
    for path in paths:
        git(folder, "clone", "--quiet", str(remote), str(path))
    return paths


def change_document(clone: Path, mark: str) -> None:
    """A new task at the end of the roadmap, where everybody adds theirs."""
    with (clone / ROADMAP).open("a") as file:
        file.write(f"\n### {mark}: A new task\n\n**Status:** ready\n")


def change_own_file(clone: Path, mark: str) -> None:
    write(clone, f"work/{mark}", f"{mark}\n")


def inv_push(clone: Path) -> int:
    """The number of attempts; a change that did not land is given up."""
    words = [sys.executable, "-c", "from afterpush.program import main; main()", "push"]
    done = subprocess.run(
        [*words, f"--attempts={ATTEMPTS}", "--json"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    told = json.loads(done.stdout)
    if not told.get("pushed"):
        print(f"not landed: {told}", file=sys.stderr)
        git(clone, "reset", "--hard", "--quiet", "origin/main")
    return int(told.get("attempts", 0))


def plain_loop(clone: Path) -> int:
    """The same for what people write themselves."""
    for attempt in range(1, ATTEMPTS + 1):
        if git(clone, "pull", "--quiet", "--rebase", "origin", "main").returncode != 0:
            git(clone, "rebase", "--abort")
            git(clone, "reset", "--hard", "--quiet", "origin/main")
            return attempt
        if git(clone, "push", "--quiet", "origin", "HEAD:main").returncode == 0:
            return attempt
        time.sleep(random.random())
    git(clone, "reset", "--hard", "--quiet", "origin/main")
    return ATTEMPTS


WAYS: dict[str, Callable[[Path], int]] = {"inv push": inv_push, "pull --rebase, push": plain_loop}
CHANGES: dict[str, Callable[[Path, str], None]] = {
    "the same document": change_document,
    "a file of their own": change_own_file,
}


def work(way: str, change: str, clone: Path, number: int, changes: int) -> list[Tried]:
    """All changes of one clone, one after the other."""
    tried = []
    for count in range(changes):
        CHANGES[change](clone, f"AGENT{number}-{count:03}")
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message", f"Change {count} of {number}")
        began = time.monotonic()
        attempts = WAYS[way](clone)
        tried.append(Tried(attempts, time.monotonic() - began))
    return tried


@dataclass
class Race:
    """What came of one race."""

    landed: int
    total: int
    attempts: int
    worst: int
    seconds: float
    slowest: float

    def row(self, way: str, change: str) -> str:
        """Its row of the table."""
        counts = f"{self.landed} of {self.total} | {self.attempts} | {self.worst}"
        return f"| {way} | {change} | {counts} | {self.seconds:.1f} | {self.slowest:.1f} |"


def race(way: str, change: str, clones: int, changes: int) -> Race:
    """All clones make their changes at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = prepare(folder, clones)
        began = time.monotonic()
        with ThreadPoolExecutor(clones) as pool:
            jobs = [
                pool.submit(work, way, change, path, number, changes) for number, path in enumerate(paths)
            ]
            tried = [one for job in jobs for one in job.result()]
        seconds = time.monotonic() - began
        landed = count_landed(folder, change, clones, changes)
    return Race(
        landed,
        clones * changes,
        attempts=sum(one.attempts for one in tried),
        worst=max(one.attempts for one in tried),
        seconds=seconds,
        slowest=max(one.seconds for one in tried),
    )


def count_landed(folder: Path, change: str, clones: int, changes: int) -> int:
    """How many of the changes the remote's main has."""
    check = folder / "check"
    git(folder, "clone", "--quiet", str(folder / "remote.git"), str(check))
    text = (check / ROADMAP).read_text()
    marks = [f"AGENT{number}-{count:03}" for number in range(clones) for count in range(changes)]
    if CHANGES[change] is change_document:
        return sum(text.count(f"### {mark}: A new task\n\n**Status:** ready\n") == 1 for mark in marks)
    return sum((check / "work" / mark).exists() for mark in marks)


def main() -> None:
    clones = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{clones} clones, {changes} changes each, all at once\n")
    print("| way | everybody changes | landed | attempts | most for one | seconds | slowest push |")
    print("|---|---|---|---|---|---|---|")
    for change in CHANGES:
        for way in WAYS:
            print(race(way, change, clones, changes).row(way, change), flush=True)


if __name__ == "__main__":
    main()
