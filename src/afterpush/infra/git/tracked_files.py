"""The files of a repository as its readers get them."""

from pathlib import Path

from afterpush.infra.git import git_text


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
