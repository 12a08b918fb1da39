"""Reading `config/failures.yaml`: ours, extended by the team's, checked, with mistakes named."""

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import resources
from itertools import chain
from pathlib import Path

import msgspec

from afterpush.deploy.explain.signatures import (
    Commands,
    Failures,
    Level,
    OutcomeRule,
    Pattern,
    Result,
    Signature,
    WrittenCategory,
    WrittenCommands,
    WrittenFile,
    WrittenPattern,
    WrittenSignature,
)
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text
from afterpush.infra.yaml_data import load_yaml

TEAM_FILE = Path("config/failures.yaml")
SHORTEST_NEED = 2


def load_failures(root: Path | None = None) -> Failures:
    """Our signatures, extended by `config/failures.yaml` in `root` when there is one.

    Raises AfterpushError naming the file, the signature and what is wrong with it.
    """
    own = _our_file()
    path = root / TEAM_FILE if root else None
    if path is None or not path.is_file():
        return _ready(own, "config/failures.yaml")
    text = read_text(path, "reading the signatures")
    if text == _our_text():
        return _ready(own, str(path))
    team = _parse(text, str(path))
    _check_expressions(team, str(path))
    return replace(_ready(_extended(own, team), str(path)), team_file=str(TEAM_FILE))


def _our_text() -> str:
    return (resources.files("afterpush") / "defaults" / "failures.yaml").read_text(encoding="utf-8")


@functools.cache
def _our_file() -> WrittenFile:
    return _parse(_our_text(), "config/failures.yaml")


def _parse(text: str, name: str) -> WrittenFile:
    import yaml

    try:
        return msgspec.convert(load_yaml(text) or {}, WrittenFile)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid"
        raise AfterpushError(f"{name}{where}: not valid YAML: {problem}") from error
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise AfterpushError(f"reading the signatures: {name}: {error or 'nested too deeply'}") from error


def _extended(own: WrittenFile, team: WrittenFile) -> WrittenFile:
    """The team's entries in front of ours; one with the same id replaces ours."""
    replaced = {written.id for written in team.signatures}
    kept = (written for written in own.signatures if written.id not in replaced)
    return WrittenFile(
        categories=own.categories | team.categories,
        benign=[*own.benign, *team.benign],
        doubtful=[*own.doubtful, *team.doubtful],
        trace=[*own.trace, *team.trace],
        progress=[*own.progress, *team.progress],
        commands=WrittenCommands(
            before=[*own.commands.before, *team.commands.before],
            no_work=[*own.commands.no_work, *team.commands.no_work],
            work=team.commands.work | own.commands.work,
        ),
        outcomes=[*own.outcomes, *team.outcomes],
        faults=team.faults or own.faults,
        signatures=[*team.signatures, *kept],
    )


def _ready(file: WrittenFile, name: str) -> Failures:
    for category in chain(file.categories, (written.category for written in file.signatures)):
        _check_name(category, _our_file().categories, "category", name)
    return Failures(
        categories=file.categories,
        signatures=tuple(_signature(written, file.categories, name) for written in file.signatures),
        commands=_commands(file.commands, name),
        outcomes=tuple(_outcomes(file, name)),
        faults=tuple(_pattern(written, f"{name}: faults") for written in file.faults),
        benign=_expression(file.benign, f"{name}: benign"),
        doubtful=_expression(file.doubtful, f"{name}: doubtful"),
        trace=_expression(file.trace, f"{name}: trace"),
        progress=_expression(file.progress, f"{name}: progress"),
    )


def _commands(written: WrittenCommands, name: str) -> Commands:
    where = f"{name}: commands"
    for category in written.work:
        _check_name(category, _our_file().categories, "category", where)
    return Commands(
        before=re.compile(f"^(?:{joined(written.before)})+"),
        no_work=_expression(written.no_work, where),
        work={category: _expression(patterns, where) for category, patterns in written.work.items()},
    )


def _outcomes(file: WrittenFile, name: str) -> Iterable[OutcomeRule]:
    levels = {level.name.lower(): level for level in Level}
    for written in file.outcomes:
        _check_name(written.level, levels, "level", f"{name}: outcomes")
        _check_name(written.result, [result.value for result in Result], "result", f"{name}: outcomes")
        pattern = _pattern(written, f"{name}: outcomes")
        yield OutcomeRule(pattern, Result(written.result), levels[written.level])


def _check_name(found: str, known: Iterable[str], kind: str, name: str) -> None:
    if found not in known:
        near = difflib.get_close_matches(found, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise AfterpushError(f"{name}: there is no {kind} {found}; {hint}")


def _signature(written: WrittenSignature, categories: Mapping[str, WrittenCategory], name: str) -> Signature:
    where = f"{name}: signature {written.id}"
    category = categories[written.category]
    weight = category.weight if written.weight is None else written.weight
    if not 1 <= weight <= 100:
        raise AfterpushError(f"{where}: weight {weight} is not between 1 and 100")
    return Signature(
        id=written.id,
        category=written.category,
        weight=weight,
        tolerable=category.tolerable if written.tolerable is None else written.tolerable,
        pattern=_pattern(written, where),
        followed_by=_expression(written.followed_by, where) if written.followed_by else None,
        root=_expression(written.root, where) if written.root else None,
        also=_pattern(written.also, f"{where}: also") if written.also else None,
        differs=written.differs,
        against=_pattern(written.against, f"{where}: against") if written.against else None,
        written=written,
    )


def _pattern(written: WrittenPattern, where: str) -> Pattern:
    short = [need for need in written.needs if len(need.encode()) < SHORTEST_NEED or need != need.lower()]
    if short:
        raise AfterpushError(
            f"{where}: needs {short[0]!r} is no text in lower case of {SHORTEST_NEED} bytes or more"
        )
    return Pattern(joined(written.pattern), tuple(written.needs), written.unless)


def _check_expressions(team: WrittenFile, name: str) -> None:
    """Compiles what a team wrote at once, so that a mistake is named; ours are compiled when first used."""
    for written in chain(team.signatures, team.outcomes, team.faults):
        where = f"{name}: signature {written.id}" if isinstance(written, WrittenSignature) else name
        _expression(written.pattern, where)
        _expression(written.unless or "", where)


def joined(pattern: str | list[str]) -> str:
    """An expression that is written as one, or as its alternatives; of none, what nothing matches."""
    return pattern if isinstance(pattern, str) else "|".join(pattern) or "(?!)"


def _expression(pattern: str | list[str], where: str) -> re.Pattern[str]:
    text = joined(pattern)
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise AfterpushError(f"{where}: {text!r} is no regular expression: {error}") from error
