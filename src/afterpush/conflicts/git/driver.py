"""What git's merge driver runs: `python -m afterpush.conflicts.git.driver BASE OURS THEIRS --output=FILE`.

Without Invoke: git calls it for every shared document that both sides changed, and waits. It writes
the merged text to the output file in one step and exits 0, or CONFLICTS with markers in it; every
other exit code means that there is no answer, and the wrapper falls back to git.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from afterpush.conflicts.git.driver_command import CLEAN, CONFLICTS
from afterpush.infra.console import note
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic


def main(words: Sequence[str] | None = None) -> int:
    """Merges the three files; returns the exit code."""
    asked = _arguments(words)
    try:
        return _merge(asked)
    except (AfterpushError, OSError) as error:
        note(f"afterpush: merging {asked.path}: {error}")
        return 2


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m afterpush.conflicts.git.driver")
    parser.add_argument("base", type=Path)
    parser.add_argument("ours", type=Path)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--marker-size", type=int, default=7)
    parser.add_argument("--ours-label", default="ours")
    parser.add_argument("--base-label", default="base")
    parser.add_argument("--theirs-label", default="theirs")
    return parser.parse_args(words)


def _merge(asked: argparse.Namespace) -> int:
    from afterpush.conflicts.merge import merge_document
    from afterpush.infra.configuration.config import load_settings

    merged = merge_document(
        # Git gives an empty base for a file that both sides added.
        asked.base.read_bytes() or None,
        asked.ours.read_bytes(),
        asked.theirs.read_bytes(),
        path=asked.path,
        documents=load_settings(_settings_root()).documents,
        labels=(asked.ours_label, asked.base_label, asked.theirs_label),
        marker_size=asked.marker_size,
    )
    write_atomic(asked.output, merged.text)
    for sentence in (*merged.reasons, *merged.warnings):
        note(f"afterpush: {asked.path}: {sentence.removeprefix(f'{asked.path}: ')}")
    return CLEAN if merged.is_clean else CONFLICTS


def _settings_root() -> Path:
    """The main worktree's root, as for every task; where git cannot tell, the folder git started us in."""
    from afterpush.infra.git import main_worktree

    try:
        return main_worktree(Path.cwd())
    except AfterpushError:
        return Path.cwd()


if __name__ == "__main__":
    sys.exit(main())
