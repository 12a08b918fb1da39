"""Free IDs for what the other side has minted too: the work of `--renumber`."""

import re
from collections.abc import Sequence

from afterpush.conflicts.document.trios import Doubt, Trio
from afterpush.roadmap.source import DocumentLines


def renumbered(
    trios: Sequence[Trio], sources: Sequence[DocumentLines]
) -> tuple[DocumentLines, list[str]] | None:
    """Theirs with a free ID for each that both sides minted, and a sentence for each; None without any.

    Only lines that the base does not have are touched: what they say of an ID, they say of their own.
    """
    minted: dict[str, str] = {}
    for trio in trios:
        if trio.doubt is Doubt.MINTED and trio.theirs and re.search(r"\d$", trio.theirs.id):
            minted.setdefault(trio.theirs.id, trio.theirs.said)
    if not minted:
        return None
    base, _, theirs = sources
    old, text = set(base.lines), "\n".join(line for source in sources for line in source.lines)
    names = {key: _free(key, text) for key in minted}
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    lines = tuple(
        line if line in old else pattern.sub(lambda found: names[found[0]], line) for line in theirs.lines
    )
    said = [
        f"{key}: two things had this new ID; '{text}' is now {names[key]}" for key, text in minted.items()
    ]
    return theirs.with_lines(lines), said


def _free(key: str, text: str) -> str:
    """The next ID of the same make that no version has."""
    head, number = re.sub(r"\d+$", "", key), key[len(re.sub(r"\d+$", "", key)) :]
    taken = {int(found) for found in re.findall(rf"(?<![\w-]){re.escape(head)}(\d+)(?![\w-])", text)}
    return f"{head}{max(taken | {int(number)}) + 1:0{len(number)}d}"
