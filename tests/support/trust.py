"""The user's yes, for tests of what runs after one."""

from pathlib import Path

from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.trust import items_of, trust_of


def say_yes(repository: Path) -> None:
    """What `inv env.trust` does in this clone."""
    here = AppRepository(repository)
    trust_of(here).say_yes(items_of(here))
