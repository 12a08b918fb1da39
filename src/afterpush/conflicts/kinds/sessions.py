"""Two live sessions that claim one task: both rows are kept, and the task is named."""

from collections.abc import Sequence

from afterpush.roadmap import read


def double_claims(texts: Sequence[bytes]) -> list[str]:
    """A sentence for each task that both sides claimed with sessions; the texts are base, ours, theirs."""
    if not all(b"session" in text.lower() for text in texts[1:]):
        return []
    base, *sides = (read(text).sessions() for text in texts)
    before = {session.id for session in base}
    mine, yours = (
        {
            task: session.id
            for session in some
            if session.id not in before and not session.is_over
            for task in session.tasks
        }
        for some in sides
    )
    return [
        f"{task}: two sessions work on it, {mine[task]} and {yours[task]}"
        for task in mine
        if task in yours and mine[task] != yours[task]
    ]
