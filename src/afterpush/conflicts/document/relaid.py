"""Additions in the layout that the other side gave their neighbours: deeper, with another sign or level.

base  - [ ] Server      ours  - [ ] Server       theirs  - [ ] Server     merged  - [ ] Server
        - [ ] api               - [ ] api                  - [ ] api                  - [ ] api
                                                           - [ ] mail                 - [ ] mail
"""

import re
from dataclasses import dataclass

from afterpush.conflicts.matching.trios import Trio, trio_of
from afterpush.roadmap.nodes import Kind, Lines, Node

_LEAD = re.compile(r"([ \t]*)([-*+]?)")
_SIGNS = re.compile(r" ?#{1,6}(?=[ \t]|$)")


@dataclass(frozen=True)
class Layout:
    """What lines begin with where a thing was added, and what they begin with now."""

    lead: tuple[str, str] = ("", "")
    sign: tuple[str, str] = ("", "")
    levels: int = 0

    def lines(self, node: Node) -> Lines:
        """The own lines of a node in the new layout."""
        if node.kind is Kind.SECTION:
            found = _SIGNS.match(node.own[0])
            if not found or not self.levels:
                return node.own
            signs = "#" * min(6, max(1, node.level + self.levels))
            return (signs + node.own[0][found.end() :], *node.own[1:])
        lines = tuple(map(self._line, node.own)) if self.lead[0] != self.lead[1] else node.own
        if node.kind is Kind.ITEM and self.sign[0] != self.sign[1]:
            lead, sign = _shape(lines[0])
            if sign == self.sign[0]:
                return (lead + self.sign[1] + lines[0][len(lead) + 1 :], *lines[1:])
        return lines

    def _line(self, line: str) -> str:
        old, new = self.lead
        return new + line[len(old) :] if line.strip() and line.startswith(old) else line


class Layouts:
    """The layout of every addition: that of what it was added to, or of its old neighbours."""

    def __init__(self) -> None:
        self._known: dict[Node, Layout] = {}
        # The layout of each shape of thing under a parent.
        self._shapes: dict[tuple[Node, Kind, object], Layout] = {}

    def lines(self, trio: Trio) -> Lines | None:
        """The lines of a thing that one side alone added, or both alike but for the layout; else None."""
        found = {node.own: self._lines(trio, node, side) for side, node in enumerate(trio.nodes) if node}
        if len(found) == 1:
            return next(iter(found.values()))
        return next((lines for lines in found.values() if found.get(lines) == lines), None)

    def _lines(self, trio: Trio, node: Node, side: int) -> Lines:
        above = node.parent
        if above is None or trio.home is not trio_of(above):
            return node.own
        if trio.home.base is None:
            layout = self._known.get(above, Layout())
        else:
            shape = (above, node.kind, _shape_of(node))
            if shape not in self._shapes:
                self._shapes[shape] = _layout(node, above, side)
            layout = self._shapes[shape]
        self._known[node] = layout
        return layout.lines(node)


def _layout(node: Node, above: Node, side: int) -> Layout:
    """Read off an old sibling of that shape that is still there, else off the parent."""
    shape, home = _shape_of(node), trio_of(above)
    alike = (one for one in above.children if one.kind is node.kind and _shape_of(one) == shape)
    stayed = [one for one in alike if trio_of(one).home is home]
    for known in (*stayed, above):
        base, other = trio_of(known).base, trio_of(known).nodes[3 - side]
        is_shaped = known.kind in (Kind.SECTION, Kind.ITEM)
        if base and other and is_shaped and _shape_of(base) == _shape_of(known):
            if known.kind is Kind.SECTION:
                return Layout(levels=other.level - known.level)
            old, new = _shape(known.own[0]), _shape(other.own[0])
            return Layout((old[0], new[0]), (old[1], new[1] or old[1]))
    return Layout()


def _shape_of(node: Node) -> object:
    return _shape(node.own[0]) if node.kind is Kind.ITEM else node.level


def _shape(line: str) -> tuple[str, str]:
    """The blanks that a line begins with, and the sign of a bullet."""
    found = _LEAD.match(line)
    assert found is not None
    return found[1], found[2]
