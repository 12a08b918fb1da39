"""In which direction a sequence runs: newest first, oldest first, by number, by the alphabet; or in none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from afterpush.conflicts.kinds.dates import moment_of
from afterpush.conflicts.matching.trios import Trio
from afterpush.roadmap.keys import VERSION, plain

Value = tuple[object, ...]
# A list of two may be in alphabetical order by chance.
_LEAST_BY_TEXT = 3


@dataclass(frozen=True)
class Direction:
    """What siblings are ordered by (None: by nothing that is known), and whether it rises."""

    by: str | None = None
    is_rising: bool = True

    def can_compare(self, trios: Sequence[Trio]) -> bool:
        """Whether all of them have what the sequence is ordered by."""
        return self.by is not None and all(value_of(trio, self.by) is not None for trio in trios)

    def is_first(self, one: Trio, other: Trio) -> bool:
        """Whether one comes before the other; where they are equal, by the text."""
        mine, yours = value_of(one, self.by or ""), value_of(other, self.by or "")
        if mine == yours or mine is None or yours is None:
            return one.any.said < other.any.said
        return (mine < yours) is self.is_rising


def direction_of(sides: Sequence[Sequence[Trio]]) -> Direction:
    """The direction that both sides' sequences have, where they have one."""
    for by in ("version", "moment", "number", "text"):
        ways = {way for side in sides if (way := _way(side, by)) is not None}
        if len(ways) == 1 and (by != "text" or all(_way(side, by) is not None for side in sides)):
            return Direction(by, ways.pop())
        if len(ways) > 1:
            return Direction()
    return Direction()


def _way(trios: Sequence[Trio], by: str) -> bool | None:
    """True: rising; False: falling; None: neither."""
    values = [value for trio in trios if (value := value_of(trio, by)) is not None]
    if len(values) < (_LEAST_BY_TEXT if by == "text" else 2) or 2 * len(values) <= len(trios):
        return None
    if values[0] != values[-1]:
        rises = values[0] < values[-1]
        if all(one == other or (one < other) is rises for one, other in pairwise(values)):
            return rises
    return None


def value_of(trio: Trio, by: str) -> Value | None:
    """What a thing is compared by."""
    return _value(trio.any.said, by)


@lru_cache(maxsize=1 << 13)
def _value(said: str, by: str) -> Value | None:
    text = plain(said.partition("\n")[0])
    match by:
        case "version":
            head = re.sub(r"^(?:version|release)\s+", "", text, flags=re.I).split(" ", 1)[0]
            return version_value(head.rstrip(":,"))
        case "moment":
            return moment_of(text)
        case "number":
            found = re.match(r"\W{0,3}([A-Za-z][A-Za-z_-]*?[ _-]?)?(\d+)\b", text)
            return (found[1] or "", int(found[2])) if found else None
    return (text.casefold(),) if text else None


def version_value(text: str) -> Value | None:
    """What versions are compared by: a candidate is older than its release (Semantic Versioning, 11)."""
    found = VERSION.fullmatch(text)
    if not found:
        return None
    numbers = tuple(int(part) if part.isdigit() else 10**9 for part in found[1].split("."))
    tag = (found[2] or "").lstrip("-.+").lower()
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|[a-z]+", tag)
    )
    return (numbers + (0,) * (4 - len(numbers)), 0 if tag and not tag.startswith("post") else 1, parts)
