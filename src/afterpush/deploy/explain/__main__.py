"""Explaining apart from the monitor that asks: `python -m afterpush.deploy.explain < question.json`.

A background monitor stays small for half an hour; what explaining needs in memory belongs to a process that
lives for a second. The question has `root`, `paths` and `reason`; the answer is an explanation or
`{"error": ...}`.
"""

import json
import os
import sys
from pathlib import Path

from afterpush.deploy.explain.explanation import Reason, explain_files
from afterpush.deploy.explain.signatures import load_failures
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError
from afterpush.infra.variables import read_environment


def main() -> int:
    """Reads the question from stdin and writes the answer to stdout."""
    question = json.load(sys.stdin)
    root = Path(question["root"])
    reason = Reason(**question["reason"]) if question["reason"] else None
    try:
        redact = read_environment(root, os.environ).redactor()
        found = explain_files(map(Path, question["paths"]), load_failures(root), reason=reason, redact=redact)
        answer = plain(found)
    except AfterpushError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
