"""The own text of a thing that both sides changed: three-way, part by part, down to words and values."""

import re
from collections.abc import Sequence

from afterpush.conflicts.document.align import Chunk, chunks
from afterpush.conflicts.document.line_text import against, larger, merge_lines
from afterpush.conflicts.document.pieces import Hunk, Piece, Said, brief
from afterpush.conflicts.kinds.three_way import merged_names, three_way
from afterpush.conflicts.kinds.value_rules import Decision, merge_marks, merge_text, merge_value
from afterpush.roadmap.keys import plain, release_of
from afterpush.roadmap.nodes import Kind, Lines, Node
from afterpush.roadmap.tables import normal


def merge_own(base: Node | None, ours: Node, theirs: Node, said: Said) -> list[Piece]:
    """The lines of a node, with hunks for what cannot be decided."""
    if ours.own == theirs.own or (base and theirs.own == base.own):
        return list(ours.own)
    if base and ours.own == base.own:
        return list(theirs.own)
    if base is None and ours.said == theirs.said and ours.mark == theirs.mark:
        return list(max(ours.own, theirs.own))
    match ours.kind:
        case Kind.ITEM:
            merged = _merge_item(base, ours, theirs, said)
        case Kind.SECTION:
            merged = _merge_heading(base, ours, theirs, said)
        case Kind.ENTRY:
            merged = _merge_entry(base, ours, theirs, said)
        case _:
            return merge_lines(base, ours, theirs, said)
    if merged is None:
        return [Hunk(ours.own, theirs.own, against(ours.own, theirs.own))]
    return list(merged)


_ITEM = re.compile(r"([ \t]*)((?:[-*+•]|\d{1,9}[.)])[ \t]*)(?:\[(.)\]([ \t]+|$))?(.*)$", re.S)


def _merge_item(base: Node | None, ours: Node, theirs: Node, said: Said) -> Lines | None:
    """Indentation, sign, box and text of an item, each three-way."""
    nodes = [node for node in (base, ours, theirs) if node]
    parts = [found.groups() for node in nodes if (found := _ITEM.match("\n".join(node.own)))]
    if len(parts) != len(nodes):
        return None
    if base is None:
        parts.insert(0, (None,) * 5)
    old, mine, yours = parts
    box = merge_marks(old[2], mine[2] or "", yours[2] or "")
    text = _merge_words(old[4], mine[4], yours[4], said)
    if box is None or text is None:
        return None
    indent, sign = (three_way(old[at], mine[at], yours[at]) or max(mine[at], yours[at]) for at in (0, 1))
    space = (three_way(old[3], mine[3], yours[3]) or mine[3] or yours[3] or " ") if box else ""
    return tuple(f"{indent}{sign}{f'[{box}]' if box else ''}{space}{text}".split("\n"))


def _merge_heading(base: Node | None, ours: Node, theirs: Node, said: Said) -> Lines | None:
    """Level, title and status of a heading, each three-way; the shape of the line is that of a side."""
    title = three_way(base.said if base else None, ours.said, theirs.said)
    if title is None and base is None and release_of(ours.title):
        title = _release_title(ours.said, theirs.said)
    if title is None:
        title = _merge_words(base.said if base else None, ours.said, theirs.said, said)
    mark = merge_marks(base.mark if base else None, ours.mark, theirs.mark)
    if title is None or mark is None:
        return None
    level = three_way(base.level if base else None, ours.level, theirs.level)
    sides = sorted((ours, theirs), key=lambda node: node.own)
    pattern = next((node for node in sides if node.level == level), None)
    if pattern is None:
        return None
    return _dressed(pattern, title, mark, [*sides, base] if base else sides)


def _release_title(ours: str, theirs: str) -> str | None:
    """The title of a release that both sides made: the one with a date or a link, the later of two dates."""
    longer, shorter = sorted((ours, theirs), key=lambda text: (-len(text), text))
    if longer.startswith(shorter) or plain(longer) == plain(shorter):
        return longer
    dated = merge_text(None, ours, theirs)
    return dated.value if dated else None


def _dressed(pattern: Node, title: str, mark: str, nodes: Sequence[Node]) -> Lines | None:
    """A heading in the shape of another one, with a title and a status of one of the versions."""
    if (pattern.said, pattern.mark) == (title, mark):
        return pattern.own
    line = pattern.own[0]
    for node in nodes:
        if node.mark == mark and len(node.own) == len(pattern.own):
            line = node.own[0]
            if node.said != title:
                if node.said not in line:
                    return None
                line = line.replace(node.said, title, 1)
            signs = re.compile(r"\s{0,3}#{1,6}")
            found = signs.match(pattern.own[0])
            line = signs.sub(found[0], line, count=1) if found else line
            break
    else:
        return None
    if len(pattern.own) == 1:
        return (line,)
    underline = pattern.own[-1].rstrip()
    is_exact = len(underline) == len(pattern.own[0].rstrip())
    return (line, underline[0] * len(line.rstrip()) if is_exact else pattern.own[-1])


_KEY = re.compile(r"(?:\*\*[^*|]+?(?::\*\*|\*\*\s?:)|^[\w \"'-]+:)")


def _segments(text: str) -> list[tuple[str, str]]:
    """The keys of a line with their values: `**A:** x | **B:** y`."""
    places = [found.span() for found in _KEY.finditer(text)]
    if not places:
        return [("", text)]
    ends = [start for start, _ in places[1:]] + [len(text)]
    return [(text[start:end], text[end:stop]) for (start, end), stop in zip(places, ends, strict=True)]


def _merge_entry(base: Node | None, ours: Node, theirs: Node, said: Said) -> Lines | None:
    """A line of keys with values; the name of a key decides how two values become one."""
    if len(ours.own) > 1 or len(theirs.own) > 1 or (base and len(base.own) > 1):
        pieces = merge_lines(base, ours, theirs, said)
        return tuple(map(str, pieces)) if not any(isinstance(piece, Hunk) for piece in pieces) else None
    texts = [node.own[0] if node else "" for node in (base, ours, theirs)]
    lead = texts[1][: len(texts[1]) - len(texts[1].lstrip())]
    known = [dict(_segments(text.strip())) for text in texts]
    found = []
    for name in merged_names(*map(list, known)):
        before, mine, yours = (segments.get(name) for segments in known)
        value = _one_value(name, before, mine, yours, said)
        if value is None:
            return None
        found.append(name + value)
    return (lead + "".join(found).rstrip(),) if found else None


def _without_bar(text: str) -> str:
    """A value without the `|` at the end of its line, and without space at its end."""
    return text.rstrip().removesuffix("|").rstrip()


def _one_value(name: str, base: str | None, ours: str | None, theirs: str | None, said: Said) -> str | None:
    if ours is None or theirs is None:
        return ours if theirs is None else theirs
    bare = [None if text is None else _without_bar(text) for text in (base, ours, theirs)]
    tails = (text[len(_without_bar(text)) :] for text in (ours, theirs))
    tail = next(filter(None, tails), "")
    lead = ours[: len(ours) - len(ours.lstrip())]
    values = [None if text is None else text.strip() for text in bare]
    assert values[1] is not None and values[2] is not None
    settled = merge_value(normal(name).strip(" *:").casefold(), values[0], values[1], values[2])
    if settled is None and values[0] is not None and min(len(text.split()) for text in values if text) > 4:
        words = _merge_words(values[0], values[1], values[2], said)
        settled = None if words is None else Decision(words)
    if settled is None:
        return None
    if settled.rule:
        said.append(
            f"{normal(name).strip(' *:')}: '{values[1]}' and '{values[2]}' "
            f"became '{settled.value}' ({settled.rule})"
        )
    return lead + settled.value + tail


def _merge_words(base: str | None, ours: str, theirs: str, said: Said) -> str | None:
    """A text by its words: what both sides changed must have an unchanged word between it."""
    answer = three_way(base, ours, theirs)
    if answer is not None or base is None:
        return answer
    if settled := merge_text(base, ours, theirs):
        said.append(f"'{brief(ours)}' and '{brief(theirs)}' became '{brief(settled.value)}' ({settled.rule})")
        return settled.value
    if side := larger(*(tuple(text.split()) for text in (base, ours, theirs))):
        return (ours, theirs)[side - 1]
    words = [re.findall(r"\s+|[^\s]+", text) for text in (base, ours, theirs)]
    parts = list(chunks(*words))
    if not any(one.ours == one.base == one.theirs and "".join(one.base).strip() for one in parts):
        return None
    found: list[str] = []
    last: str | None = None
    for chunk in parts:
        who = _changed_by(chunk)
        if who and last and who != last:
            # "mix callbacks and" became "mix calls and" here, "blend callbacks and" there: one thought.
            return None
        last = who or (None if "".join(chunk.base).strip() else last)
        if chunk.is_open:
            merged = _both_appended(chunk.base, chunk.ours, chunk.theirs)
            if merged is None:
                return None
            found += merged
        else:
            found += chunk.merged
    return "".join(found)


def _changed_by(chunk: Chunk) -> str | None:
    if chunk.ours == chunk.theirs or chunk.is_open:
        return None
    return "theirs" if chunk.ours == chunk.base else "ours"


_BRACKETED = re.compile(r"\s*(\[[^\]]*\]|\([^)]*\))")


def _both_appended(base: Lines, ours: Lines, theirs: Lines) -> list[str] | None:
    """Notes in brackets that both sides added at one place: both, in the order of the text."""
    if "".join(base).strip():
        return None
    notes = []
    for side in (ours, theirs):
        text = "".join(side)
        if not re.fullmatch(rf"(?:{_BRACKETED.pattern})+\s*", text):
            return None
        notes.append([found[1] for found in _BRACKETED.finditer(text)])
    # `(@ann)` and `(@bob)` are two claims of one thing.
    keys = [{re.split(r"[:\s]|(?<=@)", note.strip("[("))[0] for note in some} for some in notes]
    if keys[0] & keys[1]:
        return None
    merged = sorted(notes[0] + notes[1])
    lead = " " if "".join(ours)[:1].isspace() or "".join(theirs)[:1].isspace() else ""
    tail = " " if "".join(ours)[-1:].isspace() and "".join(theirs)[-1:].isspace() else ""
    return [lead + " ".join(merged) + tail]
