"""Documents are data of the repository: a page switches nothing on, and brings nothing from outside."""

from pathlib import Path

import pytest

from afterpush.documents.manual.documents import read_tree
from afterpush.documents.manual.staging import without_directives


@pytest.mark.parametrize(
    ("front", "kept"),
    [
        ("myst:\n  enable_extensions: [substitution]\n", ""),
        ("title: Shop\nmyst: {substitutions: {a: b}}\n", "title: Shop\n"),
        ("html_meta: {a: b}\norphan: true\n", "orphan: true\n"),
        ("a: [\n", ""),
        ("title: !!python/object/apply:os.system [x]\n", ""),
    ],
)
def test_a_front_matter_keeps_plain_facts_only(front: str, kept: str) -> None:
    text = f"---\n{front}---\n# Page\n\nlast\n"
    staged = without_directives(text)
    assert "myst" not in staged and "substitution" not in staged
    assert kept in staged and staged.endswith("# Page\n\nlast\n")
    assert staged.count("\n") == text.count("\n"), "the lines keep their numbers"
    assert without_directives("# Page\n---\nmyst: x\n---\n") == "# Page\n---\nmyst: x\n---\n"


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
