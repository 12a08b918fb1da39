"""What this repository could make us run, and the user's yes to it."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.configuration.trust import Item, Trust, configured, configured_items, file_item
from afterpush.infra.console import is_answerable, is_confirmed
from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.conflicts.git.apply import Owners

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
    from afterpush.infra.configuration.variables import tracked_file_item

    files = (tasks_item(here), hook_item(here), tracked_file_item(here.root))
    return [*configured_items(here.settings), *_lock_file_items(here), *(item for item in files if item)]


def _lock_file_items(here: AppRepository) -> list[Item]:
    """The well-known owners of the lock files here, as far as they run code of the repository."""
    from afterpush.conflicts.kinds.names import WELL_KNOWN_LOCK_FILES, is_well_known
    from afterpush.infra.git.tracked_files import tracked

    if here.settings.documents.lock_files is not None:
        return []
    owners = {name: words for name, words in WELL_KNOWN_LOCK_FILES.items() if not is_well_known(words)}
    paths = tracked(here.repo, [f":(glob)**/{name}" for name in owners])
    return [_lock_file_item(path, owners[path.rpartition("/")[2]]) for path in paths]


def hook_item(here: AppRepository) -> Item | None:
    """The script that a watcher runs after a landed push; None without one."""
    return file_item("hook", here.repo, POST_PUSH_HOOK)


def tasks_item(here: AppRepository) -> Item | None:
    """The repository's own tasks, as far as its tasks.py or tasks/ reach; None without any."""
    from afterpush.text.task_source import task_files

    files = task_files(here.repo)
    whole = "".join(f"{name}\0{text}\0" for name, text in sorted(files.items()))
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    return Item("tasks", "tasks.py", f"{len(files)} files, sha256 {digest}") if files else None


def may_load_tasks(here: AppRepository) -> bool:
    """Whether the repository's own tasks may be loaded: Invoke has loaded them for this command, or a yes.

    Whoever typed `inv` had tasks.py run already.
    """
    path = getattr(sys.modules.get("tasks"), "__file__", None)
    if path is not None and Path(path).is_relative_to(here.repo):
        return True
    item = tasks_item(here)
    return item is not None and trust_of(here).has(item)


def _lock_file_item(path: str, command: Sequence[str]) -> Item:
    return Item("lock file", path, " ".join(command))


def report(here: AppRepository) -> TrustReport:
    """What would run, and whether the user said yes to it."""
    trust, items, redact = trust_of(here), items_of(here), here.environment.redactor()
    return TrustReport(
        trust.has_all(items),
        [
            TrustedItem(item.what, item.where, item.sha256, trust.has(item), redact(item.shown()))
            for item in items
        ],
    )


def lock_file_owners(here: AppRepository) -> "Owners":
    """How lock files are regenerated: an owner that runs code of the repository needs the user's yes."""
    from afterpush.conflicts.git.apply import Owners
    from afterpush.conflicts.kinds.names import is_well_known

    trust, ask = trust_of(here), asked()

    def refusal(path: str, command: Sequence[str]) -> str | None:
        if is_well_known(tuple(command)):
            return None
        item = next(
            (item for item in items_of(here) if item.text == configured("", list(command)).text), None
        )
        try:
            trust.require([item or _lock_file_item(path, command)], ask)
        except AfterpushError as error:
            return str(error)
        return None

    return Owners(here.environment.for_command(here.settings.commands.variables), refusal)


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
