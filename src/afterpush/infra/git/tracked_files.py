"""The files of a repository as its readers get them."""

from collections.abc import Collection, Sequence
from pathlib import Path

from afterpush.infra.git import git, git_text

TRACKED_IN_SH = (
    "case $e in */*) ;; *) e=./$e ;; esac; unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE; "
    'git -C "${e%/*}/" ls-files -- "${e##*/}" 2>/dev/null'
)
"""The same question as `is_brought`, for what runs before Python does: what git tracks at the path `$e`, the
link itself or what lies in the folder. In sh, for a `$( )`; nothing where there is no repository."""


def tracked(repo: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths that are in git's index; none outside of a repository."""
    return [path for path in git(repo, "ls-files", "-z", "--", *paths).text.split("\0") if path]


def is_brought(repo: Path, path: str) -> bool:
    """Whether a commit may have brought what lies at `path`: git tracks it, something in it, or the link or
    submodule that it is reached through.

        tracked: .venv -> tools/v          .venv/bin/inv is brought, although git has no such path
        tracked: .venv/lib/x.pth           .venv is brought: Python would run what the file says
    """
    top = path.partition("/")[0]
    found = tracked(repo, [f":(literal){top}"])
    return any(f"{path}/".startswith(f"{each}/") or each.startswith(f"{path}/") for each in found)


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


def files_with_words(repo: Path, words: Collection[str]) -> dict[str, set[str]]:
    """By word the tracked files that have it as a whole word; one run of `git grep` for all of them."""
    found: dict[str, set[str]] = {word: set() for word in words}
    if not words:
        return found
    patterns = [part for word in sorted(words) for part in ("-e", word)]
    listed = git(repo, "grep", "--untracked", "-I", "-z", "-o", "-w", "-F", "--full-name", *patterns).text
    for line in listed.split("\n"):
        path, _, word = line.partition("\0")
        if word in found:
            found[word].add(path)
    return found
