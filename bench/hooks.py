"""What the hooks cost: run as `python bench/hooks.py`; prints Markdown tables.

1. `inv hooks.pre-push` beside an empty Invoke collection.
2. What the hooks add to a `git push` to a bare repository on this disk, beside no hooks, and beside what
   the plan's `.husky/post-push` does, which has to be run by hand after each push because git does not.
   Most pushes take the shortcut; those that there is something to say about go through Invoke.

Rounds are interleaved, so that a busy machine slows all alike; medians are printed.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PYTHON = Path(sys.executable)
INV = PYTHON.with_name("inv")
AFTERPUSH = PYTHON.with_name("afterpush")
ROUNDS = 20
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
}

# What the plan's script does, step by step: which branch, the user's shell configuration, which commit,
# the pid and lock files, whether mysql is there for the quick check, a monitor in the background.
PLAN = """#!/usr/bin/env bash
branch=$(git rev-parse --abbrev-ref HEAD)
[ "$branch" = main ] || exit 0
if [ -f "$HOME/.zshrc" ]; then . "$HOME/.zshrc"; elif [ -f "$HOME/.bashrc" ]; then . "$HOME/.bashrc"; fi
sha=$(git rev-parse HEAD)
status=.deployment-status-${sha:0:7}.log
pidfile=.deployment-monitor-${sha:0:7}.pid
lock=.deployment-monitor-${sha:0:7}.lock
if [ -f "$pidfile" ]; then
    old=$(cat "$pidfile" 2>/dev/null)
    if ps -p "$old" >/dev/null 2>&1; then exit 0; else rm -f "$pidfile"; fi
fi
[ ! -f "$lock" ] || sleep 1
touch "$lock"
if command -v mysql >/dev/null 2>&1 && [ -n "$DB_HOST" ] && [ -n "$DB_PASS" ]; then
    mysql --host="$DB_HOST" -e 'SELECT 1' >/dev/null
fi
nohup bash monitor.sh "$sha" >"$status" 2>&1 &
echo "$!" >"$pidfile"
rm -f "$lock"
echo "monitoring in the background (PID: $!)"
"""


class Bench:
    """A scratch folder with its own HOME."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"} | IDENTITY

    def run(
        self, *words: str | Path, cwd: Path, input: str = "", env: Mapping[str, str] | None = None
    ) -> str:
        done = subprocess.run(
            words, cwd=cwd, env=self.env | dict(env or {}), input=input, capture_output=True, text=True
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, words))}: {done.stderr}")
        return done.stdout.strip()

    def seconds(
        self, *words: str | Path, cwd: Path, input: str = "", env: Mapping[str, str] | None = None
    ) -> float:
        began = time.perf_counter()
        self.run(*words, cwd=cwd, input=input, env=env)
        return time.perf_counter() - began

    def clone(self, name: str) -> Path:
        """A clone with one pushed commit, of a bare repository of its own."""
        remote, path = self.folder / f"{name}.git", self.folder / name
        self.run("git", "init", "-q", "--bare", "-b", "main", remote, cwd=self.folder)
        self.run("git", "clone", "-q", remote, path, cwd=self.folder)
        (path / ".gitignore").write_text(".deployment-*\n.husky/_\n")
        self.run("git", "checkout", "-q", "-B", "main", cwd=path)
        self.commit(path)
        self.run("git", "push", "-q", "-u", "origin", "main", cwd=path)
        return path

    def commit(self, path: Path) -> str:
        (path / "file.txt").write_text(f"{time.perf_counter_ns()}\n")
        self.run("git", "add", "-A", cwd=path)
        self.run("git", "commit", "-q", "-m", "change", cwd=path)
        return self.run("git", "rev-parse", "HEAD", cwd=path)

    def settled(self, path: Path) -> None:
        """Waits for what runs in the background, so that it does not slow the next round."""
        while any(_cwd(pid).is_relative_to(path) for pid in _pids() if pid != os.getpid()):
            time.sleep(0.01)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _cwd(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("/")


def measure(rounds: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Each way once a round, in turn; the first round warms the caches and does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            took = way()
            if number:
                times[name].append(took * 1000)
    return times


def table(heading: str, times: Mapping[str, list[float]], base: str, unit: str) -> None:
    print(f"\n{heading}\n\n| way | median ms | best ms | {unit} |\n|---|---|---|---|")
    reference = statistics.median(times[base])
    for name, values in times.items():
        middle = statistics.median(values)
        against = f"{middle / reference:.2f} x" if unit == "ratio" else f"+{middle - reference:.0f}"
        print(f"| {name} | {middle:.0f} | {min(values):.0f} | {against} |")


def startup(bench: Bench) -> None:
    empty = bench.folder / "empty"
    empty.mkdir()
    (empty / "tasks.py").write_text("from invoke import task\n@task\ndef nothing(c):\n    pass\n")
    path = bench.clone("startup")
    (path / "tasks.py").write_text("from afterpush.tasks import ns\n")
    configured = bench.clone("configured")
    (configured / "tasks.py").write_text("from afterpush.tasks import ns\n")
    (configured / "config").mkdir()
    (configured / "config/afterpush.yaml").write_text("deploy: {branches: [main, live]}\n")

    def pre_push(where: Path) -> float:
        old = bench.run("git", "rev-parse", "HEAD", cwd=where)
        line = f"refs/heads/main {bench.commit(where)} refs/heads/main {old}\n"
        words = (INV, "hooks.pre-push", "--remote", "origin", "--url", where.with_suffix(".git"))
        took = bench.seconds(*words, cwd=where, input=line)
        bench.settled(where)
        return took

    times = measure(
        ROUNDS,
        {
            "empty Invoke collection": lambda: bench.seconds(INV, "nothing", cwd=empty),
            "`inv hooks.pre-push`, arms the watcher": lambda: pre_push(path),
            "the same with a `config/afterpush.yaml`": lambda: pre_push(configured),
        },
    )
    table("`inv hooks.pre-push` beside an empty Invoke collection", times, "empty Invoke collection", "ratio")


def pushes(bench: Bench) -> None:
    names = "plain plan ours long husky bare_husky".split()
    plain, plan, ours, long, husky, bare_husky = (bench.clone(name) for name in names)
    (plan / "monitor.sh").write_text("sleep 0.2\n")
    script = plan / ".husky/post-push"
    script.parent.mkdir()
    script.write_text(PLAN)
    for path in (ours, long, husky):
        (path / ".husky").mkdir()
        (path / ".husky/post-push").write_text(":\n")
    for path in (ours, long):
        bench.run(AFTERPUSH, "hooks.install", "--manager=git", cwd=path)
    has_husky = shutil.which("npm") and _husky(bench, husky, bare_husky)

    def push(where: Path, *after: str, takes_shortcut: bool = True) -> float:
        bench.commit(where)
        long_way = {} if takes_shortcut else {"AFTERPUSH_AGAIN": "1"}
        took = bench.seconds("git", "push", "-q", cwd=where, env=long_way)
        if after:
            took += bench.seconds(*after, cwd=where)
        bench.settled(where)
        return took

    ways: dict[str, Callable[[], float]] = {
        "no hooks, nothing watched": lambda: push(plain),
        "the plan's script, by hand after the push": lambda: push(plan, "bash", ".husky/post-push"),
        "ours, in `.git/hooks`": lambda: push(ours),
    }
    if has_husky:
        ways["husky 9 alone, with an empty pre-push"] = lambda: push(bare_husky)
        ways["ours, under husky 9"] = lambda: push(husky)
    ways["ours, with something to say (Invoke)"] = lambda: push(long, takes_shortcut=False)
    table(
        "`git push` to a bare repository on this disk",
        measure(ROUNDS, ways),
        "no hooks, nothing watched",
        "added ms",
    )


def _husky(bench: Bench, path: Path, bare: Path) -> bool:
    words = ("npm", "install", "--no-audit", "--no-fund", "--prefix", bench.folder, "husky@9")
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode != 0:
        return False
    for each in (path, bare):
        bench.run("node", bench.folder / "node_modules/husky/bin.js", cwd=each)
    (bare / ".husky/pre-push").write_text(":\n")
    bench.run(AFTERPUSH, "hooks.install", cwd=path)
    return True


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterpush-bench-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder).resolve())
        startup(bench)
        pushes(bench)


if __name__ == "__main__":
    main()
