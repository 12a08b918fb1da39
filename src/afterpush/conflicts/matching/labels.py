"""What nodes of two versions are compared by, and which of them say enough to be known again."""

from collections.abc import Callable, Hashable, Iterable

from afterpush.conflicts.document.align import align
from afterpush.roadmap.keys import is_global_id, likeness, reference_of, release_of
from afterpush.roadmap.nodes import Kind, Node
from afterpush.roadmap.tables import is_empty_value

Label = Callable[[Node], Hashable]


# `**Status:** ready` is under every task: what it says is no sign of which one it was.
_NEVER_MOVED = frozenset({Kind.RULE, Kind.FRONT, Kind.ROOT, Kind.ENTRY})

# What says something of its own, wherever it is.
LEAVES = frozenset({Kind.ITEM, Kind.ROW, Kind.TEXT, Kind.CODE, Kind.QUOTE})


def by_digest(node: Node) -> Hashable:
    return node.digest


def by_text(node: Node) -> Hashable:
    return (node.kind, node.said)


def by_key(node: Node) -> Hashable:
    """What it is known by; None for what only its text tells apart."""
    match node.kind:
        case Kind.SECTION:
            return (node.kind, node.id or release_of(node.title) or node.title)
        case Kind.ITEM:
            return (node.kind, node.id) if node.id else None
        case Kind.ROW | Kind.ENTRY | Kind.LINK | Kind.NOTE | Kind.TABLE | Kind.FRONT:
            return (node.kind, node.title)
    return None


def by_title(node: Node) -> Hashable:
    """What follows an ID, for where they are counted again: `Phase 3: Polish` is it too as Phase 4."""
    if not node.id:
        return None
    is_global = is_global_id(node.id)
    title = (rest_of if is_global else title_of)(node).strip(" :.)-–—|")
    is_told = says_enough(title) if is_global else len(title) >= 4
    return (node.kind, title) if is_told else None


def title_of(node: Node) -> str:
    """The title behind an ID: of a row the next cell."""
    return node.said.split("|")[1] if node.kind is Kind.ROW and "|" in node.said else rest_of(node)


def rest_of(node: Node) -> str:
    """What a node says besides its ID."""
    said = node.said.replace("|", " ")
    return said.partition(node.id.split()[-1])[2] or said


def pairs_of(mine: list[Node], yours: list[Node], label: Label) -> list[tuple[Node, Node]]:
    """Nodes with one label: in order where it occurs several times, wherever it is where it is single."""
    is_key = label in (by_key, by_title)
    first, second = [label(node) for node in mine], [label(node) for node in yours]
    alone = single(mine, label).keys() & single(yours, label).keys()
    found = [] if is_key else [pair for pair in align(first, second) if first[pair[0]] is not None]
    taken, taken_too = {one for one, _ in found}, {other for _, other in found}
    places = {second[place]: place for place in range(len(yours)) if place not in taken_too}
    for place, key in enumerate(first):
        is_single = place not in taken and key is not None and key in alone and key in places
        if is_single and (is_key or len(mine[place].said) >= 4):
            found.append((place, places[key]))
    return [(mine[one], yours[other]) for one, other in found]


def single(nodes: Iterable[Node], label: Label) -> dict[Hashable, Node]:
    """The nodes whose label no other one has, in order."""
    found: dict[Hashable, Node | None] = {}
    for node in nodes:
        key = label(node)
        if key is not None:
            found[key] = None if key in found else node
    return {key: node for key, node in found.items() if node is not None}


def is_telling(node: Node) -> bool:
    if node.kind in _NEVER_MOVED:
        return False
    return bool(node.id) or says_enough(" ".join(one.said for one in node.walk()))


def says_enough(text: str) -> bool:
    """Whether a text can be known again under another heading: two words, or a long one (not `Tests`)."""
    return len(text) >= 12 or (len(text) >= 6 and " " in text)


def is_telling_leaf(node: Node) -> bool:
    return node.kind in LEAVES and says_enough(node.said) and not is_placeholder(node)


def differ(one: Node, other: Node) -> bool:
    """Whether two nodes are known by different names, so that no likeness makes one of them."""
    if one.id and other.id:
        return one.id != other.id
    if one.kind is Kind.SECTION:
        mine, yours = release_of(one.title), release_of(other.title)
        return bool(mine and yours) and mine != yours and "unreleased" not in (mine, yours)
    references = reference_of(one.said), reference_of(other.said)
    if all(references):
        return references[0] != references[1]
    return one.kind in (Kind.ENTRY, Kind.LINK, Kind.NOTE) and one.title != other.title


def is_placeholder(node: Node) -> bool:
    """Whether a node only says that there is none: `- (none)`, `| _(none)_ | - |`."""
    return all(map(is_empty_value, node.said.split("|")))


# Above this many pairs of free siblings likeness is not asked for: it would be the one quadratic step.
MOST_PAIRS = 4000


def likely(mine: list[Node], yours: list[Node], least: float = 0.5) -> list[tuple[Node, Node]]:
    """Pairs of one kind that share words, the likest first, then the nearest."""
    if len(mine) * len(yours) > MOST_PAIRS:
        return []
    scored = [
        (-score, abs(one.index - other.index), one.said, other.said, one, other)
        for one in mine
        for other in yours
        if one.kind is other.kind
        and not differ(one, other)
        and (score := likeness(one.said, other.said)) >= least
    ]
    return [(entry[4], entry[5]) for entry in sorted(scored, key=lambda entry: entry[:4])]
