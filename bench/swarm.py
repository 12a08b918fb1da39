"""Many agents, one main: `swarm.run` beside the plain loop of pull --rebase and push.

Run as `python bench/swarm.py [TASKS] [AGENTS]`. An agent's work is instant: it writes one file. The plain
loop is what agents are usually told to do, each in a clone of its own: commit, `git pull --rebase`,
`git push`, again when the push was too late. It claims nothing, checks nothing, supervises nothing and
writes no journal. Landed is what the remote's main has in the end; orphans are processes of ours that still
run then.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

from afterpush.infra.processes.tagged import with_tag
from afterpush.swarm.agent.supervisor import TAG

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "AFTERPUSH"))
} | {
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["git", *words], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def repository(folder: Path, tasks: int) -> Path:
    """A clone whose pushed roadmap has so many ready tasks, beside its bare remote."""
    git(folder, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(folder, "clone", "-q", "remote.git", "app")
    app = folder / "app"
    git(app, "checkout", "-q", "-B", "main")
    (app / "docs").mkdir()
    sections = (f"### WORK-{n:03}: Piece {n}\n\n**Status:** ready\n\n" for n in range(tasks))
    (app / "docs/ROADMAP.md").write_text("# Roadmap\n\n" + "".join(sections))
    git(app, "add", "--all")
    git(app, "commit", "-q", "-m", "Roadmap")
    git(app, "push", "-q", "origin", "main")
    return app


def by_swarm(folder: Path, tasks: int, agents: int, *, check: bool) -> tuple[float, str]:
    """The seconds of a run, and what else it says."""
    app = repository(folder, tasks)
    words = ["swarm.run", "--ready", f"--agents={agents}", "--command=echo x >done.$AFTERPUSH_TASK", "--json"]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "from afterpush.__main__ import main; main()", *words]
        + (["--check=test -e docs/ROADMAP.md"] if check else []),
        cwd=app,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    states = [entry["state"] for entry in json.loads(done.stdout)["tasks"]]
    assert states.count("merged") == len(states), done.stderr
    return seconds, str(len(with_tag(TAG, str((app / ".git").resolve()))))


def by_hand(folder: Path, tasks: int, agents: int) -> tuple[float, str]:
    """The plain loop, with threads in the place of agents."""
    repository(folder, tasks)
    clones = [folder / f"clone-{number}" for number in range(agents)]
    for clone in clones:
        git(folder, "clone", "-q", "remote.git", str(clone))
    todo: SimpleQueue[int] = SimpleQueue()
    for number in range(tasks):
        todo.put(number)
    pushes, lock = [0], threading.Lock()

    def work(clone: Path) -> None:
        while True:
            try:
                number = todo.get_nowait()
            except Empty:
                return
            name = f"done.WORK-{number:03}"
            subprocess.run(["sh", "-c", f"echo x >{name}"], cwd=clone, check=True)
            git(clone, "add", "--all")
            git(clone, "commit", "-q", "-m", name)
            while True:
                git(clone, "pull", "-q", "--rebase", "origin", "main")
                with lock:
                    pushes[0] += 1
                if git(clone, "push", "-q", "origin", "HEAD:main", check=False).returncode == 0:
                    break

    began = time.monotonic()
    with ThreadPoolExecutor(agents) as pool:
        list(pool.map(work, clones))
    return time.monotonic() - began, "-"


def row(way: str, folder: Path, tasks: int, measured: tuple[float, str]) -> str:
    seconds, orphans = measured
    listed = git(folder / "remote.git", "ls-tree", "--name-only", "main").stdout.split()
    lost = tasks - sum(name.startswith("done.WORK-") for name in listed)
    each = seconds / tasks * 1000
    return f"| {way} | {seconds:.1f} | {tasks / seconds:.1f} | {each:.0f} | {lost} | {orphans} |"


def main() -> None:
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    agents = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    print(f"{tasks} tasks, {agents} agents at once, work that takes no time\n")
    print("| way | seconds | merges per second | milliseconds per task | lost | orphans |")
    print("|---|---|---|---|---|---|")
    ways = {
        "plain loop: pull --rebase, push": lambda folder: by_hand(folder, tasks, agents),
        "swarm.run": lambda folder: by_swarm(folder, tasks, agents, check=False),
        "swarm.run with a check of each merge": lambda folder: by_swarm(folder, tasks, agents, check=True),
    }
    for way, measure in ways.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            print(row(way, folder, tasks, measure(folder)), flush=True)


if __name__ == "__main__":
    main()
