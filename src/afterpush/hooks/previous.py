"""The outcome of the push before this one, told once."""

import json
from pathlib import Path

from afterpush.ground.notify import Outcome
from afterpush.ground.state import StateFolder


def untold_outcome(state: StateFolder, memory: Path) -> str | None:
    """One line about the newest deployment that ended since the last line; None when there is none.

    `memory` is the file that remembers up to when outcomes were told. A result that cannot be read is
    no reason to disturb a push: it is passed over.
    """
    told = _told_until(memory)
    fresh = sorted(
        (
            (path.stat().st_mtime_ns, path)
            for path in state.path.glob(f"{state.prefix}deployment-status-*.result")
        ),
        reverse=True,
    )
    fresh = [(time, path) for time, path in fresh if time > told]
    if not fresh:
        return None
    try:
        memory.write_text(f"{fresh[0][0]}\n", encoding="ascii")
        document = json.loads(fresh[0][1].read_text(encoding="utf-8"))
        line = Outcome.from_document(document).line()
    except (OSError, ValueError, AttributeError):
        return None
    others = f" ({len(fresh) - 1} more ended since: inv deploy.history)" if len(fresh) > 1 else ""
    return f"the last push, {line}{others}"


def _told_until(memory: Path) -> int:
    try:
        return int(memory.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
