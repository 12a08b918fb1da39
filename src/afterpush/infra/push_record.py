"""The record of pushes: a line of JSON for each ref that a push moved, or was refused to move.

The watcher of a push writes it when `git push` has ended and the push is proved. It tells which push
a commit came with, and what was pushed last.
"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes, write_atomic

# Not through a link: the folder may be one that a commit can reach.
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
_MOST_BYTES, _KEPT_LINES = 64 * 1024, 200
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Push:
    """A push of one ref. Times are epoch seconds of this machine.

    `began_at` is when the pre-push hook ran: nothing had been sent then. `pushed_at` is when `git push` had
    ended. `old` is what the remote's ref was before; None for a new ref, or where it is not known. `process`
    tells one `git push` from another (`hooks.request.Request.word`).
    """

    sha: str
    ref: str
    remote: str
    pushed_at: float
    landed: bool
    began_at: float | None = None
    old: str | None = None
    process: str | None = None


def append_push(path: Path, push: Push) -> None:
    """Adds a push; old ones go when the file grows large. Raises OSError."""
    line = json.dumps(asdict(push), separators=(",", ":")) + "\n"
    with os.fdopen(os.open(path, _APPENDING, 0o600), "wb") as file:
        file.write(line.encode())
    if path.stat().st_size > _MOST_BYTES:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        write_atomic(path, "".join(lines[-_KEPT_LINES:]), mode=0o600)


def read_pushes(path: Path) -> list[Push]:
    """The recorded pushes, oldest first; lines that are none are passed over. Empty without a record."""
    try:
        content = read_bytes(path, limit=_READ_BYTES, follow=False)
    except (OSError, AfterpushError):
        return []
    found: list[Push] = []
    for line in content.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError, TypeError, AttributeError, RecursionError):
            document = json.loads(line)
            names = {entry.name for entry in fields(Push)} & document.keys()
            push = Push(**{name: document[name] for name in names})
            if _is_sound(push):
                found.append(push)
    return found


def _is_sound(push: Push) -> bool:
    texts = (push.sha, push.ref, push.remote)
    times = (push.pushed_at, push.pushed_at if push.began_at is None else push.began_at)
    return all(isinstance(text, str) for text in texts) and all(isinstance(at, int | float) for at in times)
