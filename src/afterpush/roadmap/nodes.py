"""The tree that a document is read into: every line belongs to one node, or to the gap before one."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from afterpush.roadmap.keys import id_of, item_parts, said_in
from afterpush.roadmap.tables import Row, Table

Lines = tuple[str, ...]


class Kind(StrEnum):
    """What a node is."""

    ROOT = "document"
    SECTION = "section"
    FRONT = "front matter"
    ITEM = "item"
    TABLE = "table"
    ROW = "row"
    # A line that gives a name a value: `**Owner:** Ann`, `title: Plan` in front matter.
    ENTRY = "entry"
    LINK = "link definition"
    NOTE = "footnote"
    TEXT = "paragraph"
    CODE = "code block"
    HTML = "HTML"
    QUOTE = "quote"
    RULE = "rule"


CONTAINERS = frozenset({Kind.ROOT, Kind.SECTION, Kind.FRONT, Kind.ITEM, Kind.TABLE})


class Node:
    """One thing of a document, with the exact lines that are its own and the blank lines before them."""

    __slots__ = (
        "children", "digest", "gap", "id", "index", "kind", "level", "line",
        "mark", "own", "parent", "rank", "said", "title", "trio",
    )  # fmt: skip

    def __init__(self, kind: Kind, own: Lines, gap: Lines = (), level: int = 0) -> None:
        self.kind, self.gap, self.level = kind, gap, level
        # The level that it is nested by; releases are all on one.
        self.rank = level
        self.children: list[Node] = []
        self.parent: Node | None = None
        self.index = 0
        self.say(own)
        # The text that it is known by; for an entry or a definition its name.
        self.title = ""
        self.id = ""
        self.digest = 0
        # The number of its first own line in the text, counted from 1.
        self.line = 0
        # What it is in the other versions; set by the merge that matches them.
        self.trio: Any = None

    def say(self, own: Lines) -> None:
        """Gives it its lines; `mark` is the state of its checkbox or the status in its title."""
        self.own = own
        # What it says, without layout.
        self.said, self.mark = said_in(self.kind, own)

    def add(self, child: "Node") -> None:
        child.parent = self
        self.children.append(child)

    def walk(self) -> Iterator["Node"]:
        """The node and everything below it, in the order of the text."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def lines(self) -> list[str]:
        """The text of the node and everything below it, from its own first line on."""
        found: list[str] = []
        for node in self.walk():
            found.extend(node.gap if node is not self else ())
            found.extend(node.own)
        return found

    @property
    def name(self) -> str:
        """How to speak of it in a sentence: its ID or the beginning of its text."""
        said = self.said.partition("|")[0] if self.kind is Kind.ROW else self.said
        said = " ".join((said or "".join(self.own)).split())
        return said if len(said) <= 60 else said[:57] + "..."


def seal(root: Node) -> list[Node]:
    """Numbers the finished tree and gives every node its key and the digest of its subtree.

    Equal digests: equal content, whatever the padding, list signs and heading levels.
    """
    nodes = list(root.walk())
    line = 1
    for index, node in enumerate(nodes):
        node.index, node.line = index, line + len(node.gap)
        line = node.line + len(node.own)
        node.title, node.id = id_of(node.kind, node.said)
    for node in reversed(nodes):
        node.digest = hash((node.kind, node.mark, node.said, *(child.digest for child in node.children)))
    return nodes


def place_of(node: Node) -> str:
    """The heading over a node, for the beginning of a sentence; "" where there is none."""
    path = _headings_over(node)
    return f"{path[-1]}: " if path else ""


def places_apart(one: Node, other: Node) -> list[str]:
    """The headings over two nodes, for the middle of a sentence: so many that they differ."""
    paths = [_headings_over(one), _headings_over(other)]
    if not all(paths):
        return [f"'{path[-1]}'" if path else "no heading" for path in paths]
    count = next((at for at in range(1, min(map(len, paths))) if paths[0][-at:] != paths[1][-at:]), 0)
    return [f"'{' > '.join(path[-count:] if count else path)}'" for path in paths]


def _headings_over(node: Node) -> list[str]:
    """The titles over a node, the nearest last."""
    found: list[str] = []
    above = node.parent
    while above:
        if above.kind is Kind.SECTION:
            found.append(above.own[0].strip("# ").strip())
        above = above.parent
    return found[::-1]


def sections_in(root: Node) -> Iterator[Node]:
    """The root and every section, in the order of the text."""
    return (node for node in root.walk() if node.kind in (Kind.ROOT, Kind.SECTION))


def item_text(node: Node) -> str:
    """What the first line of an item says, without sign and box."""
    return item_parts(node.own[0])[1].strip()


def table_of(node: Node) -> Table:
    """A table's node as columns and rows."""
    rows = tuple(Row(child.own[0]) for child in node.children)
    return Table(Row(node.own[0]), node.own[1] if len(node.own) > 1 else "", rows)
