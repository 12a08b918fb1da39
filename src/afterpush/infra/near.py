"""What somebody may have meant by a name that does not exist."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most like it, None when none is. `cutoff`: how like, from 0 to 1 (difflib)."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), None)


def near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The same as the end of a sentence, "" when no known name is like it."""
    found = nearest(name, known, cutoff)
    return f"; did you mean {found}?" if found else ""
