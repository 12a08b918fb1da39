"""Reading a document loses nothing and takes nothing for what it is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.roadmap import read
from afterpush.roadmap.keys import heading_text
from afterpush.roadmap.nodes import sections_in
from afterpush.roadmap.source import read_source
from afterpush.roadmap.tree import read_tree
from tests.support.merge_cases import merge_cases

PIECES = st.sampled_from(
    [
        "# Title",
        "## ✅ Done (2026-01-20)",
        "### QA-001: Title",
        "#### ",
        "- [ ] **QA-002: x**",
        "  - **Key:** v",
        "* a",
        "1. one",
        "| A | B |",
        "| --- | :-: |",
        "|--|--|",
        "| QA-003 | x |",
        "```",
        "```py",
        "~~~",
        "<!--",
        "-->",
        "<!-- x -->",
        "---",
        "===",
        "**Status:** ready",
        "> **Note:** 3 tasks",
        "",
        "",
        " ",
        "\t",
        "text",
        "    code",
        "\r",
        "a\rb",
        "\ufeff",
        "é\u2028x",
        "key: v",
        "| lone",
        "<<<<<<< a",
    ]
)


@given(st.lists(PIECES, max_size=25), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.binary(max_size=5))
@settings(max_examples=300, deadline=None)
def test_the_tree_is_the_text_whatever_it_is(
    lines: list[str], newline: str, has_bom: bool, end: bytes
) -> None:
    data = (b"\xef\xbb\xbf" if has_bom else b"") + newline.join(lines).encode() + end
    assert_comes_back(data)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_come_back(data: bytes) -> None:
    assert_comes_back(data)


def assert_comes_back(data: bytes) -> None:
    source = read_source(data)
    tree = read_tree(source.lines)
    assert source.data == data
    assert tree.lines() == list(source.lines)
    for node in tree.nodes[1:]:
        assert source.lines[node.line - 1 : node.line - 1 + len(node.own)] == node.own


def test_documents_of_every_kind_come_back() -> None:
    for case in merge_cases():
        for data in (case.base, case.ours, case.theirs):
            assert_comes_back(data)


@pytest.mark.parametrize(
    "wrapped",
    [
        "```\n### QA-009: no\n```\n",
        "~~~ md\n### QA-009: no\n```\n~~~\n",
        "<!--\n### QA-009: no\n-->\n",
        "- item\n  ```\n### QA-009: no\n  ```\n",
        "```\n### QA-009: no\n",
        "    ### QA-009: no\n",
        "> ### QA-009: no\n",
    ],
)
def test_a_heading_look_alike_defines_no_task(wrapped: str) -> None:
    assert [task.id for task in read(f"# R\n\n{wrapped}".encode()).tasks()] == []


def test_front_matter_is_one_block_and_a_rule_at_the_top_is_none() -> None:
    with_matter = read(b"---\ntitle: x\n# no heading\n---\n# T\n")
    assert [heading_text(node.own) for node in list(sections_in(with_matter.root))[1:]] == ["T"]
    without = read(b"---\n\n# T\n---\n")
    assert without.root.children[0].gap == ("---", "")
