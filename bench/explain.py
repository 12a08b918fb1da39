"""How well and how fast failures are explained. Run: python bench/explain.py"""

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.labelled import NOISE_AFTER, NOISE_BEFORE, labelled, messages

from afterpush.deploy.explain.explanation import explain
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.deploy.explain.signatures import Failures

MEGABYTES = 50
CHILD = """
import resource, sys, time
from pathlib import Path
from afterpush.deploy.explain.explanation import explain_files
from afterpush.deploy.explain.signature_files import load_failures
began = time.process_time()
found = explain_files([Path(sys.argv[1])], load_failures())
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(found.category or 'nothing', round(time.process_time() - began, 2), memory)
"""
# The yardstick: what a shell script would do, the first line with a fault word decides nothing more.
NAIVE = {
    "out_of_memory": "out of memory|killed",
    "disk_full": "no space left",
    "lockfile_outdated": "lockfile|lock file",
    "missing_env": "environment variable",
    "database_unreachable": "ECONNREFUSED|database",
    "module_not_found": "cannot find module|no module named|module not found",
    "permission_denied": "permission denied",
    "rate_limited": "rate limit|too many requests",
    "migration_failed": "migration",
    "schema_mismatch": "does not exist|unknown column",
    "test_failed": "test.*fail|fail.*test",
    "compile_error": "syntax ?error|error TS",
    "health_check_failed": "health check|probe failed",
    "timeout": "timed? ?out",
    "dependency_install": "npm err|could not find a version",
    "app_crash": "exception|panic|TypeError",
    "build_command_failed": "exit code|failed",
}


def naive(log: str) -> str:
    """The first pattern of a list that a line of the log matches."""
    for category, pattern in NAIVE.items():
        if re.search(pattern, log, re.IGNORECASE):
            return category
    return "unknown"


def last_error(log: str) -> str:
    """The other yardstick: the last line with "error" in it."""
    return next((line for line in reversed(log.splitlines()) if "error" in line.lower()), "")


def accuracy(failures: Failures) -> None:
    """Accuracy on the parts of the labelled set, each with three different noises, and on single messages.

    When they were first tried, 81 of the 82 held-out excerpts, 222 of the 237 messages, 217 of the 246 field
    excerpts, and of `kinds` 31 of the 34 tuned and 31 of the 34 held-out logs were right; the signatures that
    missed were then mended, so these figures are of sets that are held out no longer.
    """
    print("| set | logs | category right | root line right | a list of words | root: last line with error |")
    print("|---|---|---|---|---|---|")
    confusion: Counter[tuple[str, str]] = Counter()
    for name in ("known", "held-out", "field", "kinds"):
        items = labelled(name)
        trials = [
            (item, item.log if name == "kinds" else item.with_noise(1000 * round_ + at))
            for round_ in range(1 if name == "kinds" else 3)
            for at, item in enumerate(items)
        ]
        answers = [(item, log, explain([log.encode()], failures)) for item, log in trials]
        confusion.update((item.category, found.category or "unknown") for item, _, found in answers)
        right = sum((found.category or "unknown") in item.categories for item, _, found in answers)
        lines = sum(item.line in found.line for item, _, found in answers)
        words = sum(naive(log) in item.categories for item, log, _ in answers)
        last = sum(item.line in last_error(log) for item, log, _ in answers)
        share = [f"{100 * count / len(answers):.1f} %" for count in (right, lines, words, last)]
        print(f"| {name} | {len(answers)} | {' | '.join(share)} |")
    single = messages()
    right = sum(explain([said.encode()], failures).category == category for category, said in single)
    words = sum(naive(said) == category for category, said in single)
    shares = [f"{100 * count / len(single):.1f} %" for count in (right, words)]
    print(f"| messages | {len(single)} | {shares[0]} | - | {shares[1]} | - |")
    print("\n| labelled as | explained as | times |\n|---|---|---|")
    for (label, said), count in sorted(confusion.items()):
        print(f"| {label} | {said}{'' if said in label.split('|') else ' (wrong)'} | {count} |")


def speed() -> None:
    """50 MB of different kinds, each explained in a process of its own, beside grep."""
    print(f"\n| log of {MEGABYTES} MB | found | explain: CPU s | wall s | peak MB | grep: wall s |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in KINDS.items():
            path = Path(folder) / "big.log"
            _write(path, lines)
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=True
            )
            wall = time.perf_counter() - began
            category, cpu, memory = done.stdout.split()
            began = time.perf_counter()
            subprocess.run(
                ["grep", "-icE", "error|fail|fatal|exception|denied|refused", str(path)],
                capture_output=True,
                check=False,
            )
            grep = time.perf_counter() - began
            print(f"| {name} | {category} | {cpu} | {wall:.2f} | {memory} | {grep:.2f} |")


def _write(path: Path, lines: list[str]) -> None:
    size, number = 0, 0
    failure = "npm error code ERESOLVE\nnpm error ERESOLVE could not resolve\n"
    with path.open("w", encoding="utf-8") as file:
        while size < MEGABYTES * 1_000_000:
            stamp = f"2026-03-01T10:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z "
            size += file.write(f"{stamp}{lines[number % len(lines)]} [{number}]\n")
            number += 1
        file.write(failure)


KINDS = {
    "ordinary build output": [line for line in NOISE_BEFORE + NOISE_AFTER if line.strip()],
    "requests": ['[web] GET /api/orders?page=3 200 in 12 ms "Mozilla/5.0 (X11; Linux x86_64)" 10.244.3.17'],
    "errors on every line": [
        "ERROR request failed: Error: upstream did not answer, connection refused, retrying"
    ],
}


if __name__ == "__main__":
    accuracy(load_failures())
    speed()
