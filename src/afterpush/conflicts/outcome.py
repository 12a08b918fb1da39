"""What a merge of one file answers."""

from dataclasses import dataclass


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
    # For a lock file: the owner's command that must now make it anew, in the work tree.
    regenerate: tuple[str, ...] | None = None
