"""The merged text of three versions of a document, written from what was matched and placed."""

from collections.abc import Callable, Sequence

from afterpush.conflicts.document.gaps import Gaps
from afterpush.conflicts.document.lost_or_doubled import bare
from afterpush.conflicts.document.own_text import merge_own
from afterpush.conflicts.document.pieces import Hunk, Piece, Said
from afterpush.conflicts.document.relaid import Layouts
from afterpush.conflicts.kinds.numbering import numbers_of, with_number
from afterpush.conflicts.kinds.three_way import changed_alone, steady
from afterpush.conflicts.matching.both_added import match_all
from afterpush.conflicts.matching.order import ordered
from afterpush.conflicts.matching.place import Placement
from afterpush.conflicts.matching.trios import Doubt, Trio, parent_of, trio_of
from afterpush.conflicts.tables.merge import merged_table
from afterpush.roadmap.nodes import Kind, Lines, Node, place_of, places_apart
from afterpush.roadmap.tree import Tree


class Merge:
    """Merges three documents; `pieces` are the lines, with hunks for what a person has to decide."""

    def __init__(self, base: Tree, ours: Tree, theirs: Tree, *, is_hidden: Callable[[str], bool]) -> None:
        """`is_hidden` tells whether a text is in what all three share and nobody reads."""
        self.documents = (base, ours, theirs)
        self.trios = match_all(base, ours, theirs, is_hidden)
        self.placement = Placement(self.trios)
        self.pieces: list[Piece] = []
        # Sentences about what rules decided; and lines that a rule wrote, or that occur twice on purpose.
        self.said: Said = []
        self.excused = {line for trio in self.trios if trio.is_twice for line in trio.any.own}
        # A row that one side deleted and the other only gave an empty new cell.
        rows = (trio for trio in self.placement.gone if trio.kind is Kind.ROW)
        self.excused |= {line for trio in rows for node in trio.nodes if node for line in node.own}
        self.moved = {
            line
            for trio in self.trios[1:]
            if _is_moved(trio)
            for node in trio.nodes
            if node
            for line in node.lines()
        }

    def write(self) -> list[Piece]:
        """The merged lines, with hunks for what a person has to decide."""
        self.pieces, self.said = [], []
        self.gaps = Gaps(self.documents)
        self._numbers: dict[Trio, int] = {}
        self._layouts = Layouts()
        self._run: Piece | None = None
        self._write_children(self.trios[0])
        self.pieces += self._tail()
        return self.pieces

    def doubt(self, line: str, why: str) -> bool:
        """Leaves what holds a line to a person; whether there was anything left to doubt."""
        holders = [
            trio
            for trio in self.trios[1:]
            if trio.doubt is None and any(node and line in map(bare, node.own) for node in trio.nodes[1:])
        ]
        for trio in [trio for trio in holders if trio.base is None] or holders:
            trio.refuse(Doubt.UNSOUND, f"{trio.any.name}: {why}")
            if trio in self.placement.gone and trio.home:
                self.placement.gone.discard(trio)
                self.placement.children.setdefault(trio.home, []).append(trio)
        return bool(holders)

    def _write_children(self, trio: Trio) -> None:
        members = ordered(trio, self.placement.children.get(trio, []))
        self._numbers |= numbers_of(trio, members)
        for child in members:
            self._write(child, trio)

    def _write(self, trio: Trio, parent: Trio) -> None:
        if trio.doubt is Doubt.BOTH_WROTE and self.pieces and self.pieces[-1] is self._run:
            self._lengthen_run(trio, parent)
            return
        if trio.doubt:
            self._emit_whole(trio, parent)
            self._run = self.pieces[-1] if trio.doubt is Doubt.BOTH_WROTE else None
            return
        if trio.kind is Kind.TABLE:
            self._write_table(trio, parent)
            return
        pieces = self._own(trio)
        if (
            trio.kind is Kind.SECTION
            and trio.base is None
            and any(isinstance(piece, Hunk) for piece in pieces)
        ):
            self._emit_whole(trio, parent)
            return
        self._emit(trio, pieces)
        self._write_children(trio)

    def _write_table(self, trio: Trio, parent: Trio) -> None:
        members = ordered(trio, self.placement.children.get(trio, []))
        table = _as_one_side_has_it(trio, members) or merged_table(
            trio, members, lambda row: self._whole(row, trio)
        )
        if table is None:
            self._emit_whole(trio, parent, f"{trio.any.name}: both sides changed the columns")
            return
        # Many tables have the same header.
        self.excused.update(line for node in trio.nodes if node for line in node.own)
        for one, pieces in table:
            self._excuse(one, pieces)
            self._emit(one, pieces)

    def _own(self, trio: Trio) -> list[Piece]:
        base, ours, theirs = trio.nodes
        added = self._layouts.lines(trio) if base is None else None
        if ours is None or theirs is None:
            pieces: list[Piece] = list(added or trio.any.own)
        elif added and (ours.said, ours.mark) == (theirs.said, theirs.mark):
            pieces = list(added)
        else:
            pieces = merge_own(base, ours, theirs, self.said)
            self._excuse(trio, pieces)
        if trio in self._numbers and isinstance(pieces[0], str):
            pieces[0] = with_number(pieces[0], self._numbers[trio])
        return [self._with_place(piece, trio) if isinstance(piece, Hunk) else piece for piece in pieces]

    def _excuse(self, trio: Trio, pieces: Sequence[Piece]) -> None:
        """Notes the lines that a rule rewrote of two versions."""
        owns = [node.own for node in trio.nodes if node]
        if tuple(pieces) not in owns or len(set(owns)) > 2 or (trio.base is None and len(set(owns)) > 1):
            self.excused.update(line for own in owns for line in own)
            self.excused.update(piece for piece in pieces if isinstance(piece, str))

    def _with_place(self, hunk: Hunk, trio: Trio) -> Hunk:
        minted = f"{trio.any.id}: both sides gave this new ID: " if trio.any.id and trio.base is None else ""
        return Hunk(hunk.ours, hunk.theirs, f"{place_of(trio.any)}{minted}{hunk.reason}")

    def _whole(self, trio: Trio, parent: Trio, reason: str = "") -> Hunk:
        """Both sides of a thing in doubt, with everything below it."""
        ours, theirs = (self._subtree(node, trio, parent) if node else () for node in trio.nodes[1:])
        reason = reason or trio.reason or self._reason(trio)
        return Hunk(ours, theirs, reason if trio.doubt is Doubt.MINTED else f"{place_of(trio.any)}{reason}")

    def _subtree(self, node: Node, trio: Trio, parent: Trio) -> Lines:
        if trio.doubt is Doubt.TORN and parent_of(node) is not parent:
            return ()
        found: list[str] = []
        stack = [node]
        while stack:
            one = stack.pop()
            found += one.gap if one is not node else ()
            found += one.own
            stack += [child for child in reversed(one.children) if self._stays(child)]
        return tuple(found)

    def _stays(self, node: Node) -> bool:
        """Whether a node is written with its parent, and not where the other side put it."""
        trio = trio_of(node)
        return trio in self.placement.gone or trio.home is parent_of(node) or trio.doubt is Doubt.TORN

    def _reason(self, trio: Trio) -> str:
        name = trio.any.name
        match trio.doubt:
            case Doubt.TORN if trio.ours and trio.theirs:
                mine, yours = places_apart(trio.ours, trio.theirs)
                return f"{name}: ours put it under {mine}, theirs under {yours}"
            case Doubt.DELETED:
                who, other = ("theirs", "ours") if trio.ours else ("ours", "theirs")
                node = trio.any
                what = "changed it" if trio.base and _is_reworded(trio.base, node) else self._changed(node)
                return f"{name}: {who} deleted it, {other} {what}"
            case Doubt.RELEASE:
                return (
                    f"{name}: what it was added to has been released meanwhile; put it into the right release"
                )
        return f"{name}: both sides wrote it differently"

    def _changed(self, node: Node) -> str:
        below = (one for one in node.walk() if one is not node)
        known = ((one, trio_of(one)) for one in below)
        for one, trio in known:
            if trio.base is None or _is_reworded(trio.base, one):
                return f"{'changed' if trio.base else 'added'} '{one.name}' below it"
        return "moved something below it"

    def _emit(self, trio: Trio, pieces: Sequence[Piece]) -> None:
        self.pieces += self.gaps.before(trio)
        self.pieces += pieces
        self.gaps.wrote(trio)

    def _lengthen_run(self, trio: Trio, parent: Trio) -> None:
        """What both sides wrote at one place, as one hunk: all of ours, all of theirs."""
        run, more, gap = self.pieces[-1], self._whole(trio, parent), self.gaps.before(trio)
        assert isinstance(run, Hunk)
        ours, theirs = (
            (*one, *(gap if one and other else ()), *other)
            for one, other in ((run.ours, more.ours), (run.theirs, more.theirs))
        )
        self._run = self.pieces[-1] = Hunk(ours, theirs, run.reason)
        self._wrote_all_of(trio)

    def _emit_whole(self, trio: Trio, parent: Trio, reason: str = "") -> None:
        self._emit(trio, [self._whole(trio, parent, reason)])
        self._wrote_all_of(trio)

    def _wrote_all_of(self, trio: Trio) -> None:
        """A hunk holds all that is below its thing: what comes next is behind the last of it."""
        *_, last = trio.any.walk()
        self.gaps.wrote(trio_of(last))

    def _tail(self) -> Lines:
        return steady(*(document.tail for document in self.documents))


def _as_one_side_has_it(trio: Trio, members: Sequence[Trio]) -> list[tuple[Trio, list[Piece]]] | None:
    """A table that only one side changed, line by line as it is there; None for any other."""
    base, ours, theirs = (
        [node.own, *(row.own for row in node.children)] if node else None for node in trio.nodes
    )
    side = changed_alone(base, ours, theirs)
    node = trio.nodes[side]
    if not side or node is None or [trio_of(row) for row in node.children] != list(members):
        return None
    # A row that came from another table may have been changed there.
    if any(row.doubt or _is_written_by(row, 3 - side) for row in members):
        return None
    return [(trio_of(one), [*one.own]) for one in node.walk()]


def _is_written_by(trio: Trio, side: int) -> bool:
    """Whether a side wrote a row as neither the base nor the other side has it."""
    node = trio.nodes[side]
    return node is not None and all(
        other is None or other.own != node.own for other in (trio.base, trio.nodes[3 - side])
    )


def _is_moved(trio: Trio) -> bool:
    return trio.base is not None and trio.home is not parent_of(trio.base)


def _is_reworded(base: Node, node: Node) -> bool:
    return (base.said, base.mark) != (node.said, node.mark)
