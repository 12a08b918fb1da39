"""The three-way merge of one text: what one side alone changed."""


def three_way(base: str | None, ours: str, theirs: str) -> str | None:
    """The value that one side alone changed, or both alike; None when they disagree."""
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else None


def steady(base: str | None, ours: str, theirs: str) -> str:
    """Like `three_way` for what does not matter (padding, bullets): always an answer, whichever is "ours"."""
    decided = three_way(base, ours, theirs)
    return max((len(ours), ours), (len(theirs), theirs))[1] if decided is None else decided
