"""The sources in order of authority, and one look at all of them, without secrets.

What they say may repeat one: a build's words, a connection string in an error. It is hidden where facts come
in, so that no state, log, result, history or document has to think of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol

import msgspec

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, Seen, Silence
from afterpush.digitalocean.deployment import Deployment, read_deployment
from afterpush.digitalocean.steps import phase_of
from afterpush.infra.clock import Clock

Redact = Callable[[str], str]


def hidden(value: Any, redact: Redact) -> Any:
    """The same fact, or part of one, with every text redacted but the name of its source, which is ours."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Deployment):
        return read_deployment(hidden(msgspec.to_builtins(value), redact))
    if isinstance(value, dict):
        return {name: hidden(inner, redact) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(hidden(inner, redact) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = {entry.name for entry in fields(value)} - {"source"}
        return replace(value, **{name: hidden(getattr(value, name), redact) for name in names})
    return value


_ALMOST_DUE_SECONDS = 0.001


class SourceFailure(Exception):
    """A source gave no answer this time; `is_refused` when it never will (bad credentials)."""

    def __init__(
        self, message: str, *, is_refused: bool = False, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.is_refused = is_refused
        self.retry_after_seconds = retry_after_seconds


class Source(Protocol):
    """Somebody who may know what became of the commit."""

    @property
    def name(self) -> str:
        """`platform`, `database` or `health`."""

    @property
    def is_authority(self) -> bool:
        """Whether its word on a deployment needs no second opinion."""

    def look(self) -> Fact:
        """What it shows now. Raises SourceFailure when it does not answer."""


class RankedSources:
    """Asks the sources in order; the first conclusive answer counts, for this look only.

    A source whose credentials are refused is not asked again, and one that names a time not before it,
    however often the others are. `notes` collects such events, once each.
    """

    def __init__(self, sources: Sequence[Source], clock: Clock, redact: Redact = str) -> None:
        self._sources = list(sources)
        self._redact = redact
        self._clock = clock
        self._resting: dict[str, tuple[float, SourceFailure]] = {}
        self.notes: list[str] = []

    def look(self) -> Fact:
        """One look, without secrets; Silence when none answered."""
        fact: Fact = hidden(self._look(), self._redact)
        return fact

    def _look(self) -> Fact:
        failures: list[SourceFailure] = []
        best: Fact | None = None
        for source in tuple(self._sources):
            try:
                self._let_rest(source)
                fact = source.look()
            except SourceFailure as failure:
                failures.append(failure)
                self._remember(source, failure)
                continue
            if source.is_authority or _is_conclusive(fact):
                return fact
            best = _better(best, fact)
        return best or self._silence(failures)

    def _let_rest(self, source: Source) -> None:
        """Raises its last failure again while the source asked not to be asked."""
        until, failure = self._resting.get(source.name, (0.0, None))
        left = until - self._clock.monotonic()
        if failure and left > _ALMOST_DUE_SECONDS:
            raise SourceFailure(str(failure), retry_after_seconds=left)
        self._resting.pop(source.name, None)

    def _remember(self, source: Source, failure: SourceFailure) -> None:
        if failure.is_refused:
            self._end(source, failure)
        elif failure.retry_after_seconds and source.name not in self._resting:
            until = self._clock.monotonic() + failure.retry_after_seconds
            self._resting[source.name] = (until, failure)

    def _end(self, source: Source, failure: SourceFailure) -> None:
        self._sources.remove(source)
        left = " and ".join(other.name for other in self._sources) or "no other source"
        self.notes.append(self._redact(f"the source {source.name} ends: {failure}; {left} left"))

    def _silence(self, failures: list[SourceFailure]) -> Silence:
        waits = [
            failure.retry_after_seconds for failure in failures if failure.retry_after_seconds is not None
        ]
        messages = tuple(map(str, failures)) or tuple(self.notes)
        everybody_rests = len(waits) == len(failures)
        return Silence(
            messages,
            min(waits, default=None) if everybody_rests else None,
            is_final=not self._sources,
        )


def _is_conclusive(fact: Fact) -> bool:
    """Whether no lower source could tell more: the table's rows are known to stay "pending" for ever."""
    if isinstance(fact, Seen):
        return phase_of(fact.deployment.phase).is_final
    return not isinstance(fact, NotYet | Inconclusive)


def _better(one: Fact | None, other: Fact) -> Fact:
    """What tells more: a deployment under way, then "none yet", then no evidence."""
    rank = {Seen: 3, NotYet: 2, Inconclusive: 1}
    if one is None or rank.get(type(other), 0) > rank.get(type(one), 0):
        return other
    return one
