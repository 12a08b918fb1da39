"""What a document points to, and what can be pointed to in it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.documents.manual.broken_links import broken_links, target_of
from afterpush.documents.manual.documents import Tree
from afterpush.documents.manual.links_in_text import anchors_in, headings_in, links_in

PIECES = (
    "# A|## `b` c|[x](y.md#z)|![i](i.png)|`[no](no.md)`|```|~~~|<a href='h.md'>|> q||[r]: s.md|[r]|- [ ] t|"
    "\t[no](n.md)|---|%|[](|text\\"
).split("|")
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=12).map("\n".join)


def written(text: str) -> list[tuple[str, int]]:
    return [(link.written, link.line) for link in links_in(text)]


def test_links_images_references_and_html_are_seen_with_their_lines() -> None:
    text = 'See [a](b.md)\nand ![c](d%20e.png "T").\n\n<img src="f.svg">\n\n[g][h]\n\n[h]: i.md#j\n'
    assert written(text) == [("b.md", 1), ("d e.png", 2), ("f.svg", 4), ("i.md#j", 6)]


@pytest.mark.parametrize(
    "text",
    [
        "`[a](b.md)`",
        "```\n[a](b.md)\n```",
        "    [a](b.md)",
        "[a](https://x.org/b.md)",
        "<mailto:a@b.org>",
        "[a]()",
        "text[^1]\n\n[^1]: footnote",
    ],
)
def test_code_and_what_leads_elsewhere_is_no_link(text: str) -> None:
    assert links_in(text) == ()


def test_front_matter_is_no_heading_and_keeps_the_lines() -> None:
    text = "---\ntitle: x\n---\n\n# A\n\n[b](c.md)\n"
    assert [heading.text for heading in headings_in(text)] == ["A"] and written(text) == [("c.md", 7)]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("First steps", "first-steps"),
        ("deploy.poll.discover_seconds", "deploypolldiscover_seconds"),
        ("What `inv push` does, and why", "what-inv-push-does-and-why"),
        ("A & B", "a--b"),
        ("Größe", "größe"),
        ("**Bold** [link](x.md)", "bold-link"),
    ],
)
def test_headings_get_the_anchors_that_github_gives_them(heading: str, anchor: str) -> None:
    assert anchors_in(f"# {heading}\n") == {anchor}


def test_equal_headings_are_numbered_and_html_anchors_count() -> None:
    assert anchors_in('# A\n\n# A\n\n<a id="x"></a>\n\ntext <a name="y"></a>\n') == {"a", "a-1", "x", "y"}


@pytest.mark.parametrize(
    ("document", "path", "target"),
    [
        ("docs/a.md", "b.md", "docs/b.md"),
        ("docs/a.md", "../README.md", "README.md"),
        ("docs/a.md", "/docs/b.md", "docs/b.md"),
        ("docs/a.md", "./how-to/", "docs/how-to"),
        ("docs/a.md", "", "docs/a.md"),
        ("docs/a.md", "..", ""),
        ("a.md", "../x", "../x"),
    ],
)
def test_a_link_means_a_path_in_the_repository(document: str, path: str, target: str) -> None:
    assert target_of(document, path) == target


@settings(max_examples=150, deadline=None)
@given(MARKDOWN)
def test_any_text_is_read_and_every_line_is_one_of_its_lines(text: str) -> None:
    last = text.count("\n") + 1
    assert all(1 <= link.line <= last for link in links_in(text))
    assert not any(" " in anchor for anchor in anchors_in(text) if anchor != "x")


def test_links_of_a_clients_own_file_may_begin_at_the_root(tmp_path: Path) -> None:
    document = ".github/copilot-instructions.md"
    text = "[a](src/a.ts#L3-L5), [b](../src/a.ts), [c](src), [d](src/gone.ts)\n"
    tree = Tree(tmp_path, frozenset({document, "src/a.ts"}), {document: text})
    assert [one.message for one in broken_links(tree, tree.documents)] == [
        "the link src/gone.ts: .github/src/gone.ts does not exist"
    ]
