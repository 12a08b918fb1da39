"""Which documents become pages, in which order, and where their links lead in the site."""

from pathlib import Path

import pytest

from afterpush.documents.manual.documents import Tree
from afterpush.documents.manual.layout import SiteLayout, lay_out
from afterpush.documents.manual.staging import stage


def tree(root: Path, **more: str) -> Tree:
    documents = {name.replace("__", "/") + ".md": text for name, text in more.items()}
    return Tree(root, frozenset(documents), documents)


def chapters(layout: SiteLayout) -> dict[str, tuple[str, ...]]:
    return {caption: tuple(documents) for caption, documents in layout.chapters.items()}


def test_the_first_page_is_the_index_of_the_docs_and_its_sections_are_the_chapters(tmp_path: Path) -> None:
    index = (
        "# Shop\n\n[a](../README.md)\n\n## Guides\n\n[b](b.md), [x](https://x.org)\n\n## Then\n\n[b](b.md)"
    )
    here = tree(tmp_path, docs__index=index, docs__b="# B", README="# R", docs__deep__c="# C", docs__d="# D")
    layout = lay_out(here, "docs", "name")
    assert (layout.home, layout.title, layout.count) == ("docs/index.md", "Shop", 5)
    assert chapters(layout) == {
        "Start": ("README.md",),
        "Guides": ("docs/b.md",),
        "More": ("docs/d.md",),
        "Deep": ("docs/deep/c.md",),
    }
    assert layout.pages["docs/deep/c.md"] == "deep/c" and layout.pages["README.md"] == "README"


def test_without_an_index_the_readme_is_the_first_page(tmp_path: Path) -> None:
    layout = lay_out(tree(tmp_path, README="Hello", docs__b="# B"), "docs", "shop")
    assert (layout.home, layout.title, chapters(layout)) == ("README.md", "shop", {"Pages": ("docs/b.md",)})


def test_without_any_candidate_a_first_page_is_made(tmp_path: Path) -> None:
    layout = lay_out(tree(tmp_path, docs__b="# B"), "docs", "shop")
    assert (layout.home, layout.count) == (None, 2)
    stage(tree(tmp_path, docs__b="# B"), layout, tmp_path)
    assert (tmp_path / "index.md").read_text().startswith("# shop\n")


def test_prompts_are_no_pages_and_two_readmes_do_not_meet(tmp_path: Path) -> None:
    here = tree(tmp_path, docs__index="# I", docs__README="# D", README="# R", docs__prompts__A="# A")
    pages = lay_out(here, "docs", "x", ["docs/prompts", "site"]).pages
    assert pages == {"docs/index.md": "index", "docs/README.md": "README", "README.md": "repository/README"}


def test_links_lead_to_pages_files_are_copied_and_folders_become_text(tmp_path: Path) -> None:
    root, staged = tmp_path / "root", tmp_path / "staged"
    (root / "config").mkdir(parents=True)
    staged.mkdir()
    (root / "config" / "a.yaml").write_text("a: 1\n")
    text = "\n".join(
        [
            "# G",
            "[r](../README.md#top) [f](../config/a.yaml) [d](../config/) [e](https://x.org)",
            "[s](#g) [n](none.md)",
            '<img src="../config/a.yaml"> ![i](../config/a.yaml)',
            "```",
            "[r](../README.md)",
            "```",
            "[q]: ../README.md",
        ]
    )
    documents = {"docs/g.md": text, "README.md": "# R\n\n# Top\n\n[g](docs/g.md)\n"}
    here = Tree(root, frozenset([*documents, "config/a.yaml"]), documents)
    stage(here, lay_out(here, "docs", "x"), staged)
    assert (staged / "g.md").read_text().split("\n") == [
        "# G",
        "[r](index.md#top) [f](_linked/config/a.yaml) d [e](https://x.org)",
        "[s](#g) [n](none.md)",
        '<img src="_linked/config/a.yaml"> ![i](_linked/config/a.yaml)',
        "```",
        "[r](../README.md)",
        "```",
        "[q]: index.md",
    ]
    assert (staged / "index.md").read_text().startswith("# R\n\n# Top\n\n[g](g.md)\n")
    assert (staged / "_linked" / "config" / "a.yaml").read_text() == "a: 1\n"


@pytest.mark.parametrize(
    ("written", "staged"),
    [
        ("[goes\non](docs/b.md)", "[goes\non](b.md)"),
        ("[a](<docs/my b.md>)", "[a](my%20b.md)"),
        ("[a](docs/b_(c).md)", "[a](b_%28c%29.md)"),
        ('[a](docs/b.md "so (it) is")', '[a](b.md "so (it) is")'),
        ("[![i](docs/i.png)](docs/b.md)", "[![i](_linked/docs/i.png)](b.md)"),
        ("`[a](docs/b.md)` ``[`](docs/b.md)``", "`[a](docs/b.md)` ``[`](docs/b.md)``"),
        ("a ` stray\n\n[a](docs/b.md) and `code`", "a ` stray\n\n[a](b.md) and `code`"),
        ("[a](//x.org/b)", "[a](https://x.org/b)"),
        ("x[^1]\n\n[^1]: docs/b.md is a file", "x[^1]\n\n[^1]: docs/b.md is a file"),
        ("[a\n\nb](docs/b.md)", "[a\n\nb](docs/b.md)"),
    ],
)
def test_links_in_every_form_are_led_to_their_pages(tmp_path: Path, written: str, staged: str) -> None:
    names = ["README.md", "docs/b.md", "docs/my b.md", "docs/b_(c).md"]
    documents = dict.fromkeys(names, "# T") | {"README.md": f"# R\n\n{written}"}
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "i.png").write_bytes(b"")
    here = Tree(tmp_path, frozenset([*names, "docs/i.png"]), documents)
    stage(here, lay_out(here, "docs", "x"), tmp_path / "docs")
    assert (tmp_path / "docs" / "index.md").read_text().startswith(f"# R\n\n{staged}")
