"""What a node says apart from its layout, what it is known by, and the ID that it may carry.

An ID is the head of a title, an item or a row up to its first word with a digit: `ABC-1`, `T012`, `#12`,
`bd-a2b`, `19.`, `Task 4`, `1.2.3`. Versions and dates are IDs of one thing that both sides may write about;
the others are minted for one thing only.
"""

import re
from functools import lru_cache

from afterpush.roadmap.status import Status, find_status
from afterpush.roadmap.tables import normal, said_cells

_ITEM = re.compile(r"\s*(?:[-*+•]|\(?\d{1,9}[.)])(?:\s+|$)(?:\[(.)\](?:\s+|$))?")
_HEADING = re.compile(r"\s*#{1,6}(?:\s+|$)|\s+#+\s*$")
_NOISE = re.compile(r"[*_`~]+|\[(?=[^\]]*\])|\](?:\([^)]*\))?")
_LEAD = re.compile(r"^[^\w#\"'(<$@/.~-]+", re.UNICODE)
VERSION = re.compile(
    r"v?(\d+(?:\.(?:\d+|x))+)([-.+]?(?:a|b|rc|alpha|beta|pre|dev|post|preview)[\w.]*)?", re.I
)
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")
_MINTED = re.compile(
    r"#\d+|\d+|[A-Z]{1,6}\d{2,}|[A-Z][A-Za-z0-9]*(?:[-_](?=[A-Za-z0-9]*[A-Z0-9])[A-Za-z0-9]+)*[-_]\d+(?:[-_.][A-Za-z0-9]+)*"
    r"|[A-Z][A-Za-z]+-(?=[\w-]*\d)[\w-]+|[a-z]{1,8}-(?=[a-z0-9]*\d)(?=\d{4}|0|\d*[a-z])[a-z0-9]{2,8}(?:\.\d+)*"
)
_ENTRY = re.compile(r"[\s>|*_]*([^:*]+?)[*_]*\s*(?::|=)")
_LABEL = re.compile(r"\s*\[([^\]]+)\]:")


@lru_cache(maxsize=1 << 15)
def plain(text: str) -> str:
    """A text without emphasis, links' targets and leading pictures."""
    return _LEAD.sub("", normal(_NOISE.sub("", text)))


def said_in(kind: str, own: tuple[str, ...]) -> tuple[str, str]:
    """What the lines of a node say without their layout, and the mark next to it (a box, a status)."""
    match kind:
        case "item":
            mark, first = item_parts(own[0])
            return normal(" ".join((first, *own[1:]))), mark
        case "section":
            return split_status(heading_text(own))
        case "row" | "table":
            return "|".join(said_cells(own[0])), ""
        case "document" | "front matter":
            return "", ""
        case "code block" | "HTML":
            return "\n".join(own), ""
    return "\n".join(map(normal, own)) if len(own) > 1 else normal(own[0]), ""


def item_parts(line: str) -> tuple[str, str]:
    """What is in the box of an item ("" where there is none), and what follows its sign and box."""
    found = _ITEM.match(line)
    return ((found[1] or "").lower(), line[found.end() :]) if found else ("", line)


def heading_text(own: tuple[str, ...]) -> str:
    """What the lines of a heading say, the status beside it included."""
    return normal(_HEADING.sub("", own[0] if len(own) < 3 else " ".join(own[:-1])))


_STATUS_END = re.compile(
    r"^(.*?\S)\s*?((?:\s[-–—:|]+\s*|\s)(?:[^\w\s()\[\]]{1,3}\s*)?[A-Za-z][A-Za-z -]{1,20}(?:\s*\([^)]*\))?"
    r"|\s*\[[^\]]{2,40}\]|\s*\([^)]{2,40}\)|\s+[^\w\s()\[\].!?\"'`*_]{1,3})$"
)
_PICTURES = re.compile(r"^(?:[^\w\s#\[\](){}\"'`*_<>$@/\\&.,:;!?|~+=-]+\ufe0f?\s*)+")


@lru_cache(maxsize=1 << 14)
def split_status(title: str) -> tuple[str, str]:
    """A title and the status next to it: `Printer [done]`, `✅ Log`, `A - ✅ COMPLETE`."""
    lead = _PICTURES.match(title)
    mark = lead[0] if lead else ""
    rest = title[len(mark) :]
    if found := _STATUS_END.match(rest):
        piece = found[2].strip(" -–—:|[]()")
        decided = find_status(piece) if piece else None
        is_bare = found[2][:1].isspace() and found[2].strip()[:1].isalpha()
        rest_said = piece[decided.end :].strip(" *_:") if decided else ""
        is_all = not rest_said or rest_said[0] in "(0123456789"
        if decided and decided.status is not Status.UNKNOWN and not is_bare and is_all and decided.start <= 4:
            return found[1].rstrip(" -–—:|"), (mark.strip() + " " + found[2].strip()).strip()
    return (rest, mark.strip()) if rest else (title, "")


def id_of(kind: str, said: str) -> tuple[str, str]:
    """What a node is known by, and its ID ("" when it has none): see the module."""
    match kind:
        case "section":
            title = plain(said)
            return title.casefold(), head_id(title, is_heading=True)
        case "item":
            title = plain(said)
            return title, head_id(title)
        case "row":
            cell = plain(said.partition("|")[0])
            return cell.casefold(), head_id(cell, is_cell=True)
        case "entry":
            found = _ENTRY.match(said)
            return (plain(found[1]).casefold() if found else said), ""
        case "link definition" | "footnote":
            found = _LABEL.match(said)
            label = f"[{found[1]}]" if found else said
            return label.casefold(), label
        case "table":
            return said.casefold(), ""
    return said, ""


@lru_cache(maxsize=1 << 15)
def head_id(text: str, *, is_heading: bool = False, is_cell: bool = False) -> str:
    """The ID at the head of a text: one word, or a word and a number (`Task 4`)."""
    words = text.split(None, 2)
    if not words:
        return ""
    first = words[0].rstrip(":.,;)|").lstrip("(")
    if DATE.match(first):
        return ""
    is_numbered = first != words[0] and words[0][len(first)] in ".:)"
    if first.isdigit() and not is_cell:
        return first if is_heading and is_numbered else ""
    if VERSION.fullmatch(first):
        return ""
    if _MINTED.fullmatch(first):
        return first
    if len(words) > 1 and first == words[0] and first.isalpha() and first[0].isupper():
        number = words[1].rstrip(":.,;)—-")
        is_closed = number != words[1] or len(words) == 2 or words[2][:1] in "-–—:("
        if number.isdigit() and is_closed:
            return f"{first} {number}"
    return ""


@lru_cache(maxsize=1 << 12)
def is_unreleased(title: str) -> bool:
    """Whether a title is that of what no release has yet."""
    return (
        re.search(
            r"\b(?:un-?released|upcoming|in development|next(?: release| version)?$)|^(?:head|main|master)$",
            title,
            re.I,
        )
        is not None
    )


@lru_cache(maxsize=1 << 12)
def release_of(title: str) -> str:
    """The version or date that a title begins with, as a key of one thing; "" for any other title."""
    if is_unreleased(title):
        return "unreleased"
    head = re.match(r"(?:(?:version|release|v\.?)\s*)?(?=\d|v\d)(\S+)", title, re.I)
    word = head[1].rstrip(":,;") if head else ""
    if found := VERSION.fullmatch(word):
        return found[0].lower().removeprefix("v")
    return word if DATE.fullmatch(word) and plain(title) == word else ""


_REFERENCE = re.compile(r"((?:#|!|GH-)\d+)[)\]\s.]*$")


def reference_of(text: str) -> str:
    """The issue or pull request that a text ends with: `(#12)`; "" for none."""
    found = _REFERENCE.search(text)
    return found[1] if found else ""


@lru_cache(maxsize=1 << 14)
def words_of(text: str) -> frozenset[str]:
    """The words of a text, for likeness."""
    return frozenset(re.findall(r"\w+", text.casefold()))


def likeness(one: str, other: str) -> float:
    """From 0 (no word in common) to 1 (the same words)."""
    mine, yours = words_of(one), words_of(other)
    return 2 * len(mine & yours) / (len(mine) + len(yours)) if mine or yours else float(one == other)


def overlap(one: str, other: str) -> float:
    """The share of the shorter text's words that the other has."""
    mine, yours = words_of(one), words_of(other)
    return len(mine & yours) / min(len(mine), len(yours)) if mine and yours else 0.0


def is_global_id(key: str) -> bool:
    """Whether an ID means one thing in the whole document: `ABC-1`, `T012`; not `Task 4`, `19`, `#12`."""
    return key[0].isalpha() and " " not in key
