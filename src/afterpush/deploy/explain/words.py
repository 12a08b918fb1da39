"""Which fixed text a regular expression needs: a cheap test before the dear one.

A line can only match `ERESOLVE (unable|could not)` when it holds `eresolve `. Looking for such words in a
whole megabyte at once is what makes fifty megabytes of log a matter of seconds.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

# The standard library's own parser of expressions; it has no public name since `sre_parse` (3.11).
_parser: Any = import_module("re._parser")
SHORTEST = 3
MOST_SPELLINGS = 100
_COMMON = frozenset("0123456789abcdef ")


def branches(pattern: str) -> list[str]:
    """The alternatives of an expression at its top level, each an expression of its own."""
    parts, start, depth, at = [], 0, 0, 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif character == "[":
            at = _set_end(pattern, at)
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and not depth:
            parts.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*parts, pattern[start:]]


def _set_end(pattern: str, at: int) -> int:
    """Where the set of characters that opens at an offset closes; a bracket that comes first is meant."""
    at += 2 if pattern.startswith("[^", at) else 1
    first = at
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        at += 2 if pattern[at] == "\\" else 1
    return at


def needed_words(pattern: str) -> list[frozenset[str]]:
    """Sets of lower-case words: every match, whatever its case, contains a word of each set.

    The set with the rarest words comes first. Empty when the pattern can match without any fixed text of
    three bytes. Raises re.error.
    """
    sets = {words for words in _of_sequence(_parser.parse(pattern, re.IGNORECASE)) if words}
    return sorted(sets, key=_rarity, reverse=True)


def _of_sequence(parts: Iterable[Any]) -> list[frozenset[str]]:
    """The sets of alternatives of which each must be met somewhere in this sequence."""
    found: list[frozenset[str]] = []
    runs = {""}
    for operation, argument in _flat(parts):
        name = str(operation)
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        spellings = _spellings(name, argument)
        if spellings and len(runs) * len(spellings) <= MOST_SPELLINGS:
            runs = {run + spelling for run in runs for spelling in spellings}
            if not name.endswith("_REPEAT"):
                continue
        found.append(_words(runs))
        runs = {""}
        if name == "ATOMIC_GROUP":
            found += _of_sequence(argument)
        elif name == "BRANCH":
            found.append(_either([_best(_of_sequence(branch)) for branch in argument[1]]))
        elif name.endswith("_REPEAT") and argument[0] >= 1:
            found += _of_sequence(argument[2])
    return [*found, _words(runs)]


def _flat(parts: Iterable[Any]) -> Iterator[Any]:
    """A sequence with the contents of its groups in their places."""
    for operation, argument in parts:
        if str(operation) == "SUBPATTERN":
            yield from _flat(argument[3])
        else:
            yield operation, argument


def _spellings(name: str, argument: Any) -> set[str]:
    """What a part matches, or begins with if it repeats; empty when that is much or unknown."""
    if name == "LITERAL":
        return {chr(argument)}
    if name == "IN":
        return set().union(*parts) if all(parts := [_members(*member) for member in argument]) else set()
    if name == "BRANCH":
        branches = [_exactly(branch) for branch in argument[1]]
        return set().union(*branches) if all(branches) else set()
    if name.endswith("_REPEAT") and argument[0] >= 1 and len(argument[2]) == 1:
        operation, inner = argument[2][0]
        return _spellings(str(operation), inner)
    return set()


def _exactly(parts: Iterable[Any]) -> set[str]:
    """The texts that a sequence of plain characters matches; empty when it is anything else."""
    texts = {""}
    for operation, argument in _flat(parts):
        spellings = _spellings(str(operation), argument) if str(operation) in ("LITERAL", "IN") else set()
        texts = {text + spelling for text in texts for spelling in spellings}
        if not texts or len(texts) > MOST_SPELLINGS:
            return set()
    return texts


def _members(kind: object, member: Any) -> set[str]:
    if str(kind) == "LITERAL":
        return {chr(member)}
    if str(kind) == "CATEGORY" and str(member) == "CATEGORY_DIGIT":
        return set("0123456789")
    if str(kind) == "RANGE" and member[1] - member[0] < 10:
        return {chr(code) for code in range(member[0], member[1] + 1)}
    return set()


def _words(runs: set[str]) -> frozenset[str]:
    words = frozenset(run.lower() for run in runs)
    return words if min(len(word.encode()) for word in words) >= SHORTEST else frozenset()


def _either(branches: list[frozenset[str]]) -> frozenset[str]:
    """All words of all branches; nothing when one branch needs none."""
    return frozenset[str]().union(*branches) if all(branches) else frozenset()


def _best(sets: list[frozenset[str]]) -> frozenset[str]:
    """The set whose shortest word is longest: the rarest text."""
    return max((words for words in sets if words), key=_rarity, default=frozenset())


def _rarity(words: frozenset[str]) -> tuple[int, int]:
    """How seldom a line holds one of the words: their letters count, hexadecimal digits hardly do."""
    rarest = min(sum(1 if letter in _COMMON else 2 for letter in word) for word in words)
    return min(16, rarest), -len(words)
