"""The outcome of the push before this one, told once."""

import json
import os
from pathlib import Path

from afterpush.infra.state import StateFolder, room_folder


def memory_path(repo: Path) -> Path:
    """The file whose time says up to when outcomes were told; the shortcut in sh compares it too."""
    return room_folder(repo, "hooks") / "told"


def untold_outcome(state: StateFolder, memory: Path, now: float) -> str | None:
    """One line about the newest deployment that ended since the last call; None when there is none.

    A result that cannot be read is no reason to disturb a push: it is passed over.
    """
    told = memory.stat().st_mtime if memory.exists() else 0.0
    results = state.path.glob(f"{state.prefix}deployment-status-*.result")
    fresh = sorted(((path.stat().st_mtime, path) for path in results), reverse=True)
    fresh = [(time, path) for time, path in fresh if time >= told]
    memory.touch(mode=0o600)
    os.utime(memory, (now, now))
    if not fresh:
        return None
    from afterpush.digitalocean.notify import Notification

    try:
        document = json.loads(fresh[0][1].read_text(encoding="utf-8"))
        line = Notification.from_document(document).line()
    except (OSError, ValueError, AttributeError):
        return None
    others = f" ({len(fresh) - 1} more ended since: inv deploy.history)" if len(fresh) > 1 else ""
    return f"the last push, {line}{others}"
