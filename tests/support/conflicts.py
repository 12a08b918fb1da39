"""Real conflicts as triples of texts, and a merge of any triple."""

from dataclasses import dataclass
from pathlib import Path

from afterpush.conflicts.merge import Merged, merge_document
from afterpush.infra.settings import Documents
from tests.support.shared import shared_data

DEFAULTS = Documents()
ROADMAP = "docs/roadmaps/MASTER_ROADMAP.md"
SESSIONS = "docs/ACTIVE_SESSIONS.md"


@dataclass(frozen=True)
class Conflict:
    """One conflict that really happened."""

    name: str
    path: str
    base: bytes | None
    ours: bytes
    theirs: bytes

    def merged(self, *, is_swapped: bool = False) -> Merged:
        ours, theirs = (self.theirs, self.ours) if is_swapped else (self.ours, self.theirs)
        return merge_document(self.base, ours, theirs, path=self.path, documents=DEFAULTS)


def real_conflicts() -> list[Conflict]:
    """All of them, by name."""
    return [_read(folder) for folder in sorted(shared_data("conflicts").iterdir()) if folder.is_dir()]


def _read(folder: Path) -> Conflict:
    path = ROADMAP if folder.name.startswith("roadmap") else SESSIONS
    if folder.name.startswith("session-file"):
        path = "docs/sessions/active/Session-20251212-DB-PLAN-f9b211.md"
    base = folder / "base.md"
    sides = (folder / f"{side}.md" for side in ("ours", "theirs"))
    ours, theirs = (side.read_bytes() for side in sides)
    return Conflict(folder.name, path, base.read_bytes() if base.exists() else None, ours, theirs)


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
