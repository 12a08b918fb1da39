"""Many branches onto one main: `queue.run` beside a serial queue and a plain loop of git merges.

Run as `python -m bench.merge_queue [BRANCHES] [BAD] [CHECK SECONDS] [SILENT]`. The serial queue is what
one writes first: for each branch in turn a merge, the check on it, a push. The plain loop checks nothing:
`git merge` for each branch, one push in the end, to compare `queue.run` without a check (0 seconds) with.
Bad branches add a file that the check does not like; its log names the file unless SILENT is given. `lost`
counts good branches that are not on main in the end, `red` commits of main that the check would not pass.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.swarm import ENVIRONMENT, git


def repository(folder: Path, count: int, bad: set[int]) -> Path:
    """A clone with a remote and so many branches of main, made in one go."""
    git(folder, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(folder, "init", "-q", "-b", "main", "app")
    app = folder / "app"
    git(app, "remote", "add", "origin", "../remote.git")
    who = "committer Bench <bench@example.org> 1700000000 +0000\ndata 4\nwork\n"
    files = "".join(f"M 644 inline src{n % 10}/file{n}\ndata 5\nline\n\n" for n in range(200))
    parts = [f"commit refs/heads/main\nmark :1\n{who}{files}"]
    for n in range(count):
        name = f"bad{n}" if n in bad else f"good{n}"
        added = f"M 644 inline new/{name}\ndata 5\nline\n\n"
        parts.append(f"commit refs/heads/agents/b{n:03}\n{who}from :1\n{added}")
    stream = "".join(parts).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=app, input=stream, env=ENVIRONMENT, check=True)
    git(app, "checkout", "-q", "-f", "main")
    git(app, "push", "-q", "-u", "origin", "main")
    return app


def branches(app: Path) -> list[str]:
    return git(app, "for-each-ref", "--format=%(refname:short)", "refs/heads/agents").stdout.split()


def by_queue(app: Path, *words: str) -> int:
    """The number of check runs."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from afterpush.__main__ import main; main()"),
            *("queue.run", "--pattern=agents/*", "--json", *words),
        ],
        cwd=app,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    return int(json.loads(done.stdout)["check_runs"])


def serially(app: Path, check: str) -> int:
    for name in branches(app):
        git(app, "merge", "-q", "--no-ff", "--no-edit", name)
        if subprocess.run(["sh", "-c", check], cwd=app, env=ENVIRONMENT, check=False).returncode:
            git(app, "reset", "-q", "--hard", "HEAD~1")
        else:
            git(app, "push", "-q", "origin", "main")
    return len(branches(app))


def plainly(app: Path) -> int:
    for name in branches(app):
        git(app, "merge", "-q", "--no-ff", "--no-edit", name)
    git(app, "push", "-q", "origin", "main")
    return 0


def measured(way: str, count: int, bad: set[int], check: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        app = repository(Path(name), count, bad)
        began = time.monotonic()
        if way == "serial":
            runs = serially(app, check)
        elif way == "plain loop":
            runs = plainly(app)
        else:
            runs = by_queue(app, *way.split()[1:], *([f"--check={check}"] if check else []))
        seconds = time.monotonic() - began
        remote = Path(name) / "remote.git"
        commits = git(remote, "rev-list", "--first-parent", "main").stdout.split()
        trees = [git(remote, "ls-tree", "-r", "--name-only", commit).stdout for commit in commits]
        lost = count - len(bad) - trees[0].count("new/good")
        red = sum("new/bad" in tree for tree in trees) if check else 0
    return f"| {way} | {seconds:.1f} | {runs} | {lost} | {red} |"


def main() -> None:
    count, few = (int(word) for word in (*sys.argv[1:3], 32, 2)[:2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    shown = ">/dev/null" if "SILENT" in sys.argv else ""
    bad = set(random.Random(1).sample(range(count), few))
    check = f"sleep {seconds}; ! ls new/bad* {shown} 2>/dev/null"
    ways = ["serial", "queue.run", "queue.run --parallel=1"] if seconds else ["plain loop", "queue.run"]
    print(f"{count} branches, {few} bad, a check of {seconds:g} s\n")
    print("| way | seconds | check runs | lost | red commits |")
    print("|---|---|---|---|---|")
    for way in ways:
        print(measured(way, count, bad if seconds else set(), check if seconds else ""), flush=True)


if __name__ == "__main__":
    main()
