"""The blank lines (and rules) between two things of the merged text."""

from collections import Counter
from collections.abc import Sequence

from afterpush.conflicts.kinds.three_way import steady
from afterpush.conflicts.matching.trios import Trio, trio_of
from afterpush.roadmap.nodes import Kind, Lines
from afterpush.roadmap.tree import Tree

_TIGHT = frozenset(
    {(kind, kind) for kind in (Kind.ITEM, Kind.ROW, Kind.ENTRY, Kind.LINK)} | {(Kind.TABLE, Kind.ROW)}
)


class Gaps:
    """Gives each thing its own gap where what is before it is the same as on its side, else the usual one."""

    def __init__(self, documents: Sequence[Tree]) -> None:
        self.documents = documents
        self.last: Trio | None = None
        self._usual: dict[tuple[Kind, Kind], Counter[Lines]] | None = None

    def wrote(self, trio: Trio) -> None:
        """Notes what was written last."""
        self.last = trio

    def before(self, trio: Trio) -> Lines:
        """The lines between what was written last and this."""
        nodes = [(side, node) for side, node in enumerate(trio.nodes) if node]
        if self.last is None:
            return self._three_way({side: node.gap for side, node in nodes if node.index == 1}) or ()
        exact: dict[int, Lines] = {}
        alike: dict[int, Lines] = {}
        for side, node in nodes:
            previous = self.documents[side].nodes[node.index - 1]
            if trio_of(previous) is self.last:
                exact[side] = node.gap
            elif previous.kind is self.last.kind:
                alike[side] = node.gap
        # A rule before a heading stays with it, whatever is before that.
        ruled = {side: node.gap for side, node in nodes if any(line.strip() for line in node.gap)}
        for gaps in (exact, {side: gap for side, gap in (ruled or alike).items() if side}):
            if (found := self._three_way(gaps)) is not None:
                return found
        return self._usually(self.last.kind, trio.kind)

    @staticmethod
    def _three_way(gaps: dict[int, Lines]) -> Lines | None:
        sides = [gaps[side] for side in (1, 2) if side in gaps]
        if len(sides) < 2:
            return sides[0] if sides else gaps.get(0)
        return steady(gaps.get(0), *sides)

    def _usually(self, before: Kind, kind: Kind) -> Lines:
        """The commonest gap between two kinds in the three texts."""
        if self._usual is None:
            self._usual = {}
            for document in self.documents:
                for previous, node in zip(document.nodes[1:], document.nodes[2:], strict=False):
                    self._usual.setdefault((previous.kind, node.kind), Counter())[node.gap] += 1
        known = self._usual.get((before, kind))
        if known:
            return max(known.items(), key=lambda entry: (entry[1], entry[0]))[0]
        return () if (before, kind) in _TIGHT else ("",)
