"""The tasks of a repository with their help, printed by a process of its own.

Invoke (2.2) forgets the help of a task's flags once it has read them for the command line: only a process
that has not parsed its own can tell them. `python -m afterpush.tasks._task_help FOLDER` prints one JSON line.
"""

import inspect
import json
import sys
from dataclasses import asdict
from pathlib import Path

from invoke import Collection
from invoke.parser import Argument, ParserContext

from afterpush.documents.manual.reference import FlagFacts, TaskFacts
from afterpush.tasks._task_catalog import our_tasks, repository_tasks
from afterpush.workflows.manual import OURS


def task_facts(collection: Collection) -> list[TaskFacts]:
    """Every task of a collection as its users see it, sorted by name."""
    contexts = sorted(collection.to_contexts(), key=lambda context: str(context.name))
    return [_facts(collection, context) for context in contexts]


def _facts(collection: Collection, context: ParserContext) -> TaskFacts:
    name = str(context.name)
    text = inspect.getdoc(collection[name]) or ""
    words = [_flag(str(argument.name), argument) for argument in context.positional_args]
    flags = [
        _flag(flag, argument)
        for flag, argument in context.flags.items()
        if argument not in context.positional_args and flag.startswith("--")
    ]
    return TaskFacts(name, tuple(sorted(context.aliases)), text, (*words, *flags))


def _flag(name: str, argument: Argument) -> FlagFacts:
    is_told = argument.default is not None and argument.default is not False
    default = str(argument.default) if is_told else None
    return FlagFacts(name, argument.help or "", bool(argument.takes_value), default)


if __name__ == "__main__":
    from afterpush.tasks import ns

    own = None if sys.argv[1] == OURS else repository_tasks(Path(sys.argv[1]))
    for one in our_tasks(sys.argv[2:]):
        ns.add_task(one)
    facts = [asdict(fact) for fact in task_facts(own or ns)]
    print(json.dumps(["inv" if own else "afterpush", facts]))
