"""A safer way to the same schema, where one is known; it is shown only when the server proves it milder."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from afterpush.infra.database import StatementRejected
from afterpush.migrate.lint.algorithms import ATTEMPTS, Target, target_of
from afterpush.migrate.lint.trial_on_copy import Measured
from afterpush.migrate.statements.tokens import tokens

_CHECK = re.compile(r"ADD\s+(?:CONSTRAINT\s+\S+\s+)?CHECK\b", re.IGNORECASE)
_FOREIGN = re.compile(r"\b(?:FOREIGN\s+KEY|REFERENCES)\b", re.IGNORECASE)
_UNCHECKED = "foreign_key_checks=0"
_RENAMED = (
    "in three deployments: add the new one, write both and copy the values; read the new one; drop the old "
    "one once no running code names it"
)
_GONE = "in two deployments: first code that no longer names it, then this statement"
Measure = Callable[[str, Target, Sequence[str], Sequence[str]], Measured]


@dataclass(frozen=True)
class Rewrite:
    """Statements, and the session's settings that they need."""

    statements: tuple[str, ...]
    settings: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = "; ".join(self.statements)
        if self.settings:
            return f"SET SESSION foreign_key_checks = 0; {text}; SET SESSION foreign_key_checks = 1"
        return text


def rewrite_of(sql: str, target: Target, found: Measured, flavour: str, measure: Measure) -> str | None:
    """The mildest of the other ways that is milder than the statement; None where there is none.

    `measure` takes a statement, its target, more settings, and statements to run first.
    """
    if found.algorithm is None or target.given:
        return None
    best, cost = None, _cost(found, flavour)
    for rewrite in _candidates(sql, target, flavour):
        other = _cost_of(rewrite, flavour, measure)
        if other is not None and other < cost:
            best, cost = rewrite, other
    return str(best) if best else None


def in_steps(breaks: Sequence[str]) -> str | None:
    """For names that running code still uses there is no mild statement, only several deployments."""
    said = " ".join(breaks)
    return _RENAMED if " now: code that still names it" in said else _GONE if " is gone: " in said else None


def _candidates(sql: str, target: Target, flavour: str) -> Iterator[Rewrite]:
    parts = alterations(target.tail) if not target.ends else []
    if _FOREIGN.search(sql):
        yield Rewrite((sql,), (_UNCHECKED,))
    if flavour == "mysql" and any(_CHECK.match(part) and "ENFORCED" not in part.upper() for part in parts):
        new = [f"{part} NOT ENFORCED" if _CHECK.match(part) else part for part in parts]
        yield Rewrite((f"{target.head} {', '.join(new)}",))
    if len(parts) > 1:
        yield Rewrite(tuple(f"{target.head} {part}" for part in parts))


def alterations(tail: str) -> list[str]:
    """ADD a INT, ADD KEY k (a, b)  ->  ["ADD a INT", "ADD KEY k (a, b)"]"""
    depth, start, found = 0, 0, []
    for token in tokens(tail):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            found.append(tail[start : token.start].strip())
            start = token.end
    return [*found, tail[start:].strip()]


def _cost(found: Measured, flavour: str) -> tuple[int, bool]:
    ways = [(algorithm, lock or "NONE") for algorithm, lock in ATTEMPTS[flavour]]
    return ways.index((found.algorithm or "", found.lock or "")), bool(found.rebuild)


def _cost_of(rewrite: Rewrite, flavour: str, measure: Measure) -> tuple[int, bool] | None:
    """The cost of its most expensive statement; None where the server does not take it."""
    worst = (0, False)
    for number, statement in enumerate(rewrite.statements):
        target = target_of(statement, "ALTER TABLE" if statement[:5].upper() == "ALTER" else "CREATE INDEX")
        if target is None:
            return None
        try:
            found = measure(statement, target, rewrite.settings, rewrite.statements[:number])
        except StatementRejected:
            return None
        if found.algorithm is None:
            return None
        worst = max(worst, _cost(found, flavour))
    return worst
