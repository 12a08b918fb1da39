"""How long `migrate.prove` takes for 60 statements in 10 files, beside the plain client with the same files.

A proof runs them many times: both ways, from every stage, with a crash after each statement, with mutations.
On both flavours.

Run: python -m bench.migrate_prove
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.database_server.choice import available
from afterpush.infra.database_server.programs import Program
from bench import _histories
from bench._timing import seconds_of
from bench.migrate_audit import run_client

STATEMENTS, TABLES, FILES = 60, 10, 10


def main() -> None:
    """Prints a line for each flavour."""
    print("| server | plain client | proof | ratio | crashes | mutations | stages |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for program in available(read_environment(None)):
        with tempfile.TemporaryDirectory() as folder:
            print(_row(program, Path(folder)), flush=True)


def _row(program: Program, root: Path) -> str:
    paths = _histories.write(root, _histories.history(STATEMENTS, TABLES), FILES)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    _afterpush(program, root, "migrate.consolidate", "--target=sql", "--dry-run")  # The replay is remembered.
    client = seconds_of(lambda: run_client(program, paths))
    consolidate = _afterpush(program, root, "migrate.consolidate", "--target=sql")
    answers: list[str] = []
    prove = seconds_of(lambda: answers.append(_afterpush(program, root, "migrate.prove")))
    proof = json.loads(answers[0])
    assert proof["proved"], (proof["reasons"], consolidate)
    counts = f"{proof['crashes']['points']} | {proof['mutations']['tried']} | {len(proof['stages'])}"
    return f"| {program} | {client:.1f} s | {prove:.1f} s | {prove / client:.1f} | {counts} |"


def _afterpush(program: Program, root: Path, *words: str) -> str:
    command = [sys.executable, "-m", "afterpush", *words, "--json", f"--server={program.flavour}"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    main()
