"""What was written as the first migration, and whether it makes the same schema."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated


@dataclass(frozen=True)
class Written:
    """The baseline. `problems` say where a replay of it is not the app's schema, `doubtful` which parts hold
    a `?` that may have been a character of four bytes. `written` is false for a dry run, or with problems."""

    file: Annotated[str, "the file's path in the repository"]
    statements: Annotated[int, "statements in it"]
    written: Annotated[bool, "false for a dry run"]
    problems: Annotated[list[str], "where a replay of it is not the app's schema"] = field(
        default_factory=list
    )
    doubtful: Annotated[list[str], "parts with a ? that may have been a character of four bytes"] = field(
        default_factory=list
    )
    text: Annotated[str, "the file's text for a dry run; empty otherwise"] = ""


def rendered(found: Written) -> str:
    """For people."""
    return "\n".join(_lines(found))


def _lines(found: Written) -> Sequence[str]:
    done = f"written to {found.file}" if found.written else f"for {found.file}, not written"
    lines = [f"{found.statements} statements, {done}"]
    lines += [f"not the same when replayed: {problem}" for problem in found.problems]
    if found.doubtful:
        lines.append(
            f"look at these by hand, for a ? that was another character: {', '.join(found.doubtful)}"
        )
    return lines
