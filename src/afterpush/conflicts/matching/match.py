"""Which node of one version is which node of another: matched over the whole document.

Five stages, each for what is still free. A section that was moved, split, renamed or put a level deeper is
the same section; equal words in two sections stay two things.
1. Under parents that are the same already: equal subtrees, equal text, equal keys.
2. Anywhere: equal subtrees, then equal text, that are single in both versions. Moves are found here.
3. Anywhere: IDs that are single in both.
4. Containers that have at least half of their children in common. Renamed headings are found here.
5. Likeness among what is left under the same parent.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from afterpush.conflicts.document.nodes import CONTAINERS, Kind, Node
from afterpush.conflicts.kinds.keys import likeness, release_of
from afterpush.conflicts.matching.labels import (
    Label,
    all_text,
    by_digest,
    by_key,
    by_text,
    differ,
    is_leaf,
    is_placeholder,
    is_telling,
    is_telling_leaf,
    pairs_of,
    single,
)

# Above this many pairs of free siblings likeness is not asked for: it would be the one quadratic step.
_MOST_PAIRS = 4000


class Matching:
    """The nodes of one version and what they are in another."""

    def __init__(self, base: Sequence[Node], side: Sequence[Node]) -> None:
        self.base, self.side = base, side
        self.forward: dict[Node, Node] = {}
        self.backward: dict[Node, Node] = {}
        self._run()

    def _run(self) -> None:
        self._pair_below(self.base[0], self.side[0])
        for _ in range(2):
            before = len(self.forward)
            self._within(lambda mine, yours: pairs_of(mine, yours, by_digest))
            self._anywhere(lambda node: node.digest, is_telling)
            self._anywhere(lambda node: (node.kind, node.said), is_telling_leaf)
            self._anywhere(lambda node: (node.kind, node.id), lambda node: bool(node.id))
            self._containers()
            self._titles()
            self._alike()
            self._within(self._likely)
            if len(self.forward) == before:
                return

    def _free(self, nodes: Iterable[Node], taken: dict[Node, Node]) -> list[Node]:
        return [node for node in nodes if node not in taken]

    def _take(self, one: Node, other: Node) -> None:
        if not self._went_into_a_release(one, other):
            self.forward[one], self.backward[other] = other, one

    def _went_into_a_release(self, one: Node, other: Node) -> bool:
        """Whether this is a group such as "Fixed" in a release that is new here.

        The entries went there; the group is another one, for its old place may have it too.
        """
        if one.kind is not Kind.SECTION or one.id or one.parent is None or other.parent is None:
            return False
        parent = other.parent
        return (
            parent.kind is Kind.SECTION
            and parent not in self.backward
            and release_of(parent.title) not in ("", "unreleased")
            and not release_of(one.title)
        )

    def _take_all(self, one: Node, other: Node) -> None:
        """Two equal subtrees, node by node; where a part is matched elsewhere already, it stays there."""
        stack = [(one, other)]
        while stack:
            first, second = stack.pop()
            if first not in self.forward and second not in self.backward:
                self._take(first, second)
            stack.extend(zip(first.children, second.children, strict=True))

    def _pair_below(self, one: Node, other: Node) -> None:
        """Stage 1, from a pair of parents down."""
        if one not in self.forward:
            self._take(one, other)
        queue = [(one, other)]
        while queue:
            first, second = queue.pop()
            if first.digest == second.digest:
                self._take_all(first, second)
                continue
            queue += self._pair_children(first, second)

    def _pair_children(self, one: Node, other: Node) -> list[tuple[Node, Node]]:
        """Matches children under one parent; returns the pairs that are to be looked into."""
        found: list[tuple[Node, Node]] = []
        for label in (by_digest, by_text, by_key):
            mine = self._free(one.children, self.forward)
            yours = self._free(other.children, self.backward)
            if not mine or not yours:
                break
            for first, second in pairs_of(mine, yours, label):
                self._take(first, second)
                found.append((first, second))
        return found

    def _within(self, find: Callable[[list[Node], list[Node]], list[tuple[Node, Node]]]) -> None:
        """What stands at another depth of the same container, however short: a heading was put above it."""
        for one in reversed(self.base):
            other = self.forward.get(one)
            if other is None or one.digest == other.digest or one.kind is Kind.ROOT:
                continue
            mine = [node for node in one.walk() if node not in self.forward and is_leaf(node)]
            if not mine:
                continue
            yours = [node for node in other.walk() if node not in self.backward and is_leaf(node)]
            for first, second in find(mine, yours):
                is_free = first not in self.forward and second not in self.backward
                if is_free and (first.parent is one or second.parent is other):
                    self._take(first, second)

    def _anywhere(self, label: Label, is_asked: Callable[[Node], bool]) -> None:
        """Stages 2 and 3: what is single in both versions, the outermost first."""
        free = self._free(filter(is_asked, self.base), self.forward)
        if not free:
            return
        mine = single(free, label)
        yours = single(self._free(filter(is_asked, self.side), self.backward), label)
        for key, one in mine.items():
            other = yours.get(key)
            is_free = other and one not in self.forward and other not in self.backward
            if other and is_free and one.kind is other.kind and one.id == other.id:
                self._pair_below(one, other)

    def _containers(self) -> None:
        """Stage 4, from the innermost out."""
        for one in reversed(self.base):
            if one in self.forward or one.kind not in CONTAINERS or not one.children:
                continue
            twins = [self.forward[child] for child in one.children if child in self.forward]
            votes = Counter(
                twin.parent
                for twin in twins
                if twin.parent and twin.parent.kind is one.kind and twin.parent not in self.backward
            )
            if not votes:
                continue
            other, count = max(votes.items(), key=lambda vote: (vote[1], -vote[0].index))
            if other and 4 * count >= len(one.children) + len(other.children) and not differ(one, other):
                self._take(one, other)
                self._pair_below(one, other)

    def _titles(self) -> None:
        """Sections of one title that are the only free ones with it, and that say much the same."""
        mine = single(
            self._free((one for one in self.base if one.kind is Kind.SECTION), self.forward), by_text
        )
        yours = single(
            self._free((one for one in self.side if one.kind is Kind.SECTION), self.backward), by_text
        )
        for key, one in mine.items():
            other = yours.get(key)
            if other and likeness(all_text(one), all_text(other)) >= 0.5:
                self._pair_below(one, other)
                rest = self._free(one.children, self.forward), self._free(other.children, self.backward)
                for first, second in self._likely(*rest):
                    if first not in self.forward and second not in self.backward:
                        self._pair_below(first, second)

    def _alike(self) -> None:
        """Stage 5: by shared words, the best pair first; then what is alone between the same neighbours."""
        for one in self.base:
            other = self.forward.get(one)
            if other is None or one.digest == other.digest:
                continue
            mine = self._free(one.children, self.forward)
            yours = self._free(other.children, self.backward)
            if mine and yours:
                for first, second in (*self._likely(mine, yours), *self._lonely(one, other)):
                    if first not in self.forward and second not in self.backward:
                        self._take(first, second)
                        self._pair_below(first, second)

    def _likely(self, mine: list[Node], yours: list[Node]) -> list[tuple[Node, Node]]:
        if len(mine) * len(yours) > _MOST_PAIRS:
            return []
        scored = [
            (-score, abs(one.index - other.index), one.said, other.said, one, other)
            for one in mine
            for other in yours
            if one.kind is other.kind
            and not differ(one, other)
            and (score := likeness(one.said, other.said)) >= 0.5
        ]
        return [(entry[4], entry[5]) for entry in sorted(scored, key=lambda entry: entry[:4])]

    def _lonely(self, one: Node, other: Node) -> list[tuple[Node, Node]]:
        """The only free nodes of their kind between two pairs of neighbours: one text rewritten."""
        found = []
        places = {node: place for place, node in enumerate(other.children)}
        runs: dict[tuple[int, Kind], tuple[list[Node], list[Node]]] = {}
        for children, taken, side in ((one.children, self.forward, 0), (other.children, self.backward, 1)):
            before = -1
            for child in children:
                if child in taken:
                    before = places.get(self.forward[child], -2) if side == 0 else places[child]
                elif child.kind not in (Kind.SECTION, Kind.RULE, Kind.ENTRY, Kind.TABLE):
                    runs.setdefault((before, child.kind), ([], []))[side].append(child)
        for mine, yours in runs.values():
            if len(mine) == len(yours) == 1 and not differ(mine[0], yours[0]):
                found += [] if any(map(is_placeholder, mine + yours)) else [(mine[0], yours[0])]
        return found
