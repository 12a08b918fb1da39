"""Which owners of lock files may run: those that only read, and the others after the user's yes."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from afterpush.conflicts.kinds.lock_files import WELL_KNOWN_LOCK_FILES, lock_rule, settings_of
from afterpush.infra.configuration.approvals import Item, configured, configured_items, file_item
from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.trust import asked, command_environment, trust_of

if TYPE_CHECKING:
    from afterpush.conflicts.git.apply import Owners


def lock_file_items(here: AppRepository) -> list[Item]:
    """The well-known owners of the lock files here, as far as the repository can make them run something."""
    from afterpush.infra.git.tracked_files import tracked

    documents = here.settings.documents
    rules = ((path, lock_rule(path, documents)) for path in tracked(here.repo, []))
    well_known = ((path, words) for path, words in rules if words and words in WELL_KNOWN_LOCK_FILES.values())
    items = (_item(here, path, words) for path, words in well_known if not _is_named(here, words))
    return [item for item in items if item]


def _is_named(here: AppRepository, command: tuple[str, ...]) -> bool:
    """Whether the command is an item of the configuration already."""
    return here.settings.documents.lock_files is not None and settings_of(command) is None


def _item(here: AppRepository, path: str, command: tuple[str, ...]) -> Item | None:
    """The command, with the settings that decide what it runs; None where it only reads."""
    names = settings_of(command)
    settings = _settings_beside(here, path, names or ())
    if names is not None and not settings:
        return None
    return Item("lock file", path, "\n".join([" ".join(command), *settings]))


def _settings_beside(here: AppRepository, path: str, names: Sequence[str]) -> list[str]:
    """Those of the settings files that a commit brought: they hold in their folder and below it."""
    from afterpush.infra.git.tracked_files import is_brought

    folders = PurePosixPath(path).parents
    places = (str(folder / name) for folder in folders for name in names)
    items = (file_item("", here.repo, place) for place in places if is_brought(here.repo, place))
    return [f"{item.where}: {item.text}" for item in items if item]


def lock_file_owners(here: AppRepository) -> "Owners":
    """How lock files are regenerated: an owner that runs code of the repository needs the user's yes."""
    from afterpush.conflicts.git.apply import Owners

    ask = asked()

    def refusal(path: str, command: Sequence[str]) -> str | None:
        return _refusal(here, path, tuple(command), ask)

    return Owners(command_environment(here), refusal)


def _refusal(
    here: AppRepository, path: str, command: tuple[str, ...], ask: Callable[[str], bool] | None
) -> str | None:
    item = _item(here, path, command)
    if item is None:
        return None
    if _is_named(here, command):
        text = configured("", list(command)).text
        item = next((each for each in configured_items(here.settings) if each.text == text), item)
    try:
        trust_of(here).require([item], ask)
    except AfterpushError as error:
        return str(error)
    return None
