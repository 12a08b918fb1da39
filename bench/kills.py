"""Kills the tasks that write at random moments: what is left, and does the next run heal it?

`python bench/kills.py 1000` prints one line for each task; `... 100 conflicts.resolve` kills one alone. Each
round forks a process that has our code loaded already, runs the task in it, and ends its whole group with
SIGKILL after a random part of the time that a whole run takes. Right: what git would add is whole (never half
a file, no temporary one), and after the next run the work tree is what it is without any kill.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROADMAP = "# Roadmap\n\n" + "".join(
    f"### TASK-{n}: Title {n}\n\n**Status:** ready\n\nDo part {n}.\n\n" for n in range(1, 25)
)
CONFIG = "push: {check: 'true'}\n"


@dataclass(frozen=True)
class Case:
    """A task, and what brings a fresh clone into the state before it."""

    words: tuple[str, ...]
    prepare: Callable[[Path], None]


def git(folder: Path, *words: str, check: bool = True) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def in_conflict(folder: Path) -> None:
    for branch, status in (("theirs", "done"), ("main", "in progress")):
        git(folder, "checkout", "-q", "-B", branch, "origin/main")
        text = ROADMAP.replace("**Status:** ready\n\nDo part 3", f"**Status:** {status}\n\nDo part 3")
        (folder / "docs/ROADMAP.md").write_text(text + f"### NEW-{branch}: x\n\n**Status:** ready\n\ny\n")
        git(folder, "commit", "-qam", branch)
    git(folder, "merge", "theirs", check=False)


CASES = [
    Case(("prompts.regen",), lambda folder: None),
    Case(("conflicts.install",), lambda folder: None),
    Case(("hooks.install", "--manager=git"), lambda folder: None),
    Case(("env.trust",), lambda folder: None),
    Case(("conflicts.resolve",), in_conflict),
]


def seed(lab: Path) -> Path:
    remote, first = lab / "remote.git", lab / "first"
    git(lab, "init", "-q", "--bare", "-b", "main", str(remote))
    git(lab, "clone", "-q", str(remote), str(first))
    git(first, "checkout", "-q", "-B", "main")
    for name, text in {"docs/ROADMAP.md": ROADMAP, "config/afterpush.yaml": CONFIG, "a.txt": "a\n"}.items():
        (first / name).parent.mkdir(parents=True, exist_ok=True)
        (first / name).write_text(text)
    git(first, "add", "-A")
    git(first, "commit", "-qm", "First")
    git(first, "push", "-q", "-u", "origin", "main")
    return first


def start(folder: Path, words: tuple[str, ...]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.chdir(folder)
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    from afterpush.program import program

    try:
        program.run(["afterpush", *words])
    except SystemExit as end:
        os._exit(int(end.code or 0))
    os._exit(0)


def picture(folder: Path) -> dict[str, str]:
    """Everything that git would add, and the leftovers that it would not."""
    listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    left = [str(path.relative_to(folder)) for path in folder.rglob(".afterpush-*")]
    paths = {*filter(None, listed), *left}
    return {
        path: hashlib.sha256((folder / path).read_bytes()).hexdigest()
        for path in sorted(paths)
        if (folder / path).is_file()
    }


def rounds(case: Case, first: Path, lab: Path, count: int) -> str:
    base = lab / "base"
    shutil.rmtree(base, ignore_errors=True)
    shutil.copytree(first, base, symlinks=True)
    case.prepare(base)
    before = picture(base)

    def fresh() -> Path:
        work = lab / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work, symlinks=True)
        return work

    work = fresh()
    began = time.monotonic()
    os.waitpid(start(work, case.words), 0)
    whole, expected = time.monotonic() - began, picture(work)
    killed = torn = unhealed = temporary = 0
    for _ in range(count):
        work = fresh()
        pid = start(work, case.words)
        time.sleep(random.uniform(0, whole * 1.05))
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed += os.WIFSIGNALED(status)
        now = picture(work)
        addable = git(work, "ls-files", "--others", "--exclude-standard")
        temporary += ".afterpush-" in addable or ".merge_file_" in addable
        torn += any(
            now[path] not in (before.get(path), expected.get(path))
            for path in now
            if ".afterpush-" not in path
        )
        git(work, "update-index", "-q", "--refresh", check=False)
        (work / ".git" / "index.lock").unlink(missing_ok=True)  # git's own, and its message says so.
        os.waitpid(start(work, case.words), 0)
        unhealed += picture(work) != expected
    return (
        f"{' '.join(case.words):32} {whole:5.2f} s  killed {killed} of {count}  torn {torn}  "
        f"temporary files that git would add {temporary}  not healed by the next run {unhealed}"
    )


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else 200
    cases = [case for case in CASES if case.words[0] in sys.argv[2:] or not sys.argv[2:]]
    import afterpush.documents.prompts.regen
    import afterpush.infra.safe_paths
    import afterpush.tasks  # noqa: F401

    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    os.environ |= identity | {name.replace("AUTHOR", "COMMITTER"): one for name, one in identity.items()}
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        lab = Path(folder)
        os.environ["HOME"] = str(lab)
        first = seed(lab)
        for case in cases:
            print(rounds(case, first, lab, max(1, count // len(cases))), flush=True)


if __name__ == "__main__":
    main()
