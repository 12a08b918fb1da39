"""The files of a repository as its readers get them."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.git import git, git_text


def tracked(repo: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths that are in git's index; none outside of a repository."""
    return [path for path in git(repo, "ls-files", "-z", "--", *paths).text.split("\0") if path]


def files_of(repo: Path) -> list[str]:
    """Every file in the work tree that git tracks or would add, sorted: what is ignored is not among them.

    Submodules are left out: their files are another repository's.
    """
    listed = git_text(
        repo,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
        doing="listing the files",
    )
    return sorted(path for path in listed.split("\0") if path and (repo / path).is_file())
