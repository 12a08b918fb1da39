"""The background monitor's memory, measured from outside while it watches the simulated platform.

Run: python -m bench.monitor
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.faults import FakePlatform, serve

from afterpush.simulator.model import TOKEN
from afterpush.simulator.scenario import stuck

LIMIT_MEGABYTES = 30.0
SECONDS = 6


def repository(folder: Path) -> str:
    """A repository with one commit; its sha."""
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def started(folder: str, variables: dict[str, str]) -> int:
    """The pid of a background monitor, started as a user does."""
    words = ["deploy.monitor", "--background", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "afterpush", *words],
        env=dict(os.environ) | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(done.stdout)["pid"])


def resident(pid: int) -> dict[str, float]:
    """Resident memory in megabytes (MiB): all, and the part that is not shared with other processes."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM")}


def main() -> None:
    """Prints the table."""
    platform = FakePlatform()
    app = platform.add_app()
    with tempfile.TemporaryDirectory() as folder, serve(platform) as url:
        sha = repository(Path(folder))
        platform.push(sha, plan=stuck())
        config = Path(folder, "config")
        config.mkdir()
        (config / "afterpush.yaml").write_text(
            "deploy: {poll: {discover_seconds: 0.2, building_seconds: 0.2}}\n"
        )
        variables = {"DIGITALOCEAN_TOKEN": TOKEN, "DIGITALOCEAN_API_URL": url, "AFTERPUSH_APP": app.id}
        bare = subprocess.Popen([sys.executable, "-P", "-c", "import time; time.sleep(99)"])
        pid = started(folder, variables)
        time.sleep(SECONDS)
        rows = {"an idle Python": resident(bare.pid), "the monitor": resident(pid)}
        os.kill(pid, signal.SIGTERM)
        bare.terminate()
        bare.wait()
        asked = len(platform.requests)
    print(f"after {SECONDS} s and {asked} looks, with a configuration file (limit: {LIMIT_MEGABYTES} MB)\n")
    print("| process | resident, MB | of it private | peak |")
    print("|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['VmRSS']:.1f} | {row['RssAnon']:.1f} | {row['VmHWM']:.1f} |")


if __name__ == "__main__":
    main()
