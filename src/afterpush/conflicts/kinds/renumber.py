"""Free IDs for what the other side has minted too: the work of `--renumber`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.conflicts.document.unchanged import Shortened
from afterpush.conflicts.matching.trios import Doubt, Trio
from afterpush.roadmap.nodes import Lines


@dataclass(frozen=True)
class Renumbered:
    """Theirs with free IDs, and a sentence for each."""

    theirs: Lines
    said: list[str]


def renumbered(trios: Sequence[Trio], short: Shortened) -> Renumbered | None:
    """Theirs with a free ID for each that both sides minted; None where there is none.

    Only lines that the base does not have are touched: what they say of an ID, they say of their own.
    """
    minted: dict[str, str] = {}
    for trio in trios:
        before = trio.base.id if trio.base else ""
        is_new = trio.doubt is Doubt.MINTED and trio.theirs and trio.theirs.id != before
        if trio.theirs and is_new and re.search(r"\d$", trio.theirs.id):
            minted.setdefault(trio.theirs.id, trio.theirs.said)
    if not minted:
        return None
    texts = [short.restored(text) or [] for text in short.texts]
    old, text = set(texts[0]), "\n".join(line for lines in texts for line in lines)
    names = {key: _free(key, text) for key in minted}
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    lines = (line if line in old else pattern.sub(lambda found: names[found[0]], line) for line in texts[2])
    said = [
        f"{key}: two things had this new ID; '{text}' is now {names[key]}" for key, text in minted.items()
    ]
    return Renumbered(tuple(lines), said)


def _free(key: str, text: str) -> str:
    """The next ID of the same make that no version has."""
    head, number = re.sub(r"\d+$", "", key), key[len(re.sub(r"\d+$", "", key)) :]
    taken = {int(found) for found in re.findall(rf"(?<![\w-]){re.escape(head)}(\d+)(?![\w-])", text)}
    return f"{head}{max(taken | {int(number)}) + 1:0{len(number)}d}"
