"""A text as a tree of nodes, and the tree as the text again without a difference."""

import re
from collections.abc import Sequence

from afterpush.roadmap.blocks import BlockReader
from afterpush.roadmap.headings import RULE, Heading, headings_in
from afterpush.roadmap.keys import heading_text, plain, release_of
from afterpush.roadmap.nodes import Kind, Lines, Node, seal

_FRONT_KEY = re.compile(r"[\w\"'#-][^:]*:|#")
_TAIL = (Kind.LINK, Kind.NOTE)


class Tree:
    """A text as nodes: the root, all of them in order, and the blank lines at the end of the text."""

    def __init__(self, root: Node, tail: Lines) -> None:
        self.root, self.tail = root, tail
        self.nodes = seal(root)

    def lines(self) -> list[str]:
        """The text again."""
        return [*self.root.lines(), *self.tail]


def bodies_of(lines: Sequence[str]) -> list[tuple[Heading | None, Lines]]:
    """The text cut at its headings: each with the lines below it, the first part without one."""
    begin = _front_end(lines)
    found: list[tuple[Heading | None, Lines]] = []
    heading, start = None, 0
    for following in headings_in(lines, begin):
        found.append((heading, tuple(lines[start : following.start])))
        heading, start = following, following.end
    found.append((heading, tuple(lines[start:])))
    return found


def read_tree(lines: Sequence[str]) -> Tree:
    """The tree of a text."""
    root = Node(Kind.ROOT, ())
    path = [root]
    gap: Lines = ()
    bodies = bodies_of(lines)
    ranks = _ranks([(lines[heading.start], heading.level) for heading, _ in bodies if heading])
    for place, (heading, body) in enumerate(bodies):
        if heading:
            section = Node(Kind.SECTION, tuple(lines[heading.start : heading.end]), gap, heading.level)
            section.rank = ranks[place - 1]
            while len(path) > 1 and path[-1].rank >= section.rank:
                path.pop()
            path[-1].add(section)
            path.append(section)
        gap = _read_body(body, path[-1], is_first=place == 0)
    return Tree(root, _hoisted(root, path[-1], gap))


def _ranks(headings: Sequence[tuple[str, int]]) -> list[int]:
    """The levels of headings, with all releases on one: `### 1.2.1` is not below `## 1.2.0`.

    standard-version and its like write patch releases a level deeper than the others.
    """
    releases = [release_of(plain(heading_text((line,)))) for line, _ in headings]
    highest: dict[int, int] = {}
    for release, (_, level) in zip(releases, headings, strict=True):
        parts = release.count(".")
        highest[parts] = min(level, highest.get(parts, level))
    return [
        highest[release.count(".")] if "." in release else level
        for release, (_, level) in zip(releases, headings, strict=True)
    ]


def _read_body(body: Lines, under: Node, *, is_first: bool) -> Lines:
    """Adds what is below a heading; returns the gap before the next one, a rule in it included."""
    if is_first and (end := _front_end(body)):
        under.add(_front_matter(body[:end]))
        body = body[end:]
    end = _gap_start(body)
    kept, gap = body[:end], body[end:]
    return BlockReader(kept, under).read() + gap


def _gap_start(body: Lines) -> int:
    """Where the blank lines at the end of a body begin, with the rule before the next heading."""
    end = _without_blanks(body, len(body))
    if end and RULE.match(body[end - 1]) and (end == 1 or not body[end - 2].strip()):
        return _without_blanks(body, end - 1)
    return end


def _without_blanks(body: Lines, end: int) -> int:
    while end and not body[end - 1].strip():
        end -= 1
    return end


def _front_end(lines: Sequence[str]) -> int:
    """The line after the front matter that begins the text, or 0 when there is none."""
    if len(lines) < 2 or lines[0].rstrip() != "---" or not _FRONT_KEY.match(lines[1]):
        return 0
    ends = (number for number, line in enumerate(lines[1:], 2) if line.rstrip() in ("---", "..."))
    return next(ends, 0)


def _front_matter(lines: Lines) -> Node:
    """Front matter entry by entry; what is indented below a key belongs to it."""
    front = Node(Kind.FRONT, lines[:1])
    started: list[list[str]] = []
    for line in lines[1:-1]:
        if started and (line[:1] in " \t-#" or not line.strip()):
            started[-1].append(line)
        else:
            started.append([line])
    for own in started:
        front.add(Node(Kind.ENTRY, tuple(own)))
    front.add(Node(Kind.RULE, lines[-1:]))
    return front


def _hoisted(root: Node, last: Node, tail: Lines) -> Lines:
    """Link definitions and footnotes at the end of a text belong to the text, not to its last section."""
    if last is root:
        return tail
    place = len(last.children)
    while place and last.children[place - 1].kind in _TAIL:
        place -= 1
    moved, last.children = last.children[place:], last.children[:place]
    for node in moved:
        root.add(node)
    return tail
