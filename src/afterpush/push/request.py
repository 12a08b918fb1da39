"""What is asked of a push, and the outside world that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.git.merge_tree import Merging
from afterpush.push.rebase_or_merge import Strategy


@dataclass(frozen=True)
class PushRequest:
    """What the user asked for: where to, how often, how, and what must succeed before."""

    target: Target
    attempts: int
    strategy: Strategy
    check: str | None = None
    autostash: bool = False


@dataclass(frozen=True)
class PushContext:
    """What a push acts on besides git: time, chance, and the user who reads along."""

    repo: Path
    state: Path
    merging: Merging
    clock: Clock
    random: Callable[[], float]
    note: Callable[[str], None]
    check_environment: Mapping[str, str]
    """What the configured check gets: none of our secrets."""
