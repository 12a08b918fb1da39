"""The tools that own hooks, as they are: husky and lefthook from the npm registry, pre-commit from PyPI."""

import subprocess
import sys
from pathlib import Path

from tests.support.installed import NPM, installed


def run_husky(repo: Path) -> None:
    """`npx husky` in a repository: sets core.hooksPath and makes `.husky/_`."""
    _run("node", installed("husky-9", f"{NPM} husky@9") / "node_modules/husky/bin.js", cwd=repo)
    assert (repo / ".husky/_/h").is_file()


def lefthook(repo: Path, *words: str) -> None:
    """`lefthook WORDS` in a repository."""
    # Its own install script would run `lefthook install` in the repository that the tests are started from.
    folder = installed("lefthook-2", f"{NPM} --ignore-scripts lefthook@2")
    _run(folder / "node_modules/.bin/lefthook", *words, cwd=repo)


def pre_commit(repo: Path, *words: str) -> None:
    """`pre-commit WORDS` in a repository."""
    make = f"{sys.executable} -m venv {{folder}}"
    pip = "{folder}/bin/python -m pip install --quiet pre-commit==4.*"
    _run(installed("pre-commit-4", make, pip) / "bin/pre-commit", *words, cwd=repo)


def _run(*argv: str | Path, cwd: Path) -> None:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
