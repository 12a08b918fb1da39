"""One small change to a schema, and what proposes such changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterpush.infra.database import Connection
from afterpush.migrate.snapshot import Snapshot


@dataclass(frozen=True)
class Mutation:
    """One change: `statements` in order. Where the server refuses the first, it is no change."""

    kind: str
    target: str
    statements: tuple[str, ...]


Proposal = Callable[[Connection, Snapshot], Iterator[Mutation]]
"""Gives changes to what a schema holds now; some of them the server may refuse."""
