"""Running tasks as a user does: another process, its exit code, stdout and stderr."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.json_types import differences
from tests.support.program_server import ProgramServer, is_free_of_python

# The console script's code; words of the command line follow.
AFTERPUSH = [sys.executable, "-c", "from afterpush.__main__ import main; main()"]


@dataclass(frozen=True)
class Answer:
    """What a task said."""

    code: int
    out: str
    err: str
    words: tuple[str, ...] = ()

    def json(self) -> Any:
        """The one document on stdout, which is what its documented type says."""
        document = json.loads(self.out)
        assert differences(self.words, document) == []
        return document


def afterpush(
    *words: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout_seconds: float = 300,
) -> Answer:
    """Runs `afterpush WORDS` (the installed console script's code) in `cwd`."""
    whole = dict(os.environ) | dict(env or {})
    if is_free_of_python(whole):
        return Answer(*_server().run(words, cwd, whole, stdin, timeout_seconds), words)
    done = subprocess.run(
        [*AFTERPUSH, *words],
        cwd=cwd,
        env=whole,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr, words)


@functools.cache
def _server() -> ProgramServer:
    return ProgramServer()
