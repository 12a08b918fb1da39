"""What this repository could make us run, and the user's yes to it."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from afterpush.infra.configuration.approvals import (
    Item,
    Trust,
    configured_items,
    file_item,
    passed_variables,
)
from afterpush.infra.console import is_answerable, is_confirmed
from afterpush.workflows.app_repository import AppRepository

POST_PUSH_HOOK = ".husky/post-push"


@dataclass(frozen=True)
class TrustedItem:
    """One item as `env.trust --json` prints it."""

    what: Annotated[str, "a kind of thing that this repository's files can make us run"]
    where: Annotated[str, "file and key"]
    sha256: Annotated[str, "of exactly this part"]
    trusted: bool
    text: Annotated[str, "what would run"]


@dataclass(frozen=True)
class TrustReport:
    """Whether a yes covers everything, and each thing that it is about."""

    trusted: Annotated[bool, "whether your yes covers everything"]
    items: list[TrustedItem]


def trust_of(here: AppRepository) -> Trust:
    """The record of this clone."""
    from afterpush.infra.git import common_folder

    return Trust(common_folder(here.repo))


def items_of(here: AppRepository) -> list[Item]:
    """Everything here that could run or give variables: commands, the hook, a tracked `.env`."""
    from afterpush.infra.configuration.environment_variables import tracked_file_item
    from afterpush.workflows.lock_file_trust import lock_file_items

    files = (tasks_item(here), hook_item(here), tracked_file_item(here.root))
    return [*configured_items(here.settings), *lock_file_items(here), *(item for item in files if item)]


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

    Typing `inv` has run tasks.py already.
    """
    path = getattr(sys.modules.get("tasks"), "__file__", None)
    if path is not None and Path(path).is_relative_to(here.repo):
        return True
    item = tasks_item(here)
    return item is not None and trust_of(here).has(item)


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


def command_environment(here: AppRepository) -> dict[str, str]:
    """What commands of the configuration get: our secrets only where the user said yes to passing them on."""
    return here.environment.for_command(passed_variables(here.settings, trust_of(here)))


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
