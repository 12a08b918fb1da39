"""Whether an answer of a health endpoint means that the app is ready.

The status code alone is no evidence: single-page apps answer any path with a page and 200, and
health endpoints answer 200 with a body that says the opposite. So the body is read as well.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from afterpush.infra.clock import Clock
from afterpush.infra.http import NoAnswer, Response

# What health endpoints call their states: Spring Boot (UP, DOWN, OUT_OF_SERVICE), the IETF draft
# "Health Check Response Format for HTTP APIs" (pass, fail, warn), Terminus (ok, error), and common usage.
_BAD = (
    r"unhealthy|not[ _-]?(?:ready|ok|healthy)|down|errors?|fail(?:ed|ing|ure|s)?|critical|unavailable"
    r"|out[ _-]?of[ _-]?service|offline|dead|broken|(?:start|boot|initiali[sz])ing|disconnected"
)
_WARNED = r"degraded|warn(?:ing)?|partial(?:ly[ _-]degraded)?|impaired"
_GOOD = (
    r"ok(?:ay)?|up|healthy|ready|pass(?:ed|ing)?|alive|live|running|operational|success|good|fine|connected"
)
_BAD_WORD = re.compile(_BAD, re.IGNORECASE)
_WARNED_WORD = re.compile(_WARNED, re.IGNORECASE)
_GOOD_WORD = re.compile(_GOOD, re.IGNORECASE)
# In running text a word counts at the start of a line or after `label:`; "error rate" and "error: 0" do not.
_SAYS = (
    r"^\s*(?:[\w ./-]{1,40}[:=]\s*)?[\"'\[(]?(?P<word>%s)\b"
    r"(?!\s+(?:rate|count|budget|total))(?!\s*[:=]\s*(?:0|no|none|null|false)\b)"
)
_BAD_TEXT = re.compile(_SAYS % _BAD, re.IGNORECASE | re.MULTILINE)
_WARNED_TEXT = re.compile(_SAYS % _WARNED, re.IGNORECASE | re.MULTILINE)
_MARKUP = re.compile(
    r"\s*(?:<!--.*?-->\s*)*"
    r"(?:<(?:!doctype\s+html|[a-z][a-z0-9]*[\s/>])|<\?xml[^>]*\?>\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+)?html\b)",
    re.IGNORECASE | re.DOTALL,
)
_STATE_KEYS = frozenset(
    "status state health result outcome condition ready ok healthy alive up success".split()
)
_OTHER_KEYS = re.compile(r"level|severity|type|kind|name|mode|message", re.IGNORECASE)
_DEEPEST = 6


@dataclass(frozen=True)
class Readiness:
    """What an answer says; `why` is a clause for a sentence, without the address.

    `degraded` is ready with a warning.
    """

    ready: bool
    degraded: bool
    why: str


def judge(response: Response) -> Readiness:
    """What one answer means. A redirect, a page, or a body that says otherwise is not ready."""
    if 300 <= response.status < 400:
        target = _without_query(response.headers.get("location", ""))
        return _not_ready(f"answered {response.status}, a redirect{f' to {target}' if target else ''}")
    if not 200 <= response.status < 300:
        said = _said(response)
        return _not_ready(f"answered {response.status}{f', and {said}' if said else ''}")
    document = json_body(response)
    if document:
        return _from_json(document.value, response.status)
    if is_page(response):
        return _not_ready(
            f"answered {response.status} with an HTML page: "
            "a catch-all route or a proxy answers there, not a health check"
        )
    return _from_text(response.text, response.status)


def settled(
    ask: Callable[[], Response],
    clock: Clock,
    limit_seconds: float,
    interval_seconds: float = 1,
    judged: Callable[[Response], Readiness] = judge,
) -> Readiness:
    """Asks until the answer is ready or the time is over; the last judgement. Asks at least once.

    No answer is not ready, with the cause as `why`; `ask` may raise NoAnswer for it.
    """
    deadline = clock.monotonic() + limit_seconds
    while True:
        try:
            readiness = judged(ask())
        except NoAnswer as error:
            readiness = silent(error)
        left = deadline - clock.monotonic()
        if readiness.ready or left <= 0:
            return readiness
        clock.sleep(min(interval_seconds, left))


def silent(error: NoAnswer) -> Readiness:
    """The judgement on an endpoint that gave no usable answer: not ready, with the cause."""
    return _not_ready(f"gave no usable answer: {error.cause}")


@dataclass(frozen=True)
class Json:
    """A parsed body; its value may be null."""

    value: Any


def json_body(response: Response) -> Json | None:
    """The body if it is JSON, whatever the content type claims; else None."""
    text = response.text.lstrip("\ufeff \t\r\n")
    if not text or text[0] not in '{["tfn-0123456789':
        return None
    try:
        return Json(json.loads(text))
    except (ValueError, RecursionError):
        return None


def is_page(response: Response) -> bool:
    """Whether the body is HTML. Express sends plain `OK` as text/html: only markup counts."""
    return bool(_MARKUP.match(response.text.lstrip("\ufeff")))


def _from_json(document: Any, status: int) -> Readiness:
    own, inner = _own_verdict(document), list(_inner_verdicts(document))
    failing = [(path, word) for path, verdict, word in inner if verdict == "bad"]
    if own and own[0] == "bad":
        return _not_ready(f"answered {status}, and the body says {own[1]}{_blamed(failing)}")
    if own and own[0] == "warned":
        return Readiness(True, True, f"answered {status}, and the body says {own[1]}{_blamed(failing)}")
    if failing and own and own[0] == "good":
        return Readiness(True, True, f"answered {status}; the body says {own[1]}, but {_listed(failing)}")
    if failing:
        return _not_ready(f"answered {status}, and in the body {_listed(failing)}")
    warned = [(path, word) for path, verdict, word in inner if verdict == "warned"]
    if warned:
        return Readiness(True, True, f"answered {status}, and in the body {_listed(warned)}")
    return Readiness(True, False, f"answered {status}{f', and the body says {own[1]}' if own else ''}")


def _from_text(text: str, status: int) -> Readiness:
    if found := _BAD_TEXT.search(text):
        return _not_ready(f"answered {status}, and the body says {found['word']}")
    if found := _WARNED_TEXT.search(text):
        return Readiness(True, True, f"answered {status}, and the body says {found['word']}")
    return Readiness(True, False, f"answered {status}")


def _own_verdict(document: Any) -> tuple[str, str] | None:
    """What the document says about the whole app: its first state key, else an `error` that it carries."""
    if not isinstance(document, dict):
        return _verdict("status", document)
    verdicts = [
        said for key, value in document.items() if _is_state(key) and (said := _verdict(str(key), value))
    ]
    for wanted in ("bad", "warned", "good"):
        for said in verdicts:
            if said[0] == wanted:
                return said
    if any(document.get(key) for key in ("error", "errors")):
        return "bad", "error"
    return None


def _inner_verdicts(document: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """(dotted path, verdict, word) of what the parts of the document say about themselves."""
    if depth > _DEEPEST or not isinstance(document, dict | list):
        return
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in entries:
        place = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict | list):
            yield from _inner_verdicts(value, place, depth + 1)
        elif depth and _is_state(key) and (said := _verdict(str(key), value)):
            yield path, *said
        elif _may_be_state(key) and isinstance(value, str) and (said := _word(value)):
            yield place, *said


def _is_state(key: object) -> bool:
    return str(key).lower() in _STATE_KEYS


def _may_be_state(key: object) -> bool:
    """`{"database": "down"}` is a state by its value; `{"log_level": "error"}` is none."""
    return not _is_state(key) and not _OTHER_KEYS.search(str(key))


def _verdict(key: str, value: Any) -> tuple[str, str] | None:
    if isinstance(value, bool):
        return ("good", f"{key}: true") if value else ("bad", f"{key}: false")
    if isinstance(value, int) and key.lower() == "status" and 400 <= value < 600:
        return "bad", f"status {value}"
    return _word(value) if isinstance(value, str) else None


def _word(value: str) -> tuple[str, str] | None:
    """good, warned or bad, for a value that is one of the known words and nothing else."""
    word = value.strip()
    for verdict, words in (("bad", _BAD_WORD), ("warned", _WARNED_WORD), ("good", _GOOD_WORD)):
        if words.fullmatch(word):
            return verdict, word
    return None


def _blamed(failing: list[tuple[str, str]]) -> str:
    if not failing:
        return ""
    only_memory = all("memory" in path.lower() or "heap" in path.lower() for path, _ in failing)
    doubt = "; a heap that is nearly full is no failure in most runtimes, look whether it is a false alarm"
    return f" ({_listed(failing)}{doubt if only_memory else ''})"


def _listed(parts: list[tuple[str, str]]) -> str:
    return ", ".join(f"{path} says {word}" for path, word in parts[:4])


def _said(response: Response) -> str:
    """What the body of a failing answer adds, in few words."""
    document = json_body(response)
    own = _own_verdict(document.value) if document else None
    if not document or not own:
        return ""
    failing = [(path, word) for path, verdict, word in _inner_verdicts(document.value) if verdict == "bad"]
    return f"the body says {own[1]}{_blamed(failing)}"


def _not_ready(why: str) -> Readiness:
    return Readiness(False, False, why)


def _without_query(location: str) -> str:
    try:
        parts = urlsplit(location)
        host = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    return (host if parts.hostname else "") + parts.path
