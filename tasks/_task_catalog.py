"""The tasks that really exist, as data: ours, and those of the repository's own tasks.py."""

import importlib
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from invoke import Collection, Program
from invoke.exceptions import CollectionNotFound
from invoke.loader import FilesystemLoader

from afterpush.infra.console import note
from afterpush.infra.invocation import program_in
from afterpush.text.task_catalog import Catalog, TaskFlags
from afterpush.text.task_source import our_modules_in, task_files, tasks_in


def catalog(root: Path) -> Catalog:
    """What `inv` and `afterpush` offer in the repository at `root`; its tasks.py is read, never run."""
    ours = _ours()
    core = {
        flag: argument.takes_value
        for context in (Program().core_args(),)
        for argument in context
        for flag in (f"--{name}" if len(name) > 1 else f"-{name}" for name in argument.names)
    }
    own = _of_repository(root)
    return Catalog({"afterpush": ours, "inv": ours if own is None else own}, core)


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
    """The repository's own tasks; None where it has none. Empty, and so held against nothing, where its text
    does not tell them."""
    collection = loaded_tasks(root)
    if collection is not None:
        return described(collection)
    files = task_files(root)
    if not files:
        return None
    read = tasks_in(files)
    if read is None:
        return {}
    ours = _ours() if program_in(root) == "inv" else {}
    flags = {
        name: TaskFlags(one.flags | {"--help", "-h"}, one.with_value, one.words) for name, one in read.items()
    }
    return {**ours, **_of_our_modules(files), **flags}


def _of_our_modules(files: Mapping[str, str]) -> dict[str, TaskFlags]:
    """Tasks of ours that a tasks.py takes one by one: `from afterpush.tasks import dev`."""
    return described(Collection(*our_tasks(our_modules_in(files))))


def our_tasks(modules: Iterable[str]) -> list[Any]:
    """The tasks of those modules of our package that are no part of `ns`: code of ours, none of theirs."""
    found = (importlib.import_module(f"afterpush.tasks.{name}") for name in modules if name in _MODULES)
    return [one for module in found for one in module.TASKS]


_MODULES = frozenset({"dev"})


def loaded_tasks(root: Path) -> Collection | None:
    """The repository's tasks as Invoke has loaded them for this very command, if it has; else None.

    Nothing is loaded here: typing `inv` has run these files, and typing `afterpush` has not.
    """
    module = sys.modules.get("tasks")
    path = getattr(module, "__file__", None)
    if (
        module is None
        or path is None
        or Path(path) not in (root / "tasks.py", root / "tasks" / "__init__.py")
    ):
        return None
    return Collection.from_module(module)


def repository_tasks(root: Path) -> Collection | None:
    """The collection of the repository's own tasks, loaded: after the user's yes only. None without any."""
    if not task_files(root):
        return None
    try:
        module, _ = FilesystemLoader(start=str(root)).load("tasks")
        return Collection.from_module(module)
    except (CollectionNotFound, ImportError, SyntaxError) as error:
        note(f"note: the repository's tasks.py cannot be loaded ({error}); commands are held against ours")
        return None
