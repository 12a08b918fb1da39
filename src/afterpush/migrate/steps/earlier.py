"""The steps that were committed before: what an app in production may have run."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.objects import read_blob
from afterpush.migrate.steps.module import read_module
from afterpush.migrate.steps.sql_file import read_sql
from afterpush.migrate.steps.sql_head import MARK
from afterpush.migrate.steps.step import Step


def committed_steps(root: Path, file: str | None, steps: Sequence[Step]) -> list[Step]:
    """The steps of the last committed version of their file; none where they are these, or cannot be read."""
    if file is None:
        return []
    try:
        text = read_blob(root, f"HEAD:{file}").decode("utf-8", "replace")
    except AfterpushError:
        return []  # Not committed yet.
    if MARK not in text:
        return []
    try:
        found = read_sql(text, file) if file.endswith(".sql") else read_module(text, file)
    except AfterpushError:
        return []  # Written by a version with another form: nothing that could run now.
    return [] if [step.checksum for step in found] == [step.checksum for step in steps] else found
