"""Explaining in a process of its own, which can be ended whatever a team's expressions do.

A monitor stays small so, and a thread, in which no time can be bounded (`infra.time_limit`), is bounded too.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from afterpush.deploy.explain.answer import Explanation, Known
from afterpush.digitalocean.steps import Reason
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import run

EXPLAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Question:
    """What is asked about the logs in `paths`, with the signatures of `root`.

    `passing` is the file of the last good log's fingerprint. With `fingerprint`, the file to write that of
    these logs to, the answer is empty.
    """

    root: str | None
    paths: tuple[str, ...]
    reason: Reason | None = None
    commit: str | None = None
    failed: bool = True
    passing: str | None = None
    fingerprint: str | None = None


def asked(question: Question, variables: Mapping[str, str]) -> dict[str, Any]:
    """The answer of `python -m afterpush.deploy.explain`. Raises AfterpushError with what it says."""
    # `-P`: a module in the app repository must not shadow ours.
    words = [sys.executable, "-P", "-m", "afterpush.deploy.explain"]
    data = json.dumps(asdict(question)).encode("utf-8", "replace")
    done = run(words, env=variables, input=data, timeout_seconds=EXPLAIN_SECONDS)
    try:
        answer = json.loads(done.stdout)
        problem = answer.get("error")
    except (ValueError, AttributeError) as error:
        raise AfterpushError(f"no answer ({done.error_text[-300:] or f'exit {done.code}'})") from error
    if problem:
        raise AfterpushError(str(problem))
    return dict(answer)


def explain_apart(
    root: Path | None, pieces: Iterable[bytes], known: Known, variables: Mapping[str, str]
) -> Explanation:
    """The explanation of a log, with the signatures of `root`. Raises AfterpushError."""
    import msgspec

    from afterpush.deploy.explain.fingerprint import packed
    from afterpush.infra.files import temporary_folder

    with temporary_folder() as folder:
        log, passing = folder / "log", folder / "passing"
        with log.open("wb") as file:
            file.writelines(pieces)
        if known.passing is not None:
            passing.write_bytes(packed(known.passing))
        question = Question(
            str(root) if root else None,
            (str(log),),
            known.reason,
            known.commit,
            known.failed,
            str(passing) if known.passing is not None else None,
        )
        return msgspec.convert(asked(question, variables), Explanation)
