"""The merge driver for single git commands, in clones where nobody has installed it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.conflicts.git.driver_command import NAME, TITLE, attribute_lines, driver_command
from afterpush.conflicts.git.shared_files import driver_patterns
from afterpush.conflicts.kinds.file_kinds import Kind, kind_of
from afterpush.conflicts.merge import merge_document
from afterpush.infra.files import temporary_folder
from afterpush.infra.git import git
from afterpush.infra.git.merge_tree import Merging

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents


@contextmanager
def merging_documents(repo: Path, documents: "Documents", *, branch: str | None = None) -> Iterator[Merging]:
    """What to write between `git` and its command so that it merges the documents through afterpush.

    The attributes go into the place of the user's own global ones, which stay in force with them; what
    `.gitattributes` of the repository says about a path outranks both. With `branch`, what is in that file on
    the branch counts as well: git reads it from the work tree alone, whatever is checked out there.
    """
    with temporary_folder() as folder:
        attributes = folder / "attributes"
        lines = "".join(f"{line}\n" for line in attribute_lines(driver_patterns(documents)))
        own = git(repo, "cat-file", "blob", f"{branch}:.gitattributes").stdout if branch else b""
        attributes.write_bytes(lines.encode() + _global_attributes(repo) + b"\n" + own)
        options = (
            *("-c", f"core.attributesFile={attributes}"),
            *("-c", f"merge.{NAME}.name={TITLE}"),
            *("-c", f"merge.{NAME}.driver={driver_command(sys.executable)}"),
        )
        yield Merging(
            options,
            lambda path, base, ours, theirs: _why_in_conflict(path, base, ours, theirs, documents),
            lambda path: kind_of(path, documents) not in (Kind.OTHER, Kind.LOCK_FILE),
        )


def _global_attributes(repo: Path) -> bytes:
    """The user's own attributes, wherever gitattributes(5) says that they are."""
    named = git(repo, "config", "--path", "--get", "core.attributesFile").text.strip()
    home = os.environ.get("HOME", "")
    folder = os.environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    path = Path(named) if named else Path(folder, "git", "attributes")
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _why_in_conflict(
    path: str, base: bytes | None, ours: bytes, theirs: bytes, documents: "Documents"
) -> tuple[str, ...]:
    """The engine's sentences about a document that could not be merged cleanly; none about other files."""
    kind = kind_of(path, documents)
    if kind is Kind.OTHER:
        return ()
    merged = merge_document(base, ours, theirs, path=path, documents=documents)
    return merged.warnings if kind is Kind.LOCK_FILE else merged.reasons
