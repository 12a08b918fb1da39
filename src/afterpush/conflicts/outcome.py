"""What a merge of one file answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Style:
    """How conflicts are written down: the names of ours, base and theirs, and the length of a marker."""

    labels: Sequence[str]
    marker_size: int


@dataclass(frozen=True)
class Merged:
    """The merged text; `is_clean` is false when something is left between markers in it."""

    text: bytes
    is_clean: bool
    # Why it is not clean: one sentence for each conflict.
    reasons: tuple[str, ...] = ()
    # What a reader should know although it is clean, such as two live sessions on one task.
    warnings: tuple[str, ...] = ()
    # What both sides changed and a rule decided, with the rule: one sentence each.
    resolved: tuple[str, ...] = ()
    # For a lock file: the owner's command that must now regenerate it, in the work tree.
    regenerate: tuple[str, ...] | None = None

    @property
    def said(self) -> str:
        """Reasons and warnings, a line each."""
        return "\n".join((*self.reasons, *self.warnings))

    @property
    def document(self) -> dict[str, Any]:
        """The `--json` document of `conflicts.merge`."""
        return {
            "clean": self.is_clean,
            "text": self.text.decode("utf-8", "replace"),
            "reasons": self.reasons,
            "warnings": self.warnings,
            "resolved": self.resolved,
        }
