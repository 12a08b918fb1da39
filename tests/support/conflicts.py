"""A merge of any three texts, as the configuration's defaults have it."""

from afterpush.conflicts.merge import Merged, merge_document
from afterpush.infra.configuration.settings import Documents

DEFAULTS = Documents()
ROADMAP = "docs/roadmaps/MASTER_ROADMAP.md"
SESSIONS = "docs/ACTIVE_SESSIONS.md"


def merge(base: str | None, ours: str, theirs: str, *, path: str = ROADMAP, renumber: bool = False) -> Merged:
    """The merge of three texts as the configuration's defaults have it."""
    return merge_document(
        None if base is None else base.encode(),
        ours.encode(),
        theirs.encode(),
        path=path,
        documents=DEFAULTS,
        renumber=renumber,
    )


def clean(base: str, ours: str, theirs: str, *, path: str = ROADMAP) -> str:
    """The merged text, which must be clean and the same whichever side is "ours"."""
    merged = merge(base, ours, theirs, path=path)
    assert merged.is_clean, merged.reasons
    assert merge(base, theirs, ours, path=path).text == merged.text
    return merged.text.decode()
