"""One thing in up to three versions, and what both sides added as one and the same."""

from enum import Enum

from afterpush.roadmap.keys import release_of
from afterpush.roadmap.nodes import Kind, Node


class Doubt(Enum):
    """Why a person has to decide about a thing."""

    MINTED = "one new ID for two things"
    TORN = "two places"
    DELETED = "deleted and changed"
    RELEASE = "no release to put it into"
    BOTH_WROTE = "both wrote here"
    UNSOUND = "cannot be merged safely"


class Trio:
    """A node of the base, of ours and of theirs that are one thing; None where a version has it not."""

    __slots__ = ("doubt", "home", "is_twice", "nodes", "reason")

    def __init__(
        self, base: Node | None = None, ours: Node | None = None, theirs: Node | None = None
    ) -> None:
        self.nodes: list[Node | None] = [base, ours, theirs]
        self.doubt: Doubt | None = None
        self.reason = ""
        # Where it is in the merged text.
        self.home: Trio | None = None
        # Whether both sides wrote it under different headings on purpose.
        self.is_twice = False
        for node in self.nodes:
            if node:
                node.trio = self

    @property
    def base(self) -> Node | None:
        return self.nodes[0]

    @property
    def ours(self) -> Node | None:
        return self.nodes[1]

    @property
    def theirs(self) -> Node | None:
        return self.nodes[2]

    @property
    def any(self) -> Node:
        """One of its nodes; both sides of a merge get the same one."""
        sides = [node for node in self.nodes[1:] if node]
        found = max(sides, key=lambda node: (node.own, node.index)) if sides else self.base
        assert found is not None
        return found

    @property
    def kind(self) -> Kind:
        return self.any.kind

    def refuse(self, doubt: Doubt, reason: str) -> None:
        """Leaves the thing to a person; the first reason counts."""
        if self.doubt is None:
            self.doubt, self.reason = doubt, reason


def trio_of(node: Node) -> Trio:
    """The trio of a matched node."""
    trio: Trio | None = node.trio
    assert trio is not None
    return trio


def parent_of(node: Node) -> Trio:
    """The trio of the node above."""
    assert node.parent is not None
    return trio_of(node.parent)


def new_release_over(node: Node) -> Trio | None:
    """The release that a node is in (or is), where a side made it; None in an old one, and in none."""
    above: Node | None = node
    while above:
        release = release_of(above.title) if above.kind is Kind.SECTION else ""
        if release:
            return trio_of(above) if release != "unreleased" and trio_of(above).base is None else None
        above = above.parent
    return None
