"""How a run of the steps looks: a bar on a terminal, lines elsewhere, and the answer at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from afterpush.migrate.apply.apply import Applied
from afterpush.migrate.apply.lock import Progress

_MARKS = {"executed": "+", "needed": "+", "skipped": "=", "drifted": "!", "waits": "~"}


def rendered(applied: Applied) -> str:
    """The answer for people."""
    lines = [
        f"{_MARKS[step.state]} {step.name}" + (f": {step.why}" if step.why else "")
        for step in applied.steps
        if step.state != "skipped"
    ]
    did = "would execute" if applied.dry_run else "executed"
    waited = (
        f", waited {applied.lock_waited_seconds:.1f} s for the lock" if applied.lock_waited_seconds else ""
    )
    drifted = f", {len(applied.drifted)} drifted" if applied.drifted else ""
    total = f"{applied.database}: {did} {applied.executed}, {applied.skipped} there already{drifted}{waited}"
    return "\n".join([*lines, total])


@contextmanager
def bar(note: Callable[[str], None], *, terminal: bool) -> Iterator[Callable[[Progress], None]]:
    """Gives what a run calls with its progress; `note` says a line where no terminal can redraw."""
    if not terminal:
        yield _lines(note)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("migrating"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)

        def redraw(told: Progress) -> None:
            shown.update(task, completed=told.number, total=told.total or None, description=told.text)

        yield redraw


def _lines(note: Callable[[str], None]) -> Callable[[Progress], None]:
    def tell(told: Progress) -> None:
        if not told.total:
            note(told.text)
        elif told.number < told.total:
            note(f"[{told.number + 1}/{told.total}] {told.text}")

    return tell
