"""Explaining apart from the process that asks: `python -m afterpush.deploy.explain < question.json`.

A background monitor stays small for half an hour; what explaining needs in memory belongs to a process that
lives for a second. A mistake is answered by `{"error": ...}`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from afterpush.deploy.explain.answer import Known
from afterpush.deploy.explain.explanation import explain_files, read_files
from afterpush.deploy.explain.fingerprint import fingerprint, packed, read_fingerprint
from afterpush.deploy.explain.own_process import Question
from afterpush.deploy.explain.rendering import document
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic


def main() -> int:
    """Reads the question from stdin and writes the answer to stdout."""
    question = msgspec.convert(json.load(sys.stdin), Question)
    try:
        answer = _remember(question) if question.fingerprint else _explain(question)
    except AfterpushError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
    return 0


def _explain(question: Question) -> Any:
    root = Path(question.root) if question.root else None
    passing = read_fingerprint(Path(question.passing)) if question.passing else None
    known = Known(question.reason, question.commit, question.failed, passing)
    redact = read_environment(root, os.environ).redactor()
    found = explain_files(map(Path, question.paths), load_failures(root), known, redact)
    return plain(document(found))


def _remember(question: Question) -> dict[str, Any]:
    found = fingerprint(read_files(map(Path, question.paths)))
    if found and question.fingerprint:
        write_atomic(Path(question.fingerprint), packed(found), mode=0o600)
    return {}


if __name__ == "__main__":
    sys.exit(main())
