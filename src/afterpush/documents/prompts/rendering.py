"""Rendering templates in a process of its own: `python -P -m afterpush.documents.prompts.rendering`.

A template is data of the repository, and Jinja a language. The sandbox keeps it from Python's objects; here
it has no variables of ours to read, and bounds in time and memory: one that never ends, or that doubles a
string a hundred times, costs a sentence and no more.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import run

# Of processor time, which a busy machine does not use up. By the clock there is only a last resort.
_SECONDS, _CLOCK_SECONDS = 4, 120
_MEMORY_BYTES = 1 << 30
# Nothing else of the environment is for a template's process; Python itself may need these to find us.
_KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")


def render_all(
    text: str, path: str, parts: Mapping[str, str], variables: Sequence[Mapping[str, object]]
) -> list[str]:
    """The template's text for each set of variables. Raises AfterpushError naming template and line."""
    question = {"text": text, "path": path, "parts": dict(parts), "variables": list(variables)}
    words = [sys.executable, "-P", "-m", "afterpush.documents.prompts.rendering"]
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    asked = json.dumps(question, ensure_ascii=True).encode()
    try:
        done = run(words, input=asked, env=env, timeout_seconds=_CLOCK_SECONDS)
    except AfterpushError as error:
        raise AfterpushError(_unbounded(path)) from error
    if done.code != 0:
        raise AfterpushError(_unbounded(path))
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise AfterpushError(answer["error"])
    return [str(text) for text in answer["texts"]]


def _unbounded(path: str) -> str:
    return (
        f"the template {path}: rendering it took more than {_SECONDS} s or {_MEMORY_BYTES >> 20} MB; "
        "look for a loop or a repetition without an end"
    )


def main() -> int:
    """Reads the question from stdin, writes the texts to stdout."""
    question: dict[str, Any] = json.load(sys.stdin)
    from afterpush.documents.prompts.template import Template

    template = Template(question["text"], question["path"], question["parts"])
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        answer: dict[str, object] = {"texts": template.rendered_here(question["variables"])}
    except AfterpushError as error:
        answer = {"error": str(error)}
    except MemoryError:
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
