"""What `inv push` is in the middle of, on disk: so that a kill -9 can be undone by the next run."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic


@dataclass(frozen=True)
class PushState:
    """The branch, where it was, every commit that it was moved to, and what was set aside."""

    branch_ref: str
    original: str
    moved_to: tuple[str, ...] = ()
    stash: str | None = None


class PushJournal:
    """The one entry of a worktree; absent when no push is under way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, entry: PushState) -> None:
        write_atomic(self.path, json.dumps(asdict(entry)), 0o600)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def read(self) -> PushState | None:
        """The entry that a killed run left. Raises AfterpushError when the file is damaged."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return PushState(found["branch_ref"], found["original"], tuple(found["moved_to"]), found["stash"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise AfterpushError(
                f"reading {self.path}, which a killed push left: it is damaged; "
                "see git reflog and git stash list for your commits and changes, then remove it"
            ) from error
