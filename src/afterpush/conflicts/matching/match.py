"""Which node of one version is which node of another: matched over the whole document.

Five stages, each for what is still free. A section that was moved, split, renamed or put a level deeper is
the same section; equal words in two sections stay two things.
1. Under parents that are the same already: equal subtrees, equal text, equal keys.
2. Anywhere: equal subtrees, then equal text, that are single in both versions. Moves are found here.
3. Anywhere: IDs that are single in both.
4. Containers that have at least half of what is below them in common. Renamed headings are found here.
5. Likeness: under the same parent, then anywhere (`alike`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from afterpush.conflicts.matching.labels import (
    LEAVES,
    Label,
    by_digest,
    by_key,
    by_text,
    by_title,
    differ,
    is_placeholder,
    is_telling,
    is_telling_leaf,
    pairs_of,
    single,
)
from afterpush.roadmap.keys import is_global_id, likeness, release_of
from afterpush.roadmap.nodes import CONTAINERS, Kind, Node

# So many headings beside one are asked whether they are it under another title.
_MOST_SIBLINGS = 200


class Matching:
    """The nodes of one version and what they are in another."""

    def __init__(self, base: Sequence[Node], side: Sequence[Node]) -> None:
        self.base, self.side = base, side
        self.forward: dict[Node, Node] = {}
        self.backward: dict[Node, Node] = {}
        self.ids = [{node.id for node in nodes} for nodes in (base, side)]
        self.other = self
        # What the other side has too, word for word, under the same parent; and the base has not.
        self.shared: dict[Node, Node] = {}

    def match_equal(self) -> None:
        """Stages 1 to 4."""
        self.pair_below(self.base[0], self.side[0])
        self._anywhere(lambda node: node.digest, is_telling)
        self._anywhere(by_text, is_telling_leaf)
        self._anywhere(lambda node: (node.kind, node.id), lambda node: bool(node.id))
        self._containers()

    def free(self, nodes: Iterable[Node], taken: dict[Node, Node]) -> list[Node]:
        """Those that are not matched yet; `taken` is `forward` for the base, `backward` for the side."""
        return [node for node in nodes if node not in taken]

    def take(self, one: Node, other: Node) -> None:
        """Notes that two nodes are one thing, unless something else says that they are not."""
        twin = self.shared.get(other)
        if self._went_into_a_release(one, other) or (twin and one in self.other.forward):
            return
        self.forward[one], self.backward[other] = other, one
        if twin:
            self.other.forward[one], self.other.backward[twin] = twin, one

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
                self.take(first, second)
            stack.extend(zip(first.children, second.children, strict=True))

    def pair_below(self, one: Node, other: Node) -> None:
        """Stage 1, from a pair of parents down."""
        if one not in self.forward:
            self.take(one, other)
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
        for label in (by_digest, by_text, by_title, by_key):
            mine = self.free(one.children, self.forward)
            yours = self.free(other.children, self.backward)
            if not mine or not yours:
                break
            for first, second in pairs_of(mine, yours, label):
                if label is by_title and not self._is_counted_again(first, second):
                    continue
                self.take(first, second)
                found.append((first, second))
        return found

    def _is_counted_again(self, one: Node, other: Node) -> bool:
        """Whether an ID is another one because others were put in or taken out: one of them was in use."""
        if not is_global_id(one.id) or one.id == other.id:
            return True
        return one.id in self.ids[1] or other.id in self.ids[0]

    def _anywhere(self, label: Label, is_asked: Callable[[Node], bool]) -> None:
        """Stages 2 and 3: what is single in both versions, the outermost first."""
        free = list(filter(is_asked, self.free(self.base, self.forward)))
        if not free:
            return
        mine = single(free, label)
        yours = single(filter(is_asked, self.free(self.side, self.backward)), label)
        for key, one in mine.items():
            other = yours.get(key)
            is_free = other and one not in self.forward and other not in self.backward
            if other and is_free and one.kind is other.kind and one.id == other.id:
                self.pair_below(one, other)

    def _containers(self) -> None:
        """Stage 4, from the innermost out."""
        sizes = {node: sum(1 for _ in node.walk()) - 1 for node in self.side if node.kind in CONTAINERS}
        sections = [node for node in self.side if node.kind is Kind.SECTION]
        titles = single(self.free(sections, self.backward), by_text)
        for one in reversed(self.base):
            if one in self.forward or one.kind not in CONTAINERS or not one.children:
                continue
            # What kept its title is found under its parent, even where all that it held has left it.
            if by_text(one) in titles:
                continue
            below = list(one.walk())[1:]
            votes: Counter[Node] = Counter()
            for twin in (self.forward[node] for node in below if node in self.forward):
                above = twin.parent
                while above:
                    if above.kind is one.kind and above not in self.backward:
                        votes[above] += 1
                    above = above.parent
            votes.update(self._alike_siblings(one, below))
            shares = {other: 2 * count / (len(below) + sizes[other]) for other, count in votes.items()}
            known = [
                other
                for other, share in shares.items()
                if share >= 0.5 and not differ(one, other) and self._has_kept(one, other)
            ]
            # A heading put in below a renamed one may have all that it held: the titles tell them apart.
            near = [
                node for other in known if other.parent for node in other.parent.children[:_MOST_SIBLINGS]
            ]
            known += [node for node in near if node not in shares and self._is_renamed(one, node)]
            if known:
                alike = {node: likeness(one.said, node.said) for node in known}
                score = {node: shares.get(node, 0.0) + 2 * alike[node] for node in known}
                self.pair_below(one, max(known, key=lambda node: (score[node], -node.index)))

    def _has_kept(self, one: Node, other: Node) -> bool:
        """Whether something of what a section says itself is in the other one: not only its subsections.

        Those are in it too where it was deleted, and another one put before them.
        """
        body = [node for child in one.children if child.kind is not Kind.SECTION for node in child.walk()]
        if len(body) < 3:
            return True
        texts = set(map(by_text, (node for node in other.walk() if node is not other)))
        return any(
            by_text(node) in texts for node in body if node.kind in LEAVES and not is_placeholder(node)
        )

    def _alike_siblings(self, one: Node, below: Sequence[Node]) -> Counter[Node]:
        """How much free siblings hold of what is below a heading and too short to be known elsewhere."""
        parent = self.forward.get(one.parent) if one.parent else None
        siblings = self.free(parent.children if parent else (), self.backward)
        if len(siblings) > _MOST_SIBLINGS:
            return Counter()
        texts = Counter(map(by_text, self.free(below, self.forward)))
        found: Counter[Node] = Counter()
        for other in siblings if texts else ():
            if other.kind is one.kind:
                inside = self.free(list(other.walk())[1:], self.backward)
                found[other] = (texts & Counter(map(by_text, inside))).total()
        return +found

    def _is_renamed(self, one: Node, other: Node) -> bool:
        is_free = one.kind is other.kind and other not in self.backward
        return is_free and not differ(one, other) and likeness(one.said, other.said) >= 0.7

    def pair_free(self, pairs: Iterable[tuple[Node, Node]]) -> None:
        """Matches those of the pairs of which neither node was matched by an earlier one."""
        for one, other in pairs:
            if one not in self.forward and other not in self.backward:
                self.pair_below(one, other)
