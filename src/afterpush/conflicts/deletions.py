"""Sections that one side deleted while the other worked in them: what has to be shown to the reader.

A task is its heading with everything below it. Who ticks a box under "Objectives" has edited the task, and
where the other side deleted that, the reader needs all of it, not the one sub-section without its parent.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar


class Heading(Protocol):
    """What is asked of a section here."""

    @property
    def level(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def identity(self) -> str | None: ...
    @property
    def said(self) -> tuple[str, ...]: ...


H = TypeVar("H", bound=Heading)


def disputed(
    base: Sequence[H], gone_of: Mapping[int, int], editor: Sequence[H], editor_of: Mapping[int, int]
) -> dict[H, str]:
    """The base's sections that must stay between markers, with what the editor did ("" for most).

    `gone_of` are the places that the deleting side still has, `editor_of` those of the side that edited.
    """
    gone = {place for place in range(len(base)) if place not in gone_of and place in editor_of}
    parents = _parents(base)
    held: dict[H, str] = {}
    for place, added in _touched(base, gone, editor, editor_of):
        if added and not _is_wholly_gone(place, base, gone_of):
            continue
        chain = _chain(place, parents, gone)
        unit = next((known for known in chain if base[known].identity), None)
        shown = set(chain)
        if unit is not None or not added:
            shown |= _below(chain[-1] if unit is None else unit, base) & gone
        for known in shown:
            held.setdefault(base[known], "")
        blamed = place if unit is None or added else unit
        held[base[blamed]] = added or _what_changed(base[place], is_below=blamed != place)
    return held


def _what_changed(section: H, *, is_below: bool) -> str:
    return f"changed '{section.title}' below it" if is_below else "changed it"


def _touched(
    base: Sequence[H], gone: set[int], editor: Sequence[H], editor_of: Mapping[int, int]
) -> Iterator[tuple[int, str]]:
    """Deleted sections that the editor changed or put something new below, and what is new there."""
    for place in sorted(gone):
        if base[place].said != editor[editor_of[place]].said:
            yield place, ""
    base_of = {place: known for known, place in editor_of.items()}
    for place, parent in enumerate(_parents(editor)):
        if place not in base_of and parent in base_of and base_of[parent] in gone:
            yield base_of[parent], f"added '{editor[place].title}' below it"


def _parents(sections: Sequence[H]) -> list[int]:
    """For each section the place of the one that it stands below; -1 at the top."""
    parents: list[int] = []
    above: list[int] = []
    for place, section in enumerate(sections):
        while above and sections[above[-1]].level >= section.level:
            above.pop()
        parents.append(above[-1] if above else -1)
        above.append(place)
    return parents


def _below(place: int, base: Sequence[H]) -> set[int]:
    """A section and all below it."""
    end = place + 1
    while end < len(base) and base[end].level > base[place].level:
        end += 1
    return set(range(place, end))


def _is_wholly_gone(place: int, base: Sequence[H], gone_of: Mapping[int, int]) -> bool:
    """Whether nothing is left of a section: who only drops a heading leaves a place for what is below it."""
    return not _below(place, base) & gone_of.keys()


def _chain(place: int, parents: Sequence[int], gone: set[int]) -> list[int]:
    """A section and the deleted ones that it stands below."""
    chain = []
    while place in gone:
        chain.append(place)
        place = parents[place]
    return chain
