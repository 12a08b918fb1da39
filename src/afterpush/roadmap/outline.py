"""A document as a tree of sections by their headings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from afterpush.roadmap.blocks import Block, BlockKind, Lines, scan
from afterpush.roadmap.source import DocumentLines, read_source


@dataclass(eq=False)
class Section:
    """A heading with what stands below it; the root has none.

    `lead` are the blank lines and rules (`---`) right before the heading: they part it from what came
    before, and go where it goes.
    """

    lead: Lines = ()
    heading: Block | None = None
    body: list[Block] = field(default_factory=list)
    children: list["Section"] = field(default_factory=list)

    @property
    def level(self) -> int:
        return self.heading.level if self.heading else 0

    @property
    def title(self) -> str:
        """What the heading says."""
        return self.heading.text if self.heading else ""

    @cached_property
    def own_lines(self) -> Lines:
        """Heading and body, without lead and children."""
        heading = self.heading.lines if self.heading else ()
        return heading + tuple(line for block in self.body for line in (*block.gap, *block.lines))

    @cached_property
    def lines(self) -> Lines:
        """Everything but the lead."""
        return self.own_lines + tuple(line for child in self.children for line in (*child.lead, *child.lines))

    def walk(self) -> Iterator["Section"]:
        """This section and all below, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Outline:
    """A document's sections, and the blank lines after the last."""

    source: DocumentLines
    root: Section
    tail: Lines

    @property
    def spans(self) -> list[str]:
        """The text in pieces, block by block: joined, they are the text."""
        newline = self.source.newline
        pieces = [_span(lines, newline) for section in self.root.walk() for lines in _pieces(section)]
        pieces.append(_span(self.tail, newline))
        text = [piece for piece in pieces if piece]
        if text and not self.source.has_final_newline:
            text[-1] = text[-1].removesuffix(newline)
        return (["\ufeff"] if self.source.has_bom else []) + text


def _pieces(section: Section) -> Iterator[Lines]:
    yield section.lead + (section.heading.lines if section.heading else ())
    for block in section.body:
        yield block.gap + block.lines


def _span(lines: Lines, newline: str) -> str:
    return "".join(line + newline for line in lines)


def read_outline(data: bytes) -> Outline:
    """The sections of a document; `.source.data` is `data`."""
    source = read_source(data)
    root, tail = outline_of(source.lines)
    return Outline(source, root, tail)


def outline_of(lines: Lines) -> tuple[Section, Lines]:
    """The tree of sections in these lines, and the blank lines after the last block."""
    blocks, tail = scan(lines)
    root = Section()
    open_sections = [root]
    for block in blocks:
        if block.kind is not BlockKind.HEADING:
            open_sections[-1].body.append(block)
            continue
        section = Section(_take_rules(open_sections[-1]) + block.gap, block)
        while open_sections[-1].level >= block.level:
            open_sections.pop()
        open_sections[-1].children.append(section)
        open_sections.append(section)
    return root, tail


def _take_rules(section: Section) -> Lines:
    """Removes the rules at the end of a section's body and returns them with their gaps."""
    lead: Lines = ()
    while section.body and section.body[-1].kind is BlockKind.RULE:
        rule = section.body.pop()
        lead = rule.gap + rule.lines + lead
    return lead
