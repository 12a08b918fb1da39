"""Generated JSON such as version.json: key by key three-way, by configured rules where both changed a key."""

import json
import re
from collections.abc import Mapping
from typing import Any

from afterpush.conflicts.dates import moment_of

Rules = Mapping[str, str]
_GONE: Any = object()


class UndecidedError(Exception):
    """A key that both sides changed and no rule decides, or a text that is no JSON object."""


def merge_json(base: bytes, ours: bytes, theirs: bytes, rules: Rules) -> tuple[bytes, list[str]]:
    """The merged text, laid out as ours is, and a sentence for each decision.

    Keys of the rules are dotted paths (`build.number`). Raises UndecidedError, with what stands in the way.
    """
    values = [_read(text) for text in (base, ours, theirs)]
    said: list[str] = []
    merged = _merged(values[0], values[1], values[2], rules, "", said)
    return _written(merged, ours), said


def _read(text: bytes) -> Any:
    try:
        value = json.loads(text or b"{}")
    except ValueError as error:
        raise UndecidedError(f"it is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise UndecidedError("it is no JSON object")
    return value


def _merged(base: Any, ours: Any, theirs: Any, rules: Rules, path: str, said: list[str]) -> Any:
    if _same(ours, theirs) or _same(theirs, base):
        return ours
    if _same(ours, base):
        return theirs
    rule = rules.get(path)
    if rule is None and isinstance(ours, dict) and isinstance(theirs, dict):
        before = base if isinstance(base, dict) else {}
        keys = dict.fromkeys([*ours, *theirs])
        below = {
            key: _merged(
                before.get(key, _GONE), ours.get(key, _GONE), theirs.get(key, _GONE), rules,
                f"{path}.{key}" if path else key, said,
            )
            for key in keys
        }  # fmt: skip
        return {key: value for key, value in below.items() if value is not _GONE}
    if rule is None or ours is _GONE or theirs is _GONE:
        raise UndecidedError(f"both sides changed {path!r}, and documents.json_rules has no rule for it")
    taken = _decided(rule, ours, theirs, path)
    said.append(f"{path}: {json.dumps(ours)} and {json.dumps(theirs)} became {json.dumps(taken)} ({rule})")
    return taken


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _decided(rule: str, ours: Any, theirs: Any, path: str) -> Any:
    if rule in ("ours", "theirs"):
        return ours if rule == "ours" else theirs
    sizes = [_size(value, is_date=rule == "newest") for value in (ours, theirs)]
    if sizes[0] is None or sizes[1] is None or type(sizes[0]) is not type(sizes[1]):
        raise UndecidedError(f"{path!r} cannot be compared for the rule {rule}: {ours!r} and {theirs!r}")
    smaller, larger = sorted(((sizes[0], str(ours), ours), (sizes[1], str(theirs), theirs)))
    return smaller[2] if rule == "min" else larger[2]


def _size(value: Any, *, is_date: bool) -> Any:
    """What a value is compared by: a date's moment, a number, a version's parts."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (float(value),)
    if not isinstance(value, str):
        return None
    if is_date:
        moment = moment_of(value)
        return (*moment, value) if moment else None
    if re.fullmatch(r"v?\d+(?:\.\d+)*", value):
        return tuple(float(part) for part in value.lstrip("v").split("."))
    return value


def _written(value: Any, like: bytes) -> bytes:
    """JSON with the indentation, escapes and end of another text."""
    text = like.decode("utf-8", "replace")
    indent = re.search(r"\{\r?\n([ \t]+)\S", text)
    compact = indent is None and '": ' not in text
    written = json.dumps(
        value,
        indent=indent[1] if indent else None,
        separators=(",", ":") if compact else None,
        ensure_ascii=text.isascii() and "\\u" in text,
    )
    newline = "\r\n" if "\r\n" in text else "\n"
    return (written.replace("\n", newline) + (newline if text.endswith("\n") else "")).encode()
