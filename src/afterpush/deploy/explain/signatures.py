"""The signatures of failures: `config/failures.yaml`, ours and the team's, checked and ready to match."""

import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from afterpush.deploy.explain.words import branches, needed_words
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text

TEAM_FILE = Path("config/failures.yaml")
UNKNOWN = "unknown"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One mapping of the file; unknown keys are errors."""


class Category(Entry, frozen=True):
    """What a kind of failure means and what to do about it."""

    title: str
    hint: str
    weight: int


class Settled(Entry, frozen=True):
    """A line after which earlier faults of these categories no longer count."""

    pattern: str
    categories: list[str]
    unless: str | None = None


class Written(Entry, frozen=True):
    """A signature as the file has it; the file's head explains the keys."""

    id: str
    category: str
    pattern: str
    weight: int | None = None
    unless: str | None = None
    followed_by: str | None = None
    also: str | None = None
    differs: str | None = None
    title: str | None = None
    hint: str | None = None
    sample: str | None = None


class File(Entry, frozen=True):
    """The whole file; a team's file may leave out any part."""

    categories: dict[str, Category] = msgspec.field(default_factory=dict)
    benign: list[str] = msgspec.field(default_factory=list)
    doubtful: str | None = None
    success: str | None = None
    faults: list[str] = msgspec.field(default_factory=list)
    settled: list[Settled] = msgspec.field(default_factory=list)
    signatures: list[Written] = msgspec.field(default_factory=list)


class Branch:
    """One alternative of a pattern: an expression, compiled on first use, and the words it cannot do without.

    `words` are the rarest: a line has one of them or does not match. `also` are further sets of that kind.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        needed = needed_words(text)
        self.words = needed[0] if needed else frozenset[str]()
        self._also = needed[1:]

    @functools.cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(self._text, re.IGNORECASE)

    def search(self, said: str, lowered: str) -> re.Match[str] | None:
        """The match in a line, given also in lower case."""
        for words in self._also:
            if not any(word in lowered for word in words):
                return None
        return self._expression.search(said)


@dataclass(frozen=True, eq=False)
class Pattern:
    """A regular expression in its alternatives, and what excludes it."""

    branches: tuple[Branch, ...]
    unless: re.Pattern[str] | None

    def search(self, said: str) -> re.Match[str] | None:
        """The first match of an alternative, unless the line is excluded."""
        lowered = said.lower()
        found = (match for branch in self.branches if (match := branch.search(said, lowered)))
        return self.admitted(next(found, None), said)

    def admitted(self, found: re.Match[str] | None, said: str) -> re.Match[str] | None:
        """A match, or None when what excludes the pattern is in the line too."""
        return None if found and self.unless and self.unless.search(said) else found


@dataclass(frozen=True, eq=False)
class Signature:
    """A signature ready to match. `weight`: how much it says about the cause, 1-100."""

    id: str
    category: str
    weight: int
    pattern: Pattern
    followed_by: re.Pattern[str] | None
    also: Pattern | None
    differs: str | None
    title: str | None
    hint: str | None
    sample: str | None


@dataclass(frozen=True, eq=False)
class Settlement:
    """A success, and the categories of fault that it settles."""

    pattern: Pattern
    categories: frozenset[str]


@dataclass(frozen=True, eq=False)
class Failures:
    """Everything that the signature files say."""

    categories: Mapping[str, Category]
    signatures: tuple[Signature, ...]
    settlements: tuple[Settlement, ...]
    benign: tuple[re.Pattern[str], ...]
    doubtful: re.Pattern[str]
    success: Pattern
    faults: tuple[Pattern, ...]


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
    return _ready(_extended(own, _parse(text, str(path))), str(path))


def _our_text() -> str:
    return (resources.files("afterpush") / "defaults" / "failures.yaml").read_text(encoding="utf-8")


@functools.cache
def _our_file() -> File:
    return _parse(_our_text(), "config/failures.yaml")


def _parse(text: str, name: str) -> File:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return msgspec.convert(yaml.load(text, Loader=loader) or {}, File)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid"
        raise AfterpushError(f"{name}{where}: not valid YAML: {problem}") from error
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise AfterpushError(f"reading the signatures: {name}: {error or 'nested too deeply'}") from error


def _extended(own: File, team: File) -> File:
    """The team's entries in front of ours; one with the same id replaces ours."""
    replaced = {written.id for written in team.signatures}
    return File(
        categories=own.categories | team.categories,
        benign=[*own.benign, *team.benign],
        doubtful=team.doubtful or own.doubtful,
        success=team.success or own.success,
        faults=team.faults or own.faults,
        settled=[*own.settled, *team.settled],
        signatures=[
            *team.signatures,
            *(written for written in own.signatures if written.id not in replaced),
        ],
    )


def _ready(file: File, name: str) -> Failures:
    known = _our_file().categories
    named = chain(
        file.categories,
        (written.category for written in file.signatures),
        *(entry.categories for entry in file.settled),
    )
    for category in named:
        if category not in known:
            near = difflib.get_close_matches(category, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"the categories are {', '.join(known)}"
            raise AfterpushError(f"{name}: there is no category {category}; {hint}")
    return Failures(
        categories=file.categories,
        signatures=tuple(_signature(written, file.categories, name) for written in file.signatures),
        settlements=tuple(
            Settlement(_pattern(entry.pattern, entry.unless, f"{name}: settled"), frozenset(entry.categories))
            for entry in file.settled
        ),
        benign=tuple(_expression(text, f"{name}: benign") for text in file.benign),
        doubtful=_expression(file.doubtful or "(?!)", f"{name}: doubtful"),
        success=_pattern(file.success or "\ue000{9}", None, f"{name}: success"),
        faults=tuple(_pattern(text, None, f"{name}: faults") for text in file.faults),
    )


def _signature(written: Written, categories: Mapping[str, Category], name: str) -> Signature:
    where = f"{name}: signature {written.id}"
    weight = categories[written.category].weight if written.weight is None else written.weight
    if not 1 <= weight <= 100:
        raise AfterpushError(f"{where}: weight {weight} is not between 1 and 100")
    return Signature(
        id=written.id,
        category=written.category,
        weight=weight,
        pattern=_pattern(written.pattern, written.unless, where),
        followed_by=_expression(written.followed_by, where) if written.followed_by else None,
        also=_pattern(written.also, None, where) if written.also else None,
        differs=written.differs,
        title=written.title,
        hint=written.hint,
        sample=written.sample,
    )


def _pattern(text: str, unless: str | None, where: str) -> Pattern:
    _expression(text, where)
    parts = tuple(Branch(part) for part in branches(text))
    for part, branch in zip(branches(text), parts, strict=True):
        if not branch.words:
            raise AfterpushError(
                f"{where}: {part!r} can match without any fixed text of three characters; add some"
            )
    return Pattern(parts, _expression(unless, where) if unless else None)


def _expression(text: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise AfterpushError(f"{where}: {text!r} is no regular expression: {error}") from error
