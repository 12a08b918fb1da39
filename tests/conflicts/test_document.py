"""The tree of a document: the text comes back byte for byte, and what looks like a heading may be none."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.conflicts.document.align import align, chunks, rising
from afterpush.conflicts.document.unchanged import shortened
from afterpush.roadmap.keys import head_id, release_of, split_status
from afterpush.roadmap.nodes import Kind, Node
from afterpush.roadmap.tree import read_tree


def outline(text: str) -> list[tuple[str, int]]:
    """The titles of a text with their levels."""
    nodes = read_tree(tuple(text.split("\n"))).nodes
    return [(node.said, node.level) for node in nodes if node.kind is Kind.SECTION]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# A\n\n## B ##\n", [("A", 1), ("B", 2)]),
        ("A\n=\n\nB\n---\n", [("A", 1), ("B", 2)]),
        ("````\n# no\n```\n# no\n````\n# A\n", [("A", 1)]),
        ("<!--\n# no\n-->\n\n# A\n", [("A", 1)]),
        ("---\ntitle: x\n---\n# A\n", [("A", 1)]),
        ("- a\n---\n\ntext\n\n---\n", []),
        ("1.2.0 (2025-01-01)\n- a\n\n1.1.0\n- b\n", [("1.2.0 (2025-01-01)", 2), ("1.1.0", 2)]),
        ("1.2.0 is the version that we use.\n", []),
    ],
)
def test_headings_are_told_from_look_alikes(text: str, titles: list[tuple[str, int]]) -> None:
    assert outline(text) == titles


def test_a_list_is_no_node_and_its_items_hold_what_is_indented() -> None:
    text = "# A\n\n- a\n  more\n\n  text\n  - b\n- c\nlazy\n\nafter"
    section: Node = read_tree(tuple(text.split("\n"))).root.children[0]
    assert [(node.kind, node.said) for node in section.children] == [
        (Kind.ITEM, "a more"), (Kind.ITEM, "c lazy"), (Kind.TEXT, "after"),
    ]  # fmt: skip
    assert [node.said for node in section.children[0].children] == ["text", "b"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ABC-1: x", "ABC-1"), ("T012 x", "T012"), ("#12 x", "#12"), ("bd-a2b x", "bd-a2b"),
        ("PROJ-12345 x", "PROJ-12345"), ("Task 4: x", "Task 4"), ("Python 3.12 is here", ""), ("utf-8 x", ""),
        ("Added 3 icons", ""), ("2025-01-01 x", ""), ("1.2.3", ""), ("S3 uploads", ""),
    ],
)  # fmt: skip
def test_an_id_is_the_head_of_a_text_up_to_its_first_digit(text: str, key: str) -> None:
    assert head_id(text) == key
    assert head_id("19. Use SQLite", is_heading=True) == "19"


def test_titles_are_known_without_their_status_and_releases_by_their_version() -> None:
    assert split_status("Printer [done]") == ("Printer", "[done]")
    assert split_status("QA-001: One ✅ COMPLETE") == ("QA-001: One", "✅ COMPLETE")
    assert split_status("Work in progress")[0] == "Work in progress"
    assert release_of("1.2.0 - 2025-01-01") == "1.2.0" and release_of("unreleased") == "unreleased"
    assert release_of("fixed") == ""


@given(st.lists(st.integers(0, 6), max_size=20), st.lists(st.integers(0, 6), max_size=20))
def test_aligned_pairs_are_equal_and_rise(one: list[int], other: list[int]) -> None:
    pairs = align(one, other)
    assert all(one[left] == other[right] for left, right in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    assert len(align(one, one)) == len(one)


def test_the_longest_rising_run_and_the_three_way_merge_of_lines() -> None:
    assert rising([2, 0, 1, 3]) == [1, 2, 3]
    found = list(chunks("abc", "aXbc", "abcY"))
    assert not any(chunk.is_open for chunk in found)
    assert "".join(text for chunk in found for text in chunk.merged) == "aXbcY"


def test_what_all_versions_share_is_taken_out_and_comes_back() -> None:
    sections = [line for count in range(60) for line in (f"## {count}", "", f"- entry {count}", "")]
    base = ("# Log", "", *sections)
    ours, theirs = (*base, "- ours"), ("# Log", "", "- theirs", *base[2:])
    short = shortened(base, ours, theirs)
    assert len(short.stretches) == 1 and all(len(text) < 60 for text in short.texts)
    assert [tuple(short.restored(text) or ()) for text in short.texts] == [base, ours, theirs]
