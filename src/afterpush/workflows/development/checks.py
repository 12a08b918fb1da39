"""What CI runs, step by step: `inv check`; the quick part of it is `inv lint`."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from afterpush.infra.console import note
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.files import temporary_folder
from afterpush.infra.processes import run, run_attached

BIN = Path(sys.executable).parent
# From the wheel: everything is packed, tasks start, and the demo, which passes through most features.
WHEEL_TESTS = ("tests/test_packaging.py", "tests/tasks/test_command_line.py", "tests/tasks/test_demo.py")
# Fabric 3.2 asks for Invoke below 3; all else is meant to run with either.
OTHER_INVOKE = "invoke>=3,<4"

Step = tuple[str, Sequence[str | os.PathLike[str]]]


def lint_steps() -> Iterator[Step]:
    """Style, types and floors: half a minute, no test is run."""
    yield "style", (BIN / "ruff", "check", ".")
    yield "format", (BIN / "ruff", "format", "--check", ".")
    yield "types", (BIN / "mypy",)
    yield "floors", (BIN / "lint-imports",)


def document_steps(root: Path) -> Iterator[Step]:
    """Whether documents and prompts still say what the code does."""
    yield "documents", (root / "inv", "docs.check")
    yield "prompts", (root / "inv", "prompts.check")


def run_steps(root: Path, steps: Iterator[Step]) -> ExitCode:
    """Runs every step, also after one that failed; BAD_ANSWER when one did."""
    failed = []
    for name, words in steps:
        note(f"\n=== {name}")
        if run_attached(words, cwd=root) != 0:
            failed.append(name)
    if failed:
        note(f"failed: {', '.join(failed)}")
    return ExitCode.BAD_ANSWER if failed else ExitCode.GOOD


def check_wheel(root: Path) -> ExitCode:
    """Builds the wheel of the last commit, installs it apart, and runs some tests on that."""
    with temporary_folder() as folder:
        python = _installed_wheel(root, folder)
        pytest = (python, "-m", "pytest", "-n", "4", "--dist", "loadfile", "-p", "no:cacheprovider")
        other = (python, "-m", "pip", "install", "--quiet", "--no-deps", OTHER_INVOKE)
        steps: list[Step] = [
            ("the wheel", (*pytest, *WHEEL_TESTS)),
            ("another Invoke", other),
            ("the wheel with another Invoke", (*pytest, *WHEEL_TESTS[:2])),
        ]
        return run_steps(root, iter(steps))


def _installed_wheel(root: Path, folder: Path) -> Path:
    """Python of an environment that holds the wheel and what the tests need, in the locked versions."""
    note("\n=== building the wheel")
    tree, archive = folder / "tree", folder / "tree.tar"
    tree.mkdir()
    _must(["git", "archive", "--output", archive, "HEAD"], root)
    _must(["tar", "-x", "-f", archive, "-C", tree], root)
    _must([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, tree], root)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    _must([sys.executable, "-m", "venv", folder / "venv"], root)
    pip: list[str | os.PathLike[str]] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    _must([*pip, "--require-hashes", "--requirement", root / "requirements" / "all.txt"], root)
    _must([*pip, "--no-deps", wheel], root)
    return python


def _must(words: Sequence[str | os.PathLike[str]], root: Path) -> None:
    done = run(words, cwd=root)
    if done.code != 0:
        said = (done.error_text or done.text).splitlines()[-15:]
        raise AfterpushError(
            f"checking the wheel: {' '.join(map(str, words[:4]))} failed: " + "\n".join(said),
            ExitCode.BAD_ANSWER,
        )
