"""What this repository could make us run, and the user's yes to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afterpush.infra.console import is_answerable, is_confirmed
from afterpush.infra.trust import Item, Trust, configured_items, file_item
from afterpush.workflows.app_repository import AppRepository

POST_PUSH_HOOK = ".husky/post-push"


@dataclass(frozen=True)
class TrustedItem:
    """One item as `env.trust --json` prints it."""

    what: str
    where: str
    sha256: str
    trusted: bool
    text: str


@dataclass(frozen=True)
class TrustReport:
    """Whether a yes covers everything, and each thing that it is about."""

    trusted: bool
    items: list[TrustedItem]


def trust_of(here: AppRepository) -> Trust:
    """The record of this clone."""
    from afterpush.infra.git import common_folder

    return Trust(common_folder(here.repo))


def items_of(here: AppRepository) -> list[Item]:
    """Everything here that could run or give variables: commands, the hook, a tracked `.env`."""
    from afterpush.infra.variables import tracked_file_item

    files = (file_item("hook", here.repo, POST_PUSH_HOOK), tracked_file_item(here.root))
    return [*configured_items(here.settings), *(item for item in files if item)]


def report(here: AppRepository) -> TrustReport:
    """What would run, and whether the user said yes to it."""
    trust, items = trust_of(here), items_of(here)
    return TrustReport(
        trust.has_all(items),
        [TrustedItem(item.what, item.where, item.sha256, trust.has(item), item.shown()) for item in items],
    )


def require(here: AppRepository, items: Sequence[Item]) -> None:
    """Raises AfterpushError (exit 2) unless the user said yes to these; asks him where he can answer."""
    trust_of(here).require(items, asked())


def asked() -> Callable[[str], bool] | None:
    """How to ask; None where nobody can answer."""
    return is_confirmed if is_answerable() else None


def report_text(found: TrustReport) -> str:
    """For people: each item with its text."""
    if not found.items:
        return "nothing in this repository is run"
    lines = [f"{'yes' if item.trusted else 'no '}  {item.text}" for item in found.items]
    end = "all of it has your yes in this clone" if found.trusted else "what has no yes is not run"
    return "\n".join([*lines, end])
