"""What both sides added: one and the same thing, two things, or two things under one new ID."""

from collections import Counter
from collections.abc import Callable, Sequence

from afterpush.conflicts.matching.alike import match_both
from afterpush.conflicts.matching.labels import (
    by_digest,
    by_key,
    by_text,
    pairs_of,
    rest_of,
    says_enough,
    single,
    title_of,
)
from afterpush.conflicts.matching.match import Matching
from afterpush.conflicts.matching.trios import Doubt, Trio, new_release_over, parent_of, trio_of
from afterpush.roadmap.keys import is_global_id, likeness, overlap, reference_of
from afterpush.roadmap.nodes import Kind, Node
from afterpush.roadmap.tree import Tree


def match_all(base: Tree, ours: Tree, theirs: Tree, is_hidden: Callable[[str], bool]) -> list[Trio]:
    """Every thing of the three versions, those of the base first, in the order of the text."""
    trios = [Trio(node) for node in base.nodes]
    matchings = [Matching(base.nodes, document.nodes) for document in (ours, theirs)]
    match_both(*matchings)
    for side, (document, matching) in enumerate(zip((ours, theirs), matchings, strict=True), 1):
        for node in document.nodes:
            origin = matching.backward.get(node)
            if origin:
                trio_of(origin).nodes[side] = node
                node.trio = origin.trio
    free = [[node for node in document.nodes if node.trio is None] for document in (ours, theirs)]
    _pair_added(trios)
    for side, nodes in enumerate(free, 1):
        for node in nodes:
            if node.trio is None:
                node.trio = Trio()
                node.trio.nodes[side] = node
    _pair_elsewhere(free)
    _find_minted_twice(base, free, is_hidden)
    trios += dict.fromkeys(trio_of(node) for nodes in free for node in nodes)
    _find_numbered_twice(trios)
    return trios


def _pair_added(trios: Sequence[Trio]) -> None:
    """What both sides added under the same parent: equal, of equal text, or under one key."""
    queue = [trio for trio in trios if trio.ours and trio.theirs]
    while queue:
        trio = queue.pop()
        assert trio.ours and trio.theirs
        for label in (by_digest, by_text, by_key):
            mine = [node for node in trio.ours.children if node.trio is None]
            yours = [node for node in trio.theirs.children if node.trio is None]
            if not mine or not yours:
                break
            for one, other in pairs_of(mine, yours, label):
                if label is by_key and not _is_one_key(one, other, trio):
                    continue
                made = Trio(None, one, other)
                if label is by_key and one.id and overlap(rest_of(one), rest_of(other)) < 0.5:
                    made.refuse(Doubt.MINTED, minted_reason(one.id, one, other))
                queue.append(made)
        _pair_by_reference(trio)


def _is_one_key(one: Node, other: Node, parent: Trio) -> bool:
    """Whether a key that both sides brought means that they brought one thing."""
    if one.kind is not Kind.ROW:
        return True
    if one.id:
        return True
    # A first cell is a key only where no version has it twice: not a date in a log, not a person.
    tables = [node for node in parent.nodes if node]
    titles = [child.title for table in tables for child in table.children]
    alike = all(len({child.title for child in table.children}) == len(table.children) for table in tables)
    return alike and len(titles) > 2 and bool(one.title.strip(" -_")) and not one.title[:4].isdigit()


def _pair_by_reference(trio: Trio) -> None:
    """Two wordings of one new item: the same reference at its end, and much the same words."""
    sides: list[dict[str, Node]] = []
    for node in trio.nodes[1:]:
        added = [child for child in (node.children if node else ()) if child.trio is None]
        items = [child for child in added if child.kind is Kind.ITEM and reference_of(child.said)]
        sides.append(single(items, lambda item: reference_of(item.said)))  # type: ignore[arg-type]
    for key, one in sides[0].items():
        other = sides[1].get(key)
        if other and likeness(one.said, other.said) >= 0.6:
            Trio(None, one, other)


def _pair_elsewhere(free: Sequence[Sequence[Node]]) -> None:
    """Equal texts that both sides added under different parents.

    One thing where a side also brought old neighbours there (it was released meanwhile); two things where
    both parents are new releases (a fix that was ported back), or new sections that have little else in
    common; else a person decides.
    """
    mine, yours = (
        single([node for node in nodes if _is_single(node) and _is_telling(node)], by_text) for nodes in free
    )
    for key, one in mine.items():
        other = yours.get(key)
        if other is None or parent_of(one) is parent_of(other):
            continue
        releases = [new_release_over(node) for node in (one, other)]
        carrying = [_carries(one), _carries(other)]
        are_releases = all(releases) and releases[0] is not releases[1]
        if (are_releases or _are_two_sections(one, other)) and not any(carrying):
            trio_of(one).is_twice = trio_of(other).is_twice = True
            continue
        trio = Trio(None, one, other)
        if carrying[0] == carrying[1]:
            trio.refuse(Doubt.TORN, "")
        else:
            trio.home = parent_of(one if carrying[0] else other)


def _are_two_sections(one: Node, other: Node) -> bool:
    """Whether two texts are in new sections of other titles that share no more than half of their texts."""
    mine, yours = one.parent, other.parent
    if mine is None or yours is None or mine.kind is not Kind.SECTION or yours.kind is not Kind.SECTION:
        return False
    if not (_is_new(mine) and _is_new(yours)) or overlap(mine.said, yours.said) >= 0.5:
        return False
    texts = [Counter(map(by_text, list(node.walk())[1:])) for node in (mine, yours)]
    return 2 * (texts[0] & texts[1]).total() <= min(some.total() for some in texts)


def _is_new(node: Node) -> bool:
    return trio_of(node).base is None and _is_single(node)


def _is_single(node: Node) -> bool:
    return sum(known is not None for known in trio_of(node).nodes) == 1


def _is_telling(node: Node) -> bool:
    return node.kind in (Kind.ITEM, Kind.ROW, Kind.TEXT, Kind.QUOTE) and says_enough(node.said)


def _carries(node: Node) -> bool:
    """Whether old text was put under the same parent as an added node."""
    parent = parent_of(node)
    siblings = node.parent.children if node.parent else []
    origins = [trio_of(sibling).base for sibling in siblings]
    return any(origin and parent_of(origin) is not parent for origin in origins)


def minted_reason(key: str, one: Node, other: Node) -> str:
    """Why two things with one new ID are refused, and what to do."""
    mine, yours = (title_of(node).strip(" :.-–—|*").removeprefix("]").strip() for node in (one, other))
    return (
        f"{key}: both sides gave this new ID to different things ('{_short(mine)}' and '{_short(yours)}'); "
        f"give one of them another ID, or merge with --renumber"
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _find_minted_twice(base: Tree, free: Sequence[Sequence[Node]], is_hidden: Callable[[str], bool]) -> None:
    """IDs that are new on both sides, wherever and as whatever they are: a row here, a heading there."""
    known = {node.id for node in base.nodes}
    found: list[dict[str, list[Node]]] = [{}, {}]
    for side, nodes in enumerate(free):
        for node in nodes:
            if node.id and node.id not in known and is_global_id(node.id):
                found[side].setdefault(node.id, []).append(node)
    for key in found[0].keys() & found[1].keys():
        mine, yours = found[0][key], found[1][key]
        shares = [overlap(rest_of(one), rest_of(other)) for one in mine for other in yours]
        if is_hidden(key) or max(shares) >= 0.5:
            continue
        for node in (*mine, *yours):
            trio_of(node).refuse(Doubt.MINTED, minted_reason(key, mine[0], yours[0]))


def _find_numbered_twice(trios: Sequence[Trio]) -> None:
    """Numbers that would be there twice: given to a new thing here, to one that was pushed down there.

    base  ## 3. Polish     ours  ## 3. Wheels     theirs  ## 3. Polish     4 would be Polish and Launch.
                                 ## 4. Polish             ## 4. Launch
    """
    found: dict[tuple[Trio | None, str], list[tuple[Trio, Node]]] = {}
    for trio in trios[1:]:
        before = trio.base.id if trio.base else ""
        for node in trio.nodes[1:]:
            if node and node.id not in ("", before):
                where = None if is_global_id(node.id) else parent_of(node)
                found.setdefault((where, node.id), []).append((trio, node))
    for (_, key), known in found.items():
        is_old = any(trio.base for trio, _ in known)
        if is_old and len({trio for trio, _ in known}) == len(known) == 2:
            (one, mine), (other, yours) = sorted(known, key=lambda pair: pair[0].ours is not pair[1])
            if one.ours is mine and other.theirs is yours:
                for trio in (one, other):
                    trio.refuse(Doubt.MINTED, minted_reason(key, mine, yours))
