"""What stays, and under which parent: three-way, for every thing of three versions.

An addition keeps the headings that its side gave it. Two exceptions:
* its old neighbours now are below a new heading inside that parent: it goes with them;
* a release was cut: its neighbours are in a new release. It was never in that: it keeps its heading, which
  is another one than the heading that went with them. Where "Unreleased" itself became a release, and
  nothing is unreleased now, a person decides.

    base            ours (the cut)      theirs              merged
    # Unreleased    # Unreleased        # Unreleased        # Unreleased
    ## Fixed        # 1.5.0             ## Fixed            ## Fixed
    - a             ## Fixed            - a                 - b
                    - a                 - b                 # 1.5.0 / ## Fixed / - a
"""

from collections.abc import Callable, Sequence

from afterpush.conflicts.matching.trios import Doubt, Trio, new_release_over, parent_of, trio_of
from afterpush.roadmap.keys import is_unreleased, release_of
from afterpush.roadmap.nodes import Kind, Node
from afterpush.roadmap.tables import column_key, is_empty_value, said_cells


class Placement:
    """Where everything is in the merged text."""

    def __init__(self, trios: Sequence[Trio]) -> None:
        self.trios, self.root = trios, trios[0]
        self._changes: dict[Node, bool] = {}
        for trio in trios[1:]:
            if trio.home is None:
                trio.home = self._home_of(trio)
        self._break_circles()
        self.gone = {trio for trio in trios[1:] if self._is_gone(trio)}
        for trio in trios[1:]:
            if trio not in self.gone:
                trio.home = self._standing(trio)
        self.children: dict[Trio, list[Trio]] = {}
        for trio in trios[1:]:
            if trio in self.gone or not trio.home:
                continue
            homes = [trio.home]
            if trio.doubt is Doubt.TORN:
                homes += [parent_of(node) for node in trio.nodes[1:] if node]
            for home in dict.fromkeys(homes):
                self.children.setdefault(home, []).append(trio)

    def _home_of(self, trio: Trio) -> Trio:
        base, ours, theirs = trio.nodes
        if base is None:
            if ours and theirs:
                return self._home_of_both(trio, ours, theirs)
            side = 1 if ours else 2
            node = ours or theirs
            assert node is not None
            return self._home_of_addition(trio, node, side, 3 - side)
        before = parent_of(base)
        if ours and theirs:
            mine, yours = parent_of(ours), parent_of(theirs)
            if mine is before or mine is yours:
                return yours
            if yours is before:
                return mine
            trio.refuse(Doubt.TORN, "")
            # Whichever side is ours: what one side deleted is then written, with all that is in it.
            return max(mine, yours, key=lambda one: (None in one.nodes[1:], one.any.own, one.any.index))
        survivor = ours or theirs
        return parent_of(survivor) if survivor else before

    def _home_of_both(self, trio: Trio, ours: Node, theirs: Node) -> Trio:
        mine, yours = parent_of(ours), parent_of(theirs)
        if mine is yours:
            return mine
        homes = [self._home_of_addition(trio, ours, 1, 2), self._home_of_addition(trio, theirs, 2, 1)]
        if homes[0] is not homes[1]:
            trio.refuse(Doubt.TORN, "")
        return homes[0]

    def _home_of_addition(self, trio: Trio, node: Node, side: int, other: int) -> Trio:
        parent = parent_of(node)
        if node.kind is not Kind.ROW and _is_cut(node, other):
            trio.refuse(Doubt.RELEASE, "")
        if parent.base is None:
            return parent
        moved_to = _neighbours_home(node, other)
        if moved_to is None or moved_to is parent:
            return parent
        if new_release_over(moved_to.any) not in (None, parent):
            return parent
        there, heading = parent.nodes[other], moved_to.nodes[other]
        if there is None:
            return parent if _are_two_tasks(parent.base, heading) else moved_to
        return moved_to if heading and moved_to.base is None and _is_inside(heading, there) else parent

    def _break_circles(self) -> None:
        """Two moves that put things under each other: both stay where they were, and a person decides."""
        safe = {self.root}
        for trio in self.trios[1:]:
            path: list[Trio] = []
            above: Trio | None = trio
            seen = set()
            while above and above not in safe and above not in seen:
                seen.add(above)
                path.append(above)
                above = above.home
            if above in seen and above and above.base:
                above.refuse(Doubt.TORN, "")
                above.home = parent_of(above.base)
            safe.update(path)

    def _is_gone(self, trio: Trio) -> bool:
        base, ours, theirs = trio.nodes
        if base is None or (ours and theirs):
            return False
        survivor = ours or theirs
        if survivor is None:
            return True
        other = 2 if ours else 1
        # What both sides deleted whole and one wrote again elsewhere: nobody deleted this by itself.
        if parent_of(survivor).base is None and parent_of(base).nodes[1:] == [None, None]:
            return False
        if not self._is_changed(survivor, other):
            return True
        # Nothing of it was deleted, it was emptied: what is added to it keeps its heading.
        if base.kind is Kind.SECTION and base.children and all(map(_is_moved_by(other), base.children)):
            return False
        trio.refuse(Doubt.DELETED, "")
        return False

    def _is_changed(self, node: Node, other: int) -> bool:
        """Whether something in a subtree that the other side deleted would be lost with it."""
        if node not in self._changes:
            self._changes[node] = self._is_own_change(node, other) or any(
                self._is_changed(child, other)
                for child in node.children
                if trio_of(child).home is trio_of(node)
            )
        return self._changes[node]

    def _is_own_change(self, node: Node, other: int) -> bool:
        trio = trio_of(node)
        if trio.home is not parent_of(node):
            return False
        if trio.base is None:
            return True
        if trio.nodes[other]:
            return parent_of(trio.base) is not parent_of(node)
        if node.kind is Kind.ROW:
            return _is_row_changed(trio.base, node)
        return (trio.base.said, trio.base.mark) != (node.said, node.mark)

    def _standing(self, trio: Trio) -> Trio:
        """The home of a thing, or what is above it where that is gone."""
        home = trio.home
        while home and home in self.gone:
            home = home.home
        return home or self.root


def _is_row_changed(base: Node, row: Node) -> bool:
    """Whether a cell of a row says something else; a new column that is empty there says nothing."""
    before, now = (
        dict(zip(map(column_key, said_cells(one.parent.own[0])), said_cells(one.own[0]), strict=False))
        if one.parent
        else {}
        for one in (base, row)
    )
    return any(
        before.get(name, "") != cell and (name in before or not is_empty_value(cell))
        for name, cell in now.items()
    )


def _neighbours_home(node: Node, other: int) -> Trio | None:
    """Under what the other side has the nearest old sibling before a node, else the one behind it."""
    assert node.parent is not None
    siblings = node.parent.children
    place = siblings.index(node)
    for sibling in (*reversed(siblings[:place]), *siblings[place + 1 :]):
        trio = trio_of(sibling)
        there = trio.nodes[other]
        if trio.base and there and sibling.kind is not Kind.RULE:
            return parent_of(there)
    return None


def _are_two_tasks(one: Node, other: Node | None) -> bool:
    """Whether two nodes are below headings with different IDs.

    base  ### T-1        ours  ### T-1        theirs  ### T-9      T-1 was deleted, although a line of it is
          - [ ] test it        - [ ] test it          - [ ] test it    in T-9 now: `own` does not follow it.
                               - own
    """
    ids = []
    for node in (one, other):
        while node and not (node.kind is Kind.SECTION and node.id):
            node = node.parent
        ids.append(node.id if node else "")
    return all(ids) and ids[0] != ids[1]


def _is_moved_by(side: int) -> Callable[[Node], bool]:
    return lambda node: trio_of(node).nodes[side] is not None


def _is_inside(node: Node, above: Node) -> bool:
    parent = node.parent
    while parent and parent is not above:
        parent = parent.parent
    return parent is above


def _was_released(base: Node, there: Node) -> bool:
    return is_unreleased(base.said) and not is_unreleased(there.said) and bool(release_of(there.title))


def _is_cut(node: Node, other: int) -> bool:
    """Whether the other side gave a release's name to what a node was added to as unreleased."""
    above = node.parent
    while above and above.kind is Kind.SECTION:
        known = trio_of(above)
        there = known.nodes[other]
        if known.base and there and _was_released(known.base, there):
            return True
        above = above.parent
    return False
