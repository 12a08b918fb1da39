"""The tasks that really exist, and what is wrong with a command that names others."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from afterpush.infra.near import near, nearest

PROGRAMS = {"inv": "inv", "invoke": "inv", "afterpush": "afterpush"}
_PLACEHOLDER = re.compile(r"^(?:\.\.\.|…|<.*|\[.*|.*[{*%].*|TASK|NAME)$")
_NAME = re.compile(r"[A-Za-z]\w*(?:[.:-]\w+)*")
_FILE = re.compile(r".*\.(?:md|py|yaml|yml|toml|json|txt|sh|cfg|ini|html)$")
_NEARLY = 0.85


@dataclass(frozen=True)
class TaskFlags:
    """What one task accepts: its flags (`--sha`), those that take a value, and how many plain words."""

    flags: frozenset[str]
    with_value: frozenset[str] = frozenset()
    words: int = 0


@dataclass(frozen=True)
class Catalog:
    """The tasks of each program (`inv`, `afterpush`) by their bound names, as `--list` prints them."""

    tasks: Mapping[str, Mapping[str, TaskFlags]]
    core: Mapping[str, bool] = field(default_factory=dict)

    def of(self, program: str) -> Mapping[str, TaskFlags]:
        """The tasks that a program, by whatever folder it is called, offers here."""
        return self.tasks.get(PROGRAMS.get(program.rpartition("/")[2], ""), {})


def faults(words: Sequence[str], catalog: Catalog, *, is_sure: bool, is_whole: bool) -> Iterator[str]:
    """What is wrong with `inv WORDS`: unknown tasks and flags; a missing value where the command `is_whole`.

    Where it is not sure that the words are a command at all, an unknown task counts when it is nearly a known
    one, or in a known namespace.
    """
    program, rest = words[0], list(words[1:])
    tasks, core = catalog.of(program), catalog.core
    current: TaskFlags | None = None
    name, plain = "", 0
    while rest and tasks:
        word = rest.pop(0)
        flag, is_given, _ = word.partition("=")
        if word == "--" or (word not in tasks and _PLACEHOLDER.match(flag)):
            return
        if word.startswith("-") and current is not None and flag in current.flags:
            if flag in current.with_value and not is_given:
                if not rest and is_whole:
                    yield f"{program} {name} {flag} needs a value: {flag}=..."
                del rest[:1]
        elif word.startswith("-") and flag in core:
            del rest[: core[flag] and not is_given]
        elif word.startswith("-"):
            if current or is_sure:
                close = near(flag, current.flags if current else core)
                yield f"{program} {name}".strip() + f" has no flag {flag}{close}"
            # What follows an unknown flag may be its value.
            del rest[: bool(rest) and rest[0] not in tasks and not rest[0].startswith("-")]
        elif word in tasks:
            current, name, plain = tasks[word], word, 0
        elif current is not None and plain < current.words:
            plain += 1
        else:
            if is_sure or (current is None and _is_slip(word, tasks)):
                yield f"there is no task {word}{meant(word, rest, tasks)}"
            return


def meant(word: str, rest: Sequence[str], tasks: Mapping[str, TaskFlags]) -> str:
    """What an unknown task may be: `deploy monitor` is deploy.monitor, and `deploy` alone a namespace."""
    if rest and f"{word}.{rest[0]}" in tasks:
        return f"; did you mean {word}.{rest[0]}?"
    if any(name.startswith(f"{word}.") for name in tasks):
        return f", only a namespace of that name: inv --list={word}"
    return near(word, tasks)


def _is_slip(word: str, tasks: Mapping[str, TaskFlags]) -> bool:
    if not _NAME.fullmatch(word) or _FILE.fullmatch(word):
        return False
    namespace, dot, _ = word.lower().partition(".")
    is_inside = bool(dot) and any(name.startswith(f"{namespace}.") for name in tasks)
    return is_inside or nearest(word, tasks, cutoff=_NEARLY) is not None
