"""Working on afterpush itself: tests and measurements. Only this repository's tasks.py offers them."""

from pathlib import Path
from typing import Any

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import task

ROOT = Path(__file__).resolve().parents[1]


@task(
    help={
        "only": "a path or a pytest expression such as tests/deploy (default: everything)",
        "match": "only tests whose name matches, as pytest -k takes it",
        "workers": "how many processes (default: twice the cores; 0: this one)",
    }
)
def test(context: Any, only: str = "tests", match: str = "", workers: str = "") -> ExitCode:
    """Prepare what the tests need on this machine, then run them."""
    from afterpush.tasks._testing import prepare, run_tests

    return run_tests(ROOT, prepare(ROOT), only, match, workers)


@task(help={"only": "one module of bench/, such as polling (default: all)"})
def bench(context: Any, only: str = "") -> ExitCode:
    """Measure what the documents claim, each beside a yardstick in the same run."""
    from afterpush.tasks._testing import run_benches

    return run_benches(ROOT, only)


TASKS = (test, bench)
