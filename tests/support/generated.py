"""Generated task documents, and the edits that agents make to them."""

from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

STATUSES = [
    "ready",
    "NOT STARTED",
    "in-progress",
    "review",
    "✅ COMPLETE",
    "✅ COMPLETE (2026-01-10)",
    "🔴 BLOCKED - db",
]
WORDS = "alpha beta gamma delta index export login cache invoice ledger batch route seed retry queue".split()
COLUMNS = ["Task", "Description", "Priority", "Status", "Estimate", "Module"]


@dataclass
class Section:
    """A heading with keys, prose, a checklist and a table, as far as it has them."""

    level: int
    title: str
    keys: dict[str, str] = field(default_factory=dict)
    prose: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    fence: str = ""


@dataclass
class Text:
    """A whole document; `is_aligned` is how a formatter left its tables."""

    sections: list[Section]
    is_aligned: bool = False

    def render(self) -> str:
        parts = []
        for section in self.sections:
            parts.append(f"{'#' * section.level} {section.title}")
            if section.keys:
                parts.append("\n".join(f"**{key}:** {value}" for key, value in section.keys.items()))
            parts += section.prose
            if section.fence:
                parts.append(f"```\n{section.fence}\n```")
            if section.items:
                parts.append("\n".join(section.items))
            if section.rows:
                parts.append(self._table(section.rows))
        return "\n\n".join(parts) + "\n"

    def _table(self, rows: list[list[str]]) -> str:
        lines = [COLUMNS[: len(rows[0])], *rows]
        widths = [
            max(3, *(len(line[place]) + ("✅" in line[place] or "🔴" in line[place]) for line in lines))
            if self.is_aligned
            else 0
            for place in range(len(lines[0]))
        ]

        def padded(cell: str, width: int) -> str:
            return cell + " " * (width - len(cell) - ("✅" in cell or "🔴" in cell))

        text = [
            "| " + " | ".join(padded(cell, width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in lines
        ]
        text.insert(1, "| " + " | ".join("-" * max(3, width) for width in widths) + " |")
        return "\n".join(text)


def phrase(random: Random, length: int = 3) -> str:
    return " ".join(random.choice(WORDS) for _ in range(length))


def generate(random: Random) -> Text:
    """A document with a few sections; IDs are unique."""
    sections = [Section(1, "Roadmap", {"Version": "6.3", "Status": "Active"})]
    number = 0
    for place in range(random.randint(1, 4)):
        section = Section(
            2, f"{random.choice(['Open', 'Bugs', 'Beta'])} {place}", prose=[phrase(random, 8) + "."]
        )
        for _ in range(random.randint(0, 5)):
            number += 1
            section.rows.append(row(random, f"QA-{number:03d}"))
        sections.append(section)
        for _ in range(random.randint(0, 2)):
            number += 1
            sections.append(task_section(random, f"DATA-{number:03d}"))
    sections.append(
        Section(2, "Log", items=[f"- 2026-01-{day:02d}: {phrase(random)}" for day in range(1, 4)])
    )
    return Text(sections, random.random() < 0.5)


def row(random: Random, task: str) -> list[str]:
    return [task, phrase(random), random.choice(["HIGH", "LOW"]), random.choice(STATUSES), "4h", "`a.ts`"]


def task_section(random: Random, task: str) -> Section:
    keys = {"Status": random.choice(STATUSES), "Priority": "HIGH", "Estimate": "4h", "Dependencies": "None"}
    items = [f"- [{random.choice(' x')}] {phrase(random)} {count}" for count in range(random.randint(0, 4))]
    fence = "### NOT-001: inert\n| a | b |" if random.random() < 0.3 else ""
    return Section(3, f"{task}: {phrase(random)}", keys, [phrase(random, 10) + "."], items, [], fence)


def edited(text: Text, random: Random, agent: str, edits: int = 3) -> Text:
    """What one agent made of a document; what it adds carries its name, so that no two agents add alike."""
    result = deepcopy(text)
    for count in range(edits):
        random.choice(EDITS)(result, random, f"{agent}{count}")
    return result


def _with(text: Text, what: str, random: Random) -> Section | None:
    return random.choice([section for section in text.sections if getattr(section, what)] or [None])


def add_row(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "rows", random)
    if section:
        section.rows.insert(
            random.randint(0, len(section.rows)), row(random, f"{mark.upper()}-{random.randint(1, 999)}")
        )


def delete_row(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "rows", random)
    if section and len(section.rows) > 1:
        section.rows.pop(random.randrange(len(section.rows)))


def change_cell(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "rows", random)
    if section:
        line = random.choice(section.rows)
        place = random.choice([1, 2, 3, 4])
        line[place] = random.choice(STATUSES) if place == 3 else f"{phrase(random)} {mark}"


def change_key(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "keys", random)
    if section:
        key = random.choice([*section.keys, f"Note {mark}"])
        section.keys[key] = random.choice(STATUSES) if key == "Status" else f"9.{random.randint(0, 9)}"


def change_item(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "items", random)
    if section:
        place = random.randrange(len(section.items))
        section.items[place] = section.items[place].replace("[ ]", "[x]")


def add_item(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "items", random)
    if section:
        section.items.append(f"- 2026-02-{random.randint(1, 28):02d}: {phrase(random)} by {mark}")


def delete_item(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "items", random)
    if section and len(section.items) > 1:
        section.items.pop(random.randrange(len(section.items)))


def add_section(text: Text, random: Random, mark: str) -> None:
    new = task_section(random, f"{mark.upper()}-{random.randint(1, 999)}")
    text.sections.insert(random.randint(1, len(text.sections)), new)


def add_group(text: Text, random: Random, mark: str) -> None:
    place = random.randint(1, len(text.sections))
    group = Section(
        2, f"Group {mark}", rows=[row(random, f"{mark.upper()}-{count:03d}") for count in range(2)]
    )
    text.sections[place:place] = [group, task_section(random, f"{mark.upper()}-{random.randint(10, 99)}")]


def delete_section(text: Text, random: Random, mark: str) -> None:
    if len(text.sections) > 2:
        text.sections.pop(random.randrange(1, len(text.sections)))


def move_section(text: Text, random: Random, mark: str) -> None:
    if len(text.sections) > 3:
        section = text.sections.pop(random.randrange(1, len(text.sections)))
        text.sections.insert(random.randint(1, len(text.sections)), section)


def realign(text: Text, random: Random, mark: str) -> None:
    text.is_aligned = not text.is_aligned


def change_prose(text: Text, random: Random, mark: str) -> None:
    section = _with(text, "prose", random)
    if section:
        section.prose[0] = section.prose[0].replace(" ", f" {mark} ", 1)


EDITS = [
    add_row, add_row, delete_row, change_cell, change_cell, change_key, change_item, add_item, delete_item,
    add_section, add_group, delete_section, move_section, realign, change_prose,
]  # fmt: skip
