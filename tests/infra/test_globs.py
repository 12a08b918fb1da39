"""Patterns mean what git takes them for, and none makes the work grow beyond its length."""

import subprocess
from itertools import product
from pathlib import Path

import pytest

from afterpush.infra.globs import matches, matching
from tests.support.repositories import Repository


@pytest.mark.parametrize(
    ("pattern", "meant", "not_meant"),
    [
        ("docs/*.md", ["docs/a.md", "./docs/.md"], ["docs/a/b.md", "a/docs/a.md", "docs/a.mdx"]),
        ("docs/**/*.md", ["docs/a.md", "docs/a/b/c.md"], ["a.md", "docs/a/b"]),
        ("**/TODO", ["TODO", "a/b/TODO"], ["a/TODO/b"]),
        ("docs/**", ["docs/a", "docs/a/b.md"], ["doc/a"]),
        ("a/**/**/b", ["a/b", "a/x/y/b"], ["a/b/c"]),
        ("[a-c]?.m[!x]", ["ab.md", "c0.m."], ["d0.md", "ab.mx", "ab.m"]),
        ("{docs,.}/*.{md,m{d,k}x}", ["docs/a.md", "a.mdx", "docs/a.mkx"], ["docs/a.mx", "x/a.md"]),
        ("{a,b}" * 7 + ".md", ["{a,b}" * 7 + ".md"], ["a" * 7 + ".md"]),
        ("x+(1).md", ["x+(1).md"], ["xx(1).md"]),
    ],
)
def test_a_pattern_means_these_paths(pattern: str, meant: list[str], not_meant: list[str]) -> None:
    assert [path for path in meant if not matches(path, pattern)] == []
    assert [path for path in not_meant if matches(path, pattern)] == []


PARTS = ("a", "*", "**", "?", "a*", "*.md", "[ab]", "[!a]*")
NAMES = ("a", "b", "ab", "a.md", ".a")


def test_it_agrees_with_git(repository: Repository) -> None:
    patterns = ["/".join(parts) for count in (1, 2, 3) for parts in product(PARTS, repeat=count)]
    paths = ["/".join(names) for count in (1, 2, 3) for names in product(NAMES, repeat=count)]
    attributes = "".join(f"/{pattern} meant{number}\n" for number, pattern in enumerate(patterns))
    repository.write(".gitattributes", attributes)
    words = ["git", "check-attr", "-z", "--all", "--stdin"]
    given = "".join(f"{path}\0" for path in paths).encode()
    said = subprocess.run(words, cwd=repository.path, input=given, capture_output=True, check=True).stdout
    fields = said.decode().split("\0")
    by_git = {(path, int(name[5:])) for path, name in zip(fields[::3], fields[1::3], strict=False) if name}
    # For git, `**` at the end means what is inside of a folder alone.
    numbers = [number for number, pattern in enumerate(patterns) if not pattern.endswith("**")]
    differing = [
        (patterns[number], path)
        for number in numbers
        for path in paths
        if matches(path, patterns[number]) != ((path, number) in by_git)
    ]
    assert len(by_git) > 5000 and differing == []


def test_stars_do_not_multiply(repository: Repository) -> None:
    deep = "/".join("abcdefghijklmnop")
    repository.write(f"{deep}/x.md", "x")
    repository.write("/".join(["a"] * 60) + "/x.md", "x")
    for pattern in ("**/" * 30 + "*.x", "**/a/" * 30 + "*.x", "*a" * 60 + "/**/*b" * 20, "{*a,*b}" * 30):
        assert matching(repository.path, [pattern]) == []
        assert not matches("a" * 200 + f"/{deep}" * 20 + "/x.md", pattern)
    assert matching(repository.path, ["**/***/**/b/**/*.md"]) == [f"{deep}/x.md"]


def test_a_link_is_followed_by_name_and_inside_of_the_root_only(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real/deep").mkdir(parents=True)
    (root / "real/deep/x.md").touch()
    (root / "inside").symlink_to("real")
    (root / "again").symlink_to(".")
    (root / "outside").symlink_to("/")
    assert matching(root, ["inside/*/*.md"]) == ["inside/deep/x.md"]
    assert matching(root, ["**/x.md"]) == ["real/deep/x.md"]
    assert matching(root, ["outside/**/*.md", "outside/*/*"]) == []
