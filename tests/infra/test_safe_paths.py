"""The one gate for paths: nothing is read or written outside, whatever a link or a name says."""

import os
from pathlib import Path

import pytest

from afterpush.infra.files import write_atomic
from afterpush.infra.globs import matching
from afterpush.infra.safe_paths import Gate, Refused


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A work tree beside something of the user's own."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "key").write_text("private")
    for folder in (".git", "docs"):
        (tmp_path / "app" / folder).mkdir(parents=True)
    (tmp_path / "app" / ".git" / "config").write_text("[core]\n")
    return tmp_path / "app"


OUTSIDE = [
    ("../mine/key", {}),
    ("docs/../../mine/key", {}),
    ("docs/link", {"docs/link": "../../mine/key"}),
    ("docs/link", {"docs/link": "{lab}/mine/key"}),
    ("docs/link/key", {"docs/link": "{lab}/mine"}),
    ("docs/one/key", {"docs/one": "two", "docs/two": "../../mine"}),
    ("docs/new", {"docs/new": "../../mine/new"}),
    (".git/config", {}),
    (".GIT/config", {}),
    ("docs/link", {"docs/link": "../.git/config"}),
    ("docs/sub/.git/hooks/x", {}),
    ("docs/loop", {"docs/loop": "loop"}),
    ("docs/a\0b", {}),
]


@pytest.mark.parametrize(("path", "links"), OUTSIDE)
def test_what_leads_out_is_refused_and_nothing_happens(root: Path, path: str, links: dict[str, str]) -> None:
    for name, target in links.items():
        (root / name).symlink_to(target.format(lab=root.parent))
    before = {one: one.read_bytes() for one in (root.parent / "mine" / "key", root / ".git" / "config")}
    gate = Gate(root)
    for act in (lambda: gate.read(path), lambda: gate.write(path, "x"), lambda: gate.remove(path)):
        with pytest.raises((Refused, FileNotFoundError)):
            act()
    with pytest.raises(Refused):
        gate.write(path, "x")
    assert not gate.is_file(path)
    assert {one: one.read_bytes() for one in before} == before
    assert sorted(one.name for one in (root.parent / "mine").iterdir()) == ["key"]


def test_the_refusal_names_the_link(root: Path) -> None:
    (root / "docs" / "link").symlink_to("../../mine/key")
    with pytest.raises(Refused, match="docs/link leads out of the repository through the link link"):
        Gate(root).write("docs/link", "x")


def test_links_that_stay_inside_are_followed(root: Path) -> None:
    (root / "real.md").write_text("old")
    (root / "docs" / "link.md").symlink_to("../real.md")
    (root / "docs" / "absolute.md").symlink_to(root / "real.md")
    gate = Gate(root)
    gate.write("docs/link.md", "new")
    assert gate.read("docs/absolute.md") == b"new" == (root / "real.md").read_bytes()
    assert (root / "docs" / "link.md").is_symlink()


def test_folders_are_made_and_modes_stay(root: Path) -> None:
    gate = Gate(root)
    gate.write("a/b/c.sh", "one")
    (root / "a/b/c.sh").chmod(0o751)
    gate.write(root / "a/b/c.sh", "two")
    assert (root / "a/b/c.sh").read_text() == "two"
    assert (root / "a/b/c.sh").stat().st_mode & 0o777 == 0o751


@pytest.mark.parametrize("kind", ["device", "pipe", "large"])
def test_only_regular_files_of_a_bounded_size_are_read(root: Path, kind: str) -> None:
    path = root / "docs" / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b"x" * 2000)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises((Refused, OSError)):
        Gate(root).read("docs/x", limit=1000)


def test_what_a_killed_run_left_goes_with_the_next_write_and_what_is_in_use_stays(root: Path) -> None:
    import fcntl

    (root / ".afterpush-dead.tmp").write_text("half")
    held = (root / ".afterpush-alive.tmp").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    write_atomic(root / "a", "whole")
    assert sorted(path.name for path in root.glob(".afterpush-*")) == [".afterpush-alive.tmp"]
    held.close()


def test_a_link_is_replaced_and_never_followed_by_a_plain_write(root: Path) -> None:
    (root / "state").symlink_to(root.parent / "mine" / "key")
    write_atomic(root / "state", "ours")
    assert not (root / "state").is_symlink() and (root.parent / "mine" / "key").read_text() == "private"


def test_patterns_match_no_file_outside(root: Path) -> None:
    (root / "docs" / "a.md").write_text("a")
    (root / "docs" / "b.md").symlink_to("../../mine/key")
    (root / "docs" / "c.md").symlink_to("a.md")
    assert matching(root, ["docs/*.md"]) == ["docs/a.md", "docs/c.md"]
    with pytest.raises(Exception, match="leads out of the repository"):
        matching(root, ["../mine/*"])
