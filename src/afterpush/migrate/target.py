"""What a consolidation writes, and what both of its targets share."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from afterpush.migrate.audit import Audit
from afterpush.migrate.inputs import Inputs
from afterpush.migrate.plan import data_steps
from afterpush.migrate.reading import Sort
from afterpush.migrate.steps import BASELINE, Step, baseline

Target = Literal["sql", "typescript"]


@dataclass(frozen=True)
class FileChange:
    """A file with its old and new content; `before` is None for a file that is not there yet.

    Bytes that are no UTF-8 stand in the text as surrogates, and are written as they were.
    """

    path: str
    before: str | None
    after: str


def diff(change: FileChange) -> str:
    """The change as a unified diff."""
    before = (change.before or "").splitlines()
    name = "/dev/null" if change.before is None else f"a/{change.path}"
    lines = difflib.unified_diff(before, change.after.splitlines(), name, f"b/{change.path}", lineterm="")
    return "\n".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True)
class Plan:
    """What the consolidation adds.

    `added` are the steps that were not there before; `change` is None when there is nothing to write.
    `inputs` are the repository's after the change: what is to be proved.
    """

    target: Target
    added: tuple[Step, ...]
    change: FileChange | None
    inputs: Inputs


def columns_of_boot(found: Audit) -> frozenset[tuple[str, str]]:
    """Columns that the boot script adds by itself: what stands before them is not there yet."""
    return frozenset(
        (entry.item.table.lower(), entry.item.name.lower())
        for entry in found.objects
        if entry.item.kind == "column" and entry.covered
    )


def data_of(found: Audit, before: Sequence[Step], with_data: bool) -> list[Step]:
    """Steps for rows: those that are there stay; with `with_data`, all of the sources' are."""
    kept = [step for step in before if step.kind == "data"]
    if not with_data:
        return kept
    rows = data_steps(
        reading.statement
        for reading in found.sources.of(Sort.DATA)
        if reading.statement.file in found.repository.inputs.source_files
    )
    names = {step.name for step in kept}
    return kept + [step for step in rows if step.name not in names]


def baseline_for(found: Audit, data: Sequence[Step]) -> list[Step]:
    """The step that keeps rows of the old way from being written twice."""
    made = [entry.item.name for entry in found.objects if entry.item.kind == "table"]
    return [baseline(data, made)] if data else []


def schema_part(steps: Sequence[Step]) -> list[Step]:
    """The steps that are neither rows nor the mark that goes before them."""
    return [step for step in steps if step.kind not in ("data", BASELINE)]


def new_steps(steps: Iterable[Step], before: Iterable[Step]) -> list[Step]:
    """The steps that were not there before, by their names and their text."""
    known = {(step.name, " ".join(step.sql.split())) for step in before}
    return [step for step in steps if (step.name, " ".join(step.sql.split())) not in known]
