"""What the body of a health endpoint's answer says about the app: JSON with states, or words.

Health endpoints answer 200 with a body that says the opposite, so the status alone is no evidence.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from afterpush.infra.http import Response

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
    r"^[ \t]*(?:[\w ./-]{1,40}[:=][ \t]*)?[\"'\[(]?(?P<word>%s)\b"
    r"(?!\s+(?:rate|count|budget|total))(?!\s*[:=]\s*(?:0|no|none|null|false)\b)"
)
_BAD_TEXT = re.compile(_SAYS % _BAD, re.IGNORECASE | re.MULTILINE)
_WARNED_TEXT = re.compile(_SAYS % _WARNED, re.IGNORECASE | re.MULTILINE)
_MARKUP = re.compile(
    r"\s*+(?:(?><!--.*?-->)\s*+)*+"
    r"(?:<(?:!doctype\s+html|[a-z][a-z0-9]*[\s/>])"
    r"|<\?xml[^>]*\?>\s*+(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s+)?html\b)",
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


def judge_body(response: Response) -> Readiness | None:
    """What the body of a good answer says; None for a page, which says nothing."""
    document = json_body(response)
    if document:
        return _from_json(document.value, response.status)
    return None if is_page(response) else _from_text(response.text, response.status)


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
        return not_ready(f"answered {status}, and the body says {own[1]}{_blamed(failing)}")
    if own and own[0] == "warned":
        return Readiness(True, True, f"answered {status}, and the body says {own[1]}{_blamed(failing)}")
    if failing and own and own[0] == "good":
        return Readiness(True, True, f"answered {status}; the body says {own[1]}, but {_listed(failing)}")
    if failing:
        return not_ready(f"answered {status}, and in the body {_listed(failing)}")
    warned = [(path, word) for path, verdict, word in inner if verdict == "warned"]
    if warned:
        return Readiness(True, True, f"answered {status}, and in the body {_listed(warned)}")
    return Readiness(True, False, f"answered {status}{f', and the body says {own[1]}' if own else ''}")


def _from_text(text: str, status: int) -> Readiness:
    if found := _BAD_TEXT.search(text):
        return not_ready(f"answered {status}, and the body says {found['word']}")
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


def said_by_failure(response: Response) -> str:
    """What the body of a failing answer adds, in few words."""
    document = json_body(response)
    own = _own_verdict(document.value) if document else None
    if not document or not own:
        return ""
    failing = [(path, word) for path, verdict, word in _inner_verdicts(document.value) if verdict == "bad"]
    return f"the body says {own[1]}{_blamed(failing)}"


def not_ready(why: str) -> Readiness:
    """Not ready, with the reason."""
    return Readiness(False, False, why)
