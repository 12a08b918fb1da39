"""Working on afterpush itself: tests, checks, measurements. Only this repository's tasks.py offers them."""

from pathlib import Path
from typing import Annotated as Flag

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import task

ROOT = Path(__file__).resolve().parents[1]


@task()
def test(
    only: Flag[str, "a path or a pytest expression such as tests/deploy (default: everything)"] = "tests",
    match: Flag[str, "only tests whose name matches, as pytest -k takes it"] = "",
    workers: Flag[str, "how many processes (default: twice the cores; 0: this one)"] = "",
    explore: Flag[
        bool, "let property tests search for new examples (default: the same ones in every run)"
    ] = False,
) -> ExitCode:
    """Install what the tests need on this machine, then run them."""
    from afterpush.workflows.development.testing import prepare, run_tests

    return run_tests(ROOT, prepare(ROOT), only, match, workers, explore=explore)


@task()
def lint() -> ExitCode:
    """Check style, types and floors, in half a minute and without tests."""
    from afterpush.workflows.development.checks import lint_steps, run_steps

    return run_steps(ROOT, lint_steps())


@task()
def check() -> ExitCode:
    """Run everything that CI runs: tests, lint, documents, the built wheel."""
    from afterpush.workflows.development.checks import check_wheel, document_steps, lint_steps, run_steps

    tests = ("tests (./inv test)", (ROOT / "inv", "test"))
    code = run_steps(ROOT, iter([tests, *lint_steps(), *document_steps(ROOT)]))
    return max(code, check_wheel(ROOT))


@task()
def bench(only: Flag[str, "one module of bench/, such as polling (default: all)"] = "") -> ExitCode:
    """Measure what the documents claim, each beside a yardstick in the same run."""
    from afterpush.workflows.development.testing import run_benches

    return run_benches(ROOT, only)


TASKS = (test, lint, check, bench)
