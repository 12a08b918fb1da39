"""Which files the driver merges, and which of them have conflict markers left."""

from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.conflicts.kinds.file_kinds import Kind, kind_of, well_known_patterns
from afterpush.infra.git import git_text
from afterpush.infra.git.unmerged import unmerged
from afterpush.infra.safe_paths import Gate, Refused
from afterpush.text.find_markers import marker_lines

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents


def driver_patterns(documents: "Documents") -> list[str]:
    """The globs of the files that git gives to the driver, each once.

    Not lock files: their owner must regenerate them, which is no work for a driver that git waits for.
    """
    globs = [*documents.roadmap, *documents.sessions, *documents.session_files, *documents.json_rules]
    known = well_known_patterns() if documents.well_known else []
    return list(dict.fromkeys(glob.removeprefix("./") for glob in (*known, *globs)))


def left_markers(repo: Path, documents: "Documents") -> dict[str, list[int]]:
    """The tracked shared documents and unmerged files with conflict markers, and the markers' lines."""
    listed = git_text(repo, "ls-files", "-z", "--full-name", ":/", doing="listing the tracked files")
    tracked = [path for path in listed.split("\0") if path and kind_of(path, documents) is not Kind.OTHER]
    paths = dict.fromkeys([*tracked, *(entry.path for entry in unmerged(repo))])
    gate = Gate(repo)
    found = {path: _markers(gate, path) for path in paths}
    return {path: lines for path, lines in found.items() if lines}


def _markers(gate: Gate, path: str) -> list[int]:
    try:
        return marker_lines(gate.read(path))
    except (OSError, Refused):
        return []
