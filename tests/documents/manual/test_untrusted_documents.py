"""Documents are data of the repository: a page switches nothing on, and brings nothing from outside."""

from pathlib import Path

import pytest

from afterpush.documents.manual.documents import Tree, read_tree
from afterpush.documents.manual.layout import lay_out
from afterpush.documents.manual.staging import stage


@pytest.mark.parametrize("front", ["myst:\n  enable_extensions: [substitution]\n", "title: Shop\n", "a: [\n"])
def test_a_front_matter_says_nothing_to_the_site(tmp_path: Path, front: str) -> None:
    text = f"---\n{front}---\n# Page\n\nlast\n"
    here = Tree(tmp_path, frozenset({"docs/a.md"}), {"docs/a.md": text})
    stage(here, lay_out(here, "docs", "x"), tmp_path)
    staged = (tmp_path / "a.md").read_text()
    assert "myst" not in staged and "title" not in staged and staged.endswith("# Page\n\nlast\n")
    assert staged.count("\n") == text.count("\n"), "the lines keep their numbers"


def test_a_title_in_the_front_matter_is_the_heading_of_a_page_without_one(tmp_path: Path) -> None:
    here = Tree(tmp_path, frozenset({"docs/a.md"}), {"docs/a.md": "---\ntitle: 'My page'\n---\n\ntext\n"})
    stage(here, lay_out(here, "docs", "x"), tmp_path)
    assert (tmp_path / "a.md").read_text().startswith("# My page\n")


def test_links_that_lead_out_are_no_files_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("private")
    root = tmp_path / "app"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "a.md").write_text("# A\n")
    (root / "docs" / "key.txt").symlink_to("../../key")
    (root / "docs" / "inside.txt").symlink_to("a.md")
    (root / "out").symlink_to(tmp_path)
    tree = read_tree(root, ["docs/a.md", "docs/key.txt", "docs/inside.txt", "out/key"])
    assert tree.files == {"docs/a.md", "docs/inside.txt"}
