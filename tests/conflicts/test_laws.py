"""The laws of merging, on generated documents and on the real ones."""

import re
from collections import Counter
from itertools import permutations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.conflicts.document.merge import Merge
from afterpush.conflicts.merge import Merged, has_markers
from afterpush.roadmap import read
from afterpush.roadmap.nodes import Kind, Node, sections_in
from afterpush.roadmap.tree import read_tree
from tests.support import document_styles
from tests.support.conflicts import merge
from tests.support.generated import Text, add_item, add_row, add_section, change_item, edited, generate


def essence(lines: tuple[str, ...]) -> list[str]:
    """The lines without padding, blank lines and tables' dashes."""
    bare = (re.sub(r"\s*\|\s*", "|", " ".join(line.split())) for line in lines)
    return [line.strip("|") for line in bare if line.strip("|-: ")]


SEEDS = st.integers(0, 10**9)
EXAMPLES = settings(max_examples=40, deadline=None)


def versions(seed: int, edits: int = 3) -> tuple[str, str, str]:
    random = Random(seed)
    base = generate(random)
    return base.render(), edited(base, random, "o", edits).render(), edited(base, random, "t", edits).render()


def merged_by_meaning(base: str, ours: str, theirs: str) -> Merged:
    """The merge, which must not have needed the fallback."""
    merged = merge(base, ours, theirs)
    assert not [warning for warning in merged.warnings if "failed" in warning], merged.warnings
    return merged


def hunks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^<<<<<<< ours[^\n]*\n(.*?)=======\n(.*?)>>>>>>> theirs$", text, re.M | re.S)


@given(SEEDS)
@EXAMPLES
def test_what_one_side_changed_is_the_answer(seed: int) -> None:
    base, ours, _ = versions(seed)
    for merged in (merge(base, base, ours), merge(base, ours, base), merge(base, ours, ours)):
        assert merged.is_clean and merged.text == ours.encode()


def without_version(text: bytes) -> bytes:
    """A text without its version: both sides raised it, so it is one more, as often as they are merged."""
    return re.sub(rb"^\*\*Version:\*\*.*$", b"", text, flags=re.M)


@given(SEEDS)
@EXAMPLES
def test_what_is_merged_again_stays_as_it_is(seed: int) -> None:
    for base, ours, theirs in (versions(seed), document_styles.versions(seed, 1 + seed % 4)):
        merged = merge(base, ours, theirs)
        for side in (ours, theirs) if merged.is_clean else ():
            for pair in ((merged.text.decode(), side), (side, merged.text.decode())):
                again = merge(base, *pair)
                assert again.is_clean, again.reasons
                assert without_version(again.text) == without_version(merged.text)


@given(SEEDS)
@EXAMPLES
def test_it_does_not_matter_who_is_ours(seed: int) -> None:
    base, ours, theirs = versions(seed)
    one, other = merged_by_meaning(base, ours, theirs), merged_by_meaning(base, theirs, ours)
    assert one.is_clean == other.is_clean
    if one.is_clean:
        assert one.text == other.text
    else:
        swapped = [(yours, mine) for mine, yours in hunks(other.text.decode())]
        assert hunks(one.text.decode()) == swapped


@given(SEEDS)
@EXAMPLES
def test_clean_means_no_markers_and_unclean_a_reason(seed: int) -> None:
    merged = merged_by_meaning(*versions(seed))
    assert merged.is_clean is not has_markers(merged.text)
    assert merged.is_clean is not bool(merged.reasons)


@given(SEEDS)
@EXAMPLES
def test_nothing_added_is_lost_and_nothing_deleted_comes_back(seed: int) -> None:
    base, ours, theirs = versions(seed)
    merged = merged_by_meaning(base, ours, theirs)
    placed = [
        {(title, *atom) for title, atom in _placed(text)}
        for text in (base, ours, theirs, merged.text.decode())
    ]
    for mine, other in ((placed[1], placed[2]), (placed[2], placed[1])):
        # What both sides changed may have become one value of two: only what the other left alone counts.
        replaced = {(title, key) for title, key, value in placed[0] if (title, key, value) not in other}
        for title, key, value in mine - placed[0] - placed[3]:
            assert (title, key) in replaced, (title, key, value)
    if merged.is_clean:
        for known in placed[0]:
            if (known not in placed[1]) != (known not in placed[2]):
                assert known not in placed[3], known


def _placed(text: str) -> list[tuple[str, tuple[str, str]]]:
    """Atoms with the heading above them; a marker is no line: `=======` would underline the one above it."""
    unmarked = re.sub(r"^(?:<{7} .*|={7}|>{7} .*)$", "", text, flags=re.M)
    return [
        (section.said, atom)
        for section in sections_in(read(unmarked.encode()).root)
        for atom in _atoms(own_text(section))
    ]


def own_text(section: Node) -> str:
    """A section without those below it."""
    lines = list(section.own)
    for node in section.children:
        if node.kind is not Kind.SECTION:
            lines += [*node.gap, *node.lines()]
    return "\n".join(lines)


def _atoms(text: str) -> list[tuple[str, str]]:
    """Rows cell by cell and lines, each with what names it."""
    atoms = []
    for line in essence(tuple(text.split("\n"))):
        if line.count("|") > 2:
            cells = line.split("|")
            atoms += [(f"{cells[0]}/{place}", cell) for place, cell in enumerate(cells)]
        elif line.startswith("**"):
            atoms.append((line.split(":")[0], line))
        elif not line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            atoms.append((line.replace("[x]", "[ ]"), line))
    return atoms


@given(SEEDS)
@EXAMPLES
def test_each_task_stands_as_often_as_both_sides_together_say(seed: int) -> None:
    base, ours, theirs = versions(seed)
    merged = merged_by_meaning(base, ours, theirs)
    if merged.is_clean:
        counts = [_tasks(text) for text in (base, ours, theirs, merged.text.decode())]
        for task in set().union(*counts):
            before, mine, yours, now = (count.count(task) for count in counts)
            assert now == max(0, mine + yours - before)


def _tasks(text: str) -> list[str]:
    return [task.id for task in read(text.encode()).tasks()]


@given(SEEDS)
@EXAMPLES
def test_sections_that_nobody_touched_come_back_byte_for_byte(seed: int) -> None:
    base, ours, theirs = versions(seed)
    merged = merged_by_meaning(base, ours, theirs).text.decode()
    for section in sections_in(read(base.encode()).root):
        text = own_text(section)
        if text and all(f"\n{text}\n" in version for version in (ours, theirs)):
            assert text in merged


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_many_agents_in_any_order_make_one_document(seed: int) -> None:
    random = Random(seed)
    base = generate(random)
    work = [_independent_work(base, random, "abcd"[agent]) for agent in range(3)]
    results = set()
    for order in permutations(work):
        text = order[0]
        for theirs in order[1:]:
            merged = merged_by_meaning(base.render(), text, theirs)
            assert merged.is_clean, merged.reasons
            text = merged.text.decode()
        results.add(text)
    assert len(results) == 1


def _independent_work(base: Text, random: Random, agent: str) -> str:
    """Additions of its own, and progress on what anybody may progress."""
    text = edited(base, random, agent, edits=0)
    for count, add in enumerate(random.sample([add_row, add_item, add_section, change_item], 3)):
        add(text, random, f"{agent}{count}")
    return text.render()


@given(SEEDS, st.sampled_from(["\r\n", "\n"]), st.booleans(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_line_ends_and_edges_stay_as_they_are(seed: int, newline: str, has_bom: bool, is_cut: bool) -> None:
    def dressed(text: str) -> str:
        text = text.removesuffix("\n") if is_cut else text
        return ("\ufeff" if has_bom else "") + text.replace("\n", newline)

    base, ours, theirs = versions(seed)
    plain = merged_by_meaning(base, ours, theirs)
    merged = merged_by_meaning(dressed(base), dressed(ours), dressed(theirs))
    assert merged.is_clean == plain.is_clean
    if merged.is_clean:
        assert merged.text.decode() == dressed(plain.text.decode())


@given(SEEDS, st.integers(1, 4))
@EXAMPLES
def test_documents_of_every_style_lose_double_and_bring_back_nothing(seed: int, edits: int) -> None:
    base, ours, theirs = document_styles.versions(seed, edits)
    one, other = merged_by_meaning(base, ours, theirs), merged_by_meaning(base, theirs, ours)
    assert one.is_clean == other.is_clean
    text = one.text.decode()
    kept = _counted(ours) & _counted(theirs) & _counted(base)
    expected = kept + (_counted(ours) - _counted(base)) + (_counted(theirs) - _counted(base))
    if one.is_clean:
        assert one.text == other.text
        assert set(_counted(text)) == set(expected)
        assert not [line for line, count in _counted(text).items() if count > 1]
    else:
        assert not set(expected) - set(_counted(text))


def _counted(text: str) -> Counter[str]:
    """The number that each line of content carries, and how often it is there."""
    lines = (re.search(r"\b[bot]\d+\b", line.lower()) for line in text.splitlines() if line[:1] != "[")
    return Counter(found[0] for found in lines if found)


@given(SEEDS)
@EXAMPLES
def test_the_engine_alone_gives_back_what_one_side_changed(seed: int) -> None:
    base, ours, _ = (text.replace("\r\n", "\n") for text in document_styles.versions(seed, 3))
    known, changed = (tuple(text.removesuffix("\n").split("\n")) for text in (base, ours))
    for sides in ((changed, known), (known, changed), (changed, changed)):
        merge = Merge(*map(read_tree, (known, *sides)), is_hidden=lambda text: False)
        assert tuple(map(str, merge.write())) == changed
