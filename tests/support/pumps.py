"""Texts that make a regular expression work hard, by reading the expression: what it repeats, many times."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import afterpush

_METHODS = frozenset("match fullmatch search sub subn split findall finditer".split())
_ANCHORED = frozenset(("match", "fullmatch"))
_ANY = "a x0A-._/:=\n\t,;'\"`<>()[]{}#*!?\\$@&|%~^+"
_PLAIN = ("a", " ", "\t", "\n", "0", "a ", "a\n", " \n", "(", "[", "<a ", "`", "/*")
_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)


@dataclass(frozen=True)
class Kept:
    """An expression that a module of ours keeps, its place, and how it is used."""

    place: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]

    def work(self, text: str) -> None:
        """Applies it to a text, from each place where it is searched for."""
        said: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        for method in self.methods & {"match", "fullmatch"} if self.methods <= _ANCHORED else ("finditer",):
            found = getattr(self.pattern, method)(said)
            for _ in found if method == "finditer" else ():
                pass


def kept(*left_out: str) -> Iterator[Kept]:
    """Every expression of ours but those of the packages that are left out."""
    seen = set()
    everywhere = "".join(path.read_text("utf-8") for path in Path(afterpush.__path__[0]).rglob("*.py"))
    for found in pkgutil.walk_packages(afterpush.__path__, "afterpush."):
        if found.name.startswith(left_out) or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and value not in seen:
                seen.add(value)
                where = inspect.getsource(module) if name.startswith("_") else everywhere
                used = frozenset(re.findall(rf"(?<![.\w]){name}\b(?:\[[^\]]*\])?\.(\w+)", where)) & _METHODS
                yield Kept(f"{found.name}.{name}", value, used or frozenset(["search"]))


def pumps(pattern: re.Pattern[Any]) -> set[str]:
    """Parts of what the expression matches, each to be repeated."""
    found = set(_PLAIN)
    for sequence in _sequences(list(parser.parse(pattern.pattern, pattern.flags))):
        for begin in range(min(len(sequence), 8)):
            for end in range(begin + 1, min(len(sequence), begin + 4 if begin else 10) + 1):
                found.add(_sample(sequence[begin:end]))
    return {text for text in found if 0 < len(text) < 40}


def _sequences(sequence: list[Any]) -> Iterator[list[Any]]:
    yield sequence
    for inner in (inner for part in sequence for inner in _inside(*part)):
        yield from _sequences(list(inner))


def _inside(kind: Any, value: Any) -> list[Any]:
    if kind in _REPEATS:
        return [value[2]]
    if kind is kinds.BRANCH:
        return list(value[1])
    if kind is kinds.SUBPATTERN:
        return [value[3]]
    return [value] if kind is kinds.ATOMIC_GROUP else []


def _sample(sequence: list[Any]) -> str:
    return "".join(_one(kind, value) for kind, value in sequence)


def _one(kind: Any, value: Any) -> str:
    if kind is kinds.LITERAL:
        return chr(value)
    if kind in (kinds.ANY, kinds.NOT_LITERAL):
        return "a" if value != ord("a") else "b"
    if kind is kinds.IN:
        return next((one for one in _ANY if _is_in(value, ord(one))), "a")
    inner = _inside(kind, value)
    return _sample(list(inner[0])) * max(1, value[0] if kind in _REPEATS else 1) if inner else ""


def _is_in(members: list[Any], code: int) -> bool:
    is_negated, found = False, False
    for kind, value in members:
        is_negated |= kind is kinds.NEGATE
        found |= kind is kinds.LITERAL and value == code
        found |= kind is kinds.RANGE and value[0] <= code <= value[1]
        found |= kind is kinds.CATEGORY and bool(re.match(_CATEGORIES[str(value)], chr(code)))
    return found != is_negated


_CATEGORIES = {
    f"CATEGORY_{negated}{name}": letter.upper() if negated else letter
    for name, letter in (("DIGIT", r"\d"), ("SPACE", r"\s"), ("WORD", r"\w"))
    for negated in ("", "NOT_")
}
