"""Made-up documents in the styles that people write them in, and the edits that people make to them.

Every line of content carries a number of its own, so that what is lost, doubled or back can be counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

WORDS = "maps routes signs lights export login cache invoice ledger batch seed retry queue theme font".split()
GROUPS = ["Added", "Changed", "Fixed", "Notes", "Open", "Later"]


@dataclass
class Style:
    """How a document is written down."""

    bullet: str = "-"
    box: bool = False
    setext: bool = False
    loose: bool = False
    numbered: bool = False
    subheadings: bool = False
    tables: bool = False
    prose: bool = True
    dated: int = 0
    newline: str = "\n"
    gap_rule: bool = False


@dataclass
class Part:
    """A heading with paragraphs, items, rows, and parts below it."""

    title: str
    prose: list[str] = field(default_factory=list)
    items: list[list[str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    parts: list["Part"] = field(default_factory=list)


@dataclass
class Paper:
    """A document that is still parts."""

    style: Style
    parts: list[Part]
    links: list[str] = field(default_factory=list)

    def all_parts(self) -> list[Part]:
        found: list[Part] = []
        stack = list(self.parts)
        while stack:
            part = stack.pop(0)
            found.append(part)
            stack = part.parts + stack
        return found

    def copy(self) -> "Paper":
        def copied(part: Part) -> Part:
            return Part(
                part.title,
                list(part.prose),
                [list(item) for item in part.items],
                [list(row) for row in part.rows],
                [copied(below) for below in part.parts],
            )

        return Paper(self.style, [copied(part) for part in self.parts], list(self.links))

    def render(self) -> str:
        blocks = ["# Paper"]
        for part in self.parts:
            blocks += self._blocks(part, 2)
        if self.links:
            blocks.append("\n".join(self.links))
        return ("\n\n".join(blocks) + "\n").replace("\n", self.style.newline)

    def _blocks(self, part: Part, level: int) -> list[str]:
        style = self.style
        rule = "---\n\n" if style.gap_rule and level == 2 else ""
        if style.setext and level == 2:
            blocks = [f"{rule}{part.title}\n{'-' * len(part.title)}"]
        else:
            blocks = [f"{rule}{'#' * level} {part.title}"]
        blocks += part.prose
        lines = []
        for number, (mark, text) in enumerate(part.items, 1):
            sign = f"{number}." if style.numbered else style.bullet
            lines.append(f"{sign} {f'[{mark}] ' if style.box else ''}{text}")
        if lines:
            blocks.append(("\n\n" if style.loose else "\n").join(lines))
        if part.rows:
            head = ["| Key | What | State |", "|---|---|---|"]
            blocks.append("\n".join([*head, *("| " + " | ".join(row) + " |" for row in part.rows)]))
        for below in part.parts:
            blocks += self._blocks(below, level + 1)
        return blocks


class Writer:
    """Makes content of which no two lines are alike."""

    def __init__(self, random: Random, mark: str) -> None:
        self.random, self.mark, self.count = random, mark, 0

    def text(self, words: int = 4) -> str:
        self.count += 1
        said = " ".join(self.random.choice(WORDS) for _ in range(words))
        return f"{said} {self.mark}{self.count}".capitalize()

    def item(self, style: Style) -> list[str]:
        text = self.text(self.random.randint(3, 7))
        if style.dated:
            day = self.random.randint(1, 28)
            text = f"2026-0{self.random.randint(1, 9)}-{day:02d} {text}"
        return [self.random.choice(" x"), text]

    def row(self) -> list[str]:
        self.count += 1
        return [f"{self.mark}{self.count}", self.text(3), self.random.choice(["open", "done", "later"])]

    def part(self, style: Style, level: int = 2) -> Part:
        random = self.random
        part = Part(self.text(2))
        if style.prose and random.random() < 0.6:
            part.prose = [f"{self.text(8)}." for _ in range(random.randint(1, 2))]
        if random.random() < 0.8:
            part.items = [self.item(style) for _ in range(random.randint(1, 5))]
        if style.tables and random.random() < 0.5:
            part.rows = [self.row() for _ in range(random.randint(1, 4))]
        if style.subheadings and level == 2 and random.random() < 0.6:
            part.parts = [self.part(style, 3) for _ in range(random.randint(1, 2))]
        return part


def made(random: Random) -> Paper:
    """A document in a random style."""

    def is_so(chance: float) -> bool:
        return random.random() < chance

    style = Style(
        bullet=random.choice("-*+"),
        box=is_so(0.4),
        setext=is_so(0.2),
        loose=is_so(0.2),
        numbered=is_so(0.15),
        subheadings=is_so(0.5),
        tables=is_so(0.4),
        prose=is_so(0.7),
        dated=random.choice([0, 0, 1]),
        newline=random.choice(["\n", "\n", "\n", "\r\n"]),
        gap_rule=is_so(0.1),
    )
    writer = Writer(random, "b")
    paper = Paper(style, [writer.part(style) for _ in range(random.randint(1, 5))])
    if random.random() < 0.2:
        paper.links = [f"[ref{number}]: https://example.org/ref{number}" for number in range(2)]
    return paper


Edit = Callable[[Paper, Writer], None]


def _any_part(paper: Paper, writer: Writer, what: str = "") -> Part | None:
    return writer.random.choice(
        [part for part in paper.all_parts() if not what or getattr(part, what)] or [None]
    )


def add_item(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer)
    if part:
        part.items.insert(writer.random.choice([0, len(part.items)]), writer.item(paper.style))


def insert_item(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "items")
    if part:
        part.items.insert(writer.random.randint(0, len(part.items)), writer.item(paper.style))


def drop_item(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "items")
    if part and len(part.items) > 1:
        part.items.pop(writer.random.randrange(len(part.items)))


def tick(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "items")
    if part and paper.style.box:
        writer.random.choice(part.items)[0] = "x"


def move_item(paper: Paper, writer: Writer) -> None:
    source, target = _any_part(paper, writer, "items"), _any_part(paper, writer)
    if source and target and len(source.items) > 1:
        target.items.append(source.items.pop(writer.random.randrange(len(source.items))))


def change_item(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "items")
    if part:
        item = writer.random.choice(part.items)
        words = item[1].split(" ")
        words.insert(writer.random.randint(1, len(words) - 1), writer.random.choice(WORDS))
        item[1] = " ".join(words)


def split_part(paper: Paper, writer: Writer) -> None:
    """Puts a heading into the middle of a list, or above it."""
    part = _any_part(paper, writer, "items")
    if part and part in paper.parts:
        at = writer.random.randint(0, len(part.items) - 1)
        part.parts.insert(0, Part(writer.text(2), [], part.items[at:], part.rows))
        part.items, part.rows = part.items[:at], []


def add_part(paper: Paper, writer: Writer) -> None:
    paper.parts.insert(writer.random.choice([0, len(paper.parts)]), writer.part(paper.style))


def drop_part(paper: Paper, writer: Writer) -> None:
    if len(paper.parts) > 1:
        paper.parts.pop(writer.random.randrange(len(paper.parts)))


def move_part(paper: Paper, writer: Writer) -> None:
    if len(paper.parts) > 1:
        part = paper.parts.pop(writer.random.randrange(len(paper.parts)))
        paper.parts.insert(writer.random.randint(0, len(paper.parts)), part)


def rename_part(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer)
    if part:
        part.title = f"{part.title} {writer.random.choice(WORDS)}"


def add_prose(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer)
    if part:
        part.prose.append(f"{writer.text(9)}.")


def change_prose(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "prose")
    if part:
        part.prose[0] = f"{part.prose[0]} {writer.text(3)}."


def add_row(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "rows")
    if part:
        part.rows.insert(writer.random.randint(0, len(part.rows)), writer.row())


def drop_row(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "rows")
    if part and len(part.rows) > 1:
        part.rows.pop(writer.random.randrange(len(part.rows)))


def change_cell(paper: Paper, writer: Writer) -> None:
    part = _any_part(paper, writer, "rows")
    if part:
        writer.random.choice(part.rows)[writer.random.choice([1, 2])] = writer.text(2)


def add_link(paper: Paper, writer: Writer) -> None:
    writer.count += 1
    paper.links.append(f"[{writer.mark}{writer.count}]: https://example.org/{writer.mark}{writer.count}")


EDITS: list[Edit] = [
    add_item, add_item, insert_item, drop_item, tick, move_item, change_item, split_part, add_part, drop_part,
    move_part, rename_part, add_prose, change_prose, add_row, drop_row, change_cell, add_link,
]  # fmt: skip


def edited(paper: Paper, random: Random, mark: str, edits: int) -> Paper:
    """What one side made of a document."""
    changed, writer = paper.copy(), Writer(random, mark)
    for _ in range(edits):
        random.choice(EDITS)(changed, writer)
    return changed


def versions(seed: int, edits: int = 2) -> tuple[str, str, str]:
    """A document and what two sides made of it."""
    random = Random(seed)
    base = made(random)
    return base.render(), edited(base, random, "o", edits).render(), edited(base, random, "t", edits).render()
