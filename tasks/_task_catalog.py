"""The tasks that really exist, as data: ours, and those of the repository's own tasks.py."""

from functools import cache
from pathlib import Path

from invoke import Collection, Program
from invoke.exceptions import CollectionNotFound
from invoke.loader import FilesystemLoader

from afterpush.infra.console import note
from afterpush.text.task_catalog import Catalog, TaskFlags


def catalog(root: Path) -> Catalog:
    """What `inv` and `afterpush` offer in the repository at `root`; its tasks.py is loaded as Invoke does."""
    ours = _ours()
    core = {
        flag: argument.takes_value
        for context in (Program().core_args(),)
        for argument in context
        for flag in (f"--{name}" if len(name) > 1 else f"-{name}" for name in argument.names)
    }
    return Catalog({"afterpush": ours, "inv": _of_repository(root) or ours}, core)


def described(collection: Collection) -> dict[str, TaskFlags]:
    """The tasks of a collection by their bound names, with aliases and default tasks."""
    found: dict[str, TaskFlags] = {}
    for context in collection.to_contexts():
        flags = TaskFlags(
            frozenset(context.flags) | frozenset(context.inverse_flags) | {"--help", "-h"},
            frozenset(flag for flag, argument in context.flags.items() if argument.takes_value),
            len(context.positional_args),
        )
        for name in filter(None, (context.name, *context.aliases)):
            found[name] = flags
    return found


@cache
def _ours() -> dict[str, TaskFlags]:
    from afterpush.tasks import ns

    return described(ns)


def _of_repository(root: Path) -> dict[str, TaskFlags] | None:
    _ours()  # First: a tasks.py may add tasks of its own to our namespace.
    collection = repository_tasks(root)
    return described(collection) if collection else None


def repository_tasks(root: Path) -> Collection | None:
    """The collection of the repository's own tasks; None without any, or (said once) when they are broken."""
    if not any((root / name).is_file() for name in ("tasks.py", "tasks/__init__.py")):
        return None
    try:
        module, _ = FilesystemLoader(start=str(root)).load("tasks")
        return Collection.from_module(module)
    except (CollectionNotFound, ImportError, SyntaxError) as error:
        note(f"note: the repository's tasks.py cannot be loaded ({error}); commands are held against ours")
        return None
