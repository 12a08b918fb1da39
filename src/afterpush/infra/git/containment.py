"""Whether a branch's work is in another branch: as commits, as equal patches, squashed, or as content."""

from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, git_text, is_ancestor
from afterpush.infra.git.merge_tree import merge_trees


def is_contained(repo: Path, tip: str, main: str) -> bool:
    """Whether nothing of `tip` would be lost without it. False in doubt."""
    if is_ancestor(repo, tip, main):
        return True
    base = git(repo, "merge-base", tip, main)
    if base.code != 0:
        return False
    since = base.text.strip()
    return (
        _adds_nothing(repo, tip, main)
        or _is_squashed(repo, since, tip, main)
        or _has_equal_patches(repo, tip, main)
    )


def _adds_nothing(repo: Path, tip: str, main: str) -> bool:
    """Merging it into main would leave main's tree as it is."""
    try:
        merged = merge_trees(repo, main, tip)
    except AfterpushError:
        return False
    tree = git_text(repo, "rev-parse", f"{main}^{{tree}}", doing="reading main's tree")
    return merged.is_clean and merged.tree == tree


def _is_squashed(repo: Path, base: str, tip: str, main: str) -> bool:
    """One commit on main makes the whole branch's change (git-patch-id(1))."""
    change = git(repo, "diff-tree", "-p", base, tip)
    wanted = _patch_ids(repo, change.stdout)
    if len(wanted) != 1:
        return False
    made = git(repo, "log", "-p", "--first-parent", "-m", "--format=commit %H", f"{base}..{main}")
    return wanted <= _patch_ids(repo, made.stdout)


def _has_equal_patches(repo: Path, tip: str, main: str) -> bool:
    """Every commit of it is on main with an equal patch (git-cherry(1)). A merge commit is doubt."""
    merges = git(repo, "rev-list", "--merges", f"{main}..{tip}")
    listed = git(repo, "cherry", main, tip)
    if merges.code != 0 or merges.text.strip() or listed.code != 0:
        return False
    return bool(listed.text) and all(line.startswith("-") for line in listed.text.splitlines())


def _patch_ids(repo: Path, patches: bytes) -> set[str]:
    listed = git(repo, "patch-id", "--stable", input=patches)
    return {line.split()[0] for line in listed.text.splitlines() if line.strip()}
