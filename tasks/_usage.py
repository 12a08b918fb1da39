"""Command lines that Invoke cannot read: what is wrong, what may be meant, and the right exit code."""

import re
import sys

import invoke.parser.parser
from invoke.exceptions import Exit, ParseError
from invoke.parser import ParserContext

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.near import near

_UNKNOWN = re.compile(r"No idea what '(.+)' is!")
_OBJECT = re.compile(r"<Argument: ([\w-]+)[^>]*>")


class UsageError(Exit, ParseError):
    """A command line that Invoke cannot read.

    Invoke (2.2) exits with 1 for it, which here means "the answer is bad"; as an Exit it carries 2.
    """

    def __init__(self, message: str, context: ParserContext | None = None) -> None:
        Exit.__init__(self, None, int(ExitCode.USAGE))  # Invoke prints the text of a ParseError itself.
        said = explained(message, context)
        self.args = (f"afterpush: {said}",)
        self.context = context
        if "--json" in sys.argv:
            from afterpush.infra.console import print_json

            print_json(AfterpushError(said).document(said))


def explained(message: str, context: ParserContext | None) -> str:
    """Invoke's message, with the flag's name for its object and what an unknown word may have meant."""
    unknown = _UNKNOWN.search(message)
    if not unknown:
        return _plainly(_OBJECT.sub(r"--\1", message))
    word, task = unknown[1], context.name if context else None
    if word.startswith("-"):
        flags = [*context.flags, *context.inverse_flags] if context else []
        whose = f"{task} has" if task else "there is"
        return f"{whose} no flag {word}{near(word, flags)}" + (f"; see --help {task}" if task else "")
    return f"there is no task {word}{_meant(word)}"


def _plainly(message: str) -> str:
    missing = re.fullmatch(r"'(.+)' did not receive required positional arguments: (.+)", message)
    if missing:
        words = missing[2].replace("'", "").replace(", ", " ").upper()
        return f"{missing[1]} needs {words}; see --help {missing[1]}"
    valueless = re.fullmatch(r"Flag (--\S+) needed value and was not given one!", message)
    return f"{valueless[1]} needs a value" if valueless else message


def _meant(word: str) -> str:
    from afterpush.tasks import ns

    names = list(ns.task_names)
    if any(name.startswith(f"{word}.") for name in names):
        return f", only a namespace: --list={word} shows what is in it"
    return near(word, names) or "; --list shows those that are there"


def install() -> None:
    """Has Invoke raise our error for its own."""
    invoke.parser.parser.ParseError = UsageError  # type: ignore[assignment, misc]
