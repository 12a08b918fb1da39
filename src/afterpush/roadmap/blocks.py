"""The body of a section as nodes: items with what belongs to them, tables, entries, paragraphs, code, HTML.

A list is no node: its items are in one sequence with the paragraphs, so that a list which is split, or gets
a paragraph in its middle, is the same items as before.
"""

import re
from collections.abc import Sequence

from afterpush.roadmap.headings import RULE, verbatim_end
from afterpush.roadmap.metadata import is_key_line
from afterpush.roadmap.nodes import Kind, Lines, Node
from afterpush.roadmap.tables import is_delimiter

_ITEM = re.compile(r"([ \t]*)([-*+•]|\d{1,9}[.)])(?:[ \t]+|\r?$)")
_TAG = re.compile(
    r"</?(?:address|article|aside|blockquote|body|center|dd|details|dialog|dir|div|dl|dt|fieldset|figure|footer|"
    r"form|h[1-6]|header|hr|html|iframe|li|main|nav|ol|p|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)"
    r"(?:[\s/>]|$)|</?[a-zA-Z][\w-]*(?:\s[^<>]*)?/?>\s*$",
    re.I,
)
_LINK = re.compile(r" {0,3}\[(?!\^)[^\]]+\]:\s*\S")
_NOTE = re.compile(r" {0,3}\[\^[^\]]+\]:")
# Deeper nesting than this is text of the item it is in: no document of people has it.
_DEEPEST = 40


class BlockReader:
    """Reads the lines of one body into children of a node."""

    def __init__(self, lines: Sequence[str], under: Node) -> None:
        self.lines, self.count, self.under = lines, len(lines), under
        # The items that are open: each with the column its sign is in.
        self.items: list[tuple[Node, int]] = []
        self.last: Node | None = None

    def read(self) -> Lines:
        """Adds the nodes; returns the blank lines that follow the last one."""
        number = begun = 0
        while True:
            while number < self.count and not self.lines[number].strip():
                number += 1
            if number == self.count:
                return tuple(self.lines[begun:])
            number = begun = self._node_at(number, tuple(self.lines[begun:number]))

    def _node_at(self, number: int, gap: Lines) -> int:
        """Adds the node that begins at this line; returns the line after it."""
        line = self.lines[number]
        indent = _column(line)
        item = _ITEM.match(line)
        is_rule = item is not None and RULE.match(line) is not None
        if self.items:
            if not gap and not item and indent < self.items[-1][1] + 2 and self._is_lazy(line, number):
                self._lengthen(line)
                return number + 1
            while self.items and indent < self.items[-1][1] + 2:
                self.items.pop()
        if item and not is_rule and (self.items or indent < 4):
            node = Node(Kind.ITEM, (line,), gap, indent)
            self._parent().add(node)
            if len(self.items) < _DEEPEST:
                self.items.append((node, indent))
            self.last = node
            return self._fenced_item(node, number)
        if self.items and not gap and self._is_lazy(line, number):
            self._lengthen(line)
            return number + 1
        return self._block_at(number, line, gap)

    def _fenced_item(self, node: Node, number: int) -> int:
        """An item whose first line opens a fence has the whole fence as its own lines."""
        end = verbatim_end(self.lines, number)
        if end > number + 1 and "`" in self.lines[number]:
            node.say(tuple(self.lines[number:end]))
            return end
        return number + 1

    def _parent(self) -> Node:
        return self.items[-1][0] if self.items else self.under

    def _is_lazy(self, line: str, number: int) -> bool:
        """Whether a line that is not indented goes on with the paragraph above it (CommonMark 0.31, 5.2)."""
        return (
            self.last is not None
            and self.last.kind in (Kind.ITEM, Kind.TEXT)
            and self._kind_at(number, line) is Kind.TEXT
        )

    def _lengthen(self, line: str) -> None:
        if self.last is not None:
            self.last.say((*self.last.own, line))

    def _kind_at(self, number: int, line: str) -> Kind:
        text = line.lstrip(" \t")
        first = text[:1]
        if first in "`~<" and verbatim_end(self.lines, number):
            return Kind.CODE if first in "`~" else Kind.HTML
        if first == "<" and _TAG.match(text):
            return Kind.HTML
        if first == ">":
            return Kind.QUOTE
        if first in "-*_" and RULE.match(line):
            return Kind.RULE
        if first == "[" and _NOTE.match(line):
            return Kind.NOTE
        if first == "[" and _LINK.match(line):
            return Kind.LINK
        if "|" in line and number + 1 < self.count and is_delimiter(self.lines[number + 1]):
            return Kind.TABLE
        return Kind.ENTRY if is_key_line(line) else Kind.TEXT

    def _block_at(self, number: int, line: str, gap: Lines) -> int:
        kind = self._kind_at(number, line)
        match kind:
            case Kind.TABLE:
                return self._table_at(number, gap)
            case Kind.CODE:
                end = verbatim_end(self.lines, number)
            case Kind.HTML:
                end = verbatim_end(self.lines, number) or self._blank_after(number)
            case Kind.QUOTE | Kind.TEXT:
                end = self._run_end(number, kind)
            case Kind.NOTE:
                end = self._note_end(number)
            case _:
                end = number + 1
        node = Node(kind, tuple(self.lines[number:end]), gap)
        self._parent().add(node)
        self.last = node
        return end

    def _blank_after(self, number: int) -> int:
        while number < self.count and self.lines[number].strip():
            number += 1
        return number

    def _run_end(self, number: int, kind: Kind) -> int:
        end, is_deep = number + 1, _column(self.lines[number]) >= 4
        while end < self.count and (line := self.lines[end]).strip():
            is_item = _ITEM.match(line) is not None and not is_deep
            if is_item or self._kind_at(end, line) is not kind:
                break
            end += 1
        return end

    def _note_end(self, number: int) -> int:
        """A footnote goes on with the deeper lines below it."""
        end = number + 1
        while end < self.count:
            follows = end
            while follows < self.count and not self.lines[follows].strip():
                follows += 1
            if follows == self.count or _column(self.lines[follows]) < 2:
                break
            end = follows + 1
        return end

    def _table_at(self, number: int, gap: Lines) -> int:
        table = Node(Kind.TABLE, tuple(self.lines[number : number + 2]), gap)
        self._parent().add(table)
        self.last = table
        end = number + 2
        # A blank line between the dashes and the first row: a slip that renderers punish and people make.
        blanks = 0
        while end + blanks < self.count and blanks < 2 and not self.lines[end + blanks].strip():
            blanks += 1
        if blanks and self._is_row(end + blanks) and self.lines[end + blanks].lstrip().startswith("|"):
            table.add(Node(Kind.ROW, (self.lines[end + blanks],), tuple(self.lines[end : end + blanks])))
            end += blanks + 1
        while end < self.count and self._is_row(end):
            table.add(Node(Kind.ROW, (self.lines[end],)))
            end += 1
        return end

    def _is_row(self, number: int) -> bool:
        if number >= self.count:
            return False
        line = self.lines[number]
        if line.lstrip(" ").startswith("|"):
            return number + 1 >= self.count or not is_delimiter(self.lines[number + 1])
        return (
            "|" in line and not _ITEM.match(line) and self._kind_at(number, line) in (Kind.TEXT, Kind.ENTRY)
        )


def _column(line: str) -> int:
    """The column of the first character that is no blank."""
    text = line.lstrip(" \t")
    lead = line[: len(line) - len(text)]
    return len(lead.expandtabs(4)) if "\t" in lead else len(lead)
