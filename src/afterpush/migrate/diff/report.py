"""What was written as the first migration, and whether it makes the same schema."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Written:
    """The baseline. `problems` say where a replay of it is not the app's schema, `doubtful` which parts hold
    a `?` that may have been a character of four bytes. `written` is false for a dry run, or with problems."""

    file: str
    statements: int
    written: bool
    problems: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    text: str = ""


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
