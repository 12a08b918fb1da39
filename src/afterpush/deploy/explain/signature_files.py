"""Reading `config/failures.yaml`: ours, extended by the team's, checked, with mistakes named."""

import functools
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from afterpush.deploy.explain.signatures import (
    Commands,
    Expression,
    Extended,
    Failures,
    Level,
    Pattern,
    Result,
    Signature,
)
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text
from afterpush.infra.near import near
from afterpush.infra.yaml_data import yaml_document

TEAM_FILE = Path("config/failures.yaml")
SHORTEST_NEED = 2
_LEVELS = [level.name.lower() for level in Level]
_RESULTS = [result.value for result in Result]


def load_failures(root: Path | None = None) -> Failures:
    """Our signatures, extended by `config/failures.yaml` in `root` when there is one.

    Raises AfterpushError naming the file, the signature and what is wrong with it.
    """
    path = root / TEAM_FILE if root else None
    if path is None or not path.is_file():
        return _ours()
    text = read_text(path, "reading the signatures")
    if text == _our_text():
        return _ours()
    team = _parse(text, str(path))
    _check(team, str(path))
    return _resolved(_extended(_ours(), team))


def _our_text() -> str:
    return (resources.files("afterpush") / "defaults" / "failures.yaml").read_text(encoding="utf-8")


@functools.cache
def _ours() -> Failures:
    return _resolved(_parse(_our_text(), "config/failures.yaml"))


def _parse(text: str, name: str) -> Failures:
    tree = yaml_document(text, name)
    try:
        return msgspec.convert(tree or {}, Failures, dec_hook=_expression)
    except (ValueError, RecursionError) as error:  # msgspec's ValidationError is a ValueError.
        raise AfterpushError(f"reading the signatures: {name}: {error or 'nested too deeply'}") from error


def _expression(_: type, written: Any) -> Expression:
    """An expression, from one text or a list of alternatives."""
    return Expression(*msgspec.convert([written] if isinstance(written, str) else written, list[str]))


def _extended(own: Failures, team: Failures) -> Failures:
    """The team's entries in front of ours; one with the same id replaces ours."""
    replaced = {signature.id for signature in team.signatures}
    kept = (signature for signature in own.signatures if signature.id not in replaced)
    return Extended(
        categories=own.categories | team.categories,
        codes=own.codes | team.codes,
        exits=own.exits | team.exits,
        commands=Commands(
            before=own.commands.before | team.commands.before,
            no_work=own.commands.no_work | team.commands.no_work,
            work=team.commands.work | own.commands.work,
        ),
        outcomes=(*own.outcomes, *team.outcomes),
        faults=team.faults or own.faults,
        signatures=(*team.signatures, *kept),
        benign=own.benign | team.benign,
        doubtful=own.doubtful | team.doubtful,
        trace=own.trace | team.trace,
        progress=own.progress | team.progress,
    )


def _resolved(failures: Failures) -> Failures:
    """With the weight of its category for each signature that has none of its own, and so on."""

    def complete(signature: Signature) -> Signature:
        category = failures.categories[signature.category]
        is_tolerable = category.tolerable if signature.tolerable is None else signature.tolerable
        weight = signature.weight or category.weight
        return msgspec.structs.replace(signature, weight=weight, tolerable=is_tolerable)

    return msgspec.structs.replace(failures, signatures=tuple(map(complete, failures.signatures)))


def _check(team: Failures, name: str) -> None:
    """Names the first mistake of a team's file at once; ours is tried by tests."""
    for category in (*team.categories, *(code.category for code in team.codes.values())):
        _check_name(category, _ours().categories, "category", name)
    for category in team.commands.work:
        _check_name(category, _ours().categories, "category", f"{name}: commands")
    for signature in team.signatures:
        _check_name(signature.category, _ours().categories, "category", name)
        _check_signature(signature, f"{name}: signature {signature.id}")
    for rule in team.outcomes:
        _check_name(rule.level, _LEVELS, "level", f"{name}: outcomes")
        _check_name(rule.result, _RESULTS, "result", f"{name}: outcomes")
    for part in ("outcomes", "faults"):
        for pattern in getattr(team, part):
            _check_pattern(pattern, f"{name}: {part}")
    words = (team.commands.before, team.commands.no_work, *team.commands.work.values())
    _check_expressions(words, f"{name}: commands")
    for part in ("benign", "doubtful", "trace", "progress"):
        _check_expressions([getattr(team, part)], f"{name}: {part}")


def _check_signature(signature: Signature, where: str) -> None:
    if not 0 <= signature.weight <= 100:
        raise AfterpushError(f"{where}: weight {signature.weight} is not between 1 and 100")
    _check_expressions(filter(None, (signature.followed_by, signature.root)), where)
    _check_pattern(signature, where)
    for part in ("also", "against"):
        if pattern := getattr(signature, part):
            _check_pattern(pattern, f"{where}: {part}")


def _check_pattern(pattern: Pattern, where: str) -> None:
    short = [need for need in pattern.needs if len(need.encode()) < SHORTEST_NEED or need != need.lower()]
    if short:
        raise AfterpushError(
            f"{where}: needs {short[0]!r} is no text in lower case of {SHORTEST_NEED} bytes or more"
        )
    _check_expressions(filter(None, (pattern.pattern, pattern.unless)), where)


def _check_expressions(expressions: Iterable[Expression], where: str) -> None:
    for expression in expressions:
        try:
            _ = expression.compiled
        except (re.error, RecursionError, OverflowError) as error:
            raise AfterpushError(f"{where}: {expression.text!r} is no regular expression: {error}") from error


def _check_name(found: str, known: Iterable[str], kind: str, name: str) -> None:
    if found not in known:
        hint = near(found, known, 0.4) or f"; there are {', '.join(known)}"
        raise AfterpushError(f"{name}: there is no {kind} {found}{hint}")
