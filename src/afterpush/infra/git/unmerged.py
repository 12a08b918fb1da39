"""What a worktree is in the middle of, and which of its paths are in conflict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from afterpush.infra.files import temporary_folder
from afterpush.infra.git import git, git_bytes, git_text, own_git_folder


class Operation(StrEnum):
    """What may be unfinished in a worktree."""

    MERGE = "merge"
    REBASE = "rebase"
    AM = "am"
    CHERRY_PICK = "cherry-pick"
    REVERT = "revert"


# The marks that git leaves in a worktree's git folder, in the order of asking: a rebase that stops
# at a conflict also leaves CHERRY_PICK_HEAD.
_MARKS = (
    ("rebase-merge", Operation.REBASE),
    ("rebase-apply/applying", Operation.AM),
    ("rebase-apply", Operation.REBASE),
    ("CHERRY_PICK_HEAD", Operation.CHERRY_PICK),
    ("REVERT_HEAD", Operation.REVERT),
    ("MERGE_HEAD", Operation.MERGE),
)


def operation_under_way(repo: Path) -> Operation | None:
    """What this worktree is in the middle of. A stash pop with conflicts leaves no mark of its own."""
    folder = own_git_folder(repo)
    return next((operation for mark, operation in _MARKS if (folder / mark).exists()), None)


@dataclass(frozen=True)
class Stage:
    """One side of an unmerged path."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file: no symbolic link and no submodule."""
        return self.mode.startswith("100")


@dataclass(frozen=True)
class Unmerged:
    """A path in conflict, with the stages that git has of it."""

    path: str
    base: Stage | None = None
    ours: Stage | None = None
    theirs: Stage | None = None


def unmerged(repo: Path, *, env: Mapping[str, str] | None = None) -> list[Unmerged]:
    """The unmerged paths of the index, in its order; paths are relative to the worktree's root."""
    words = ("ls-files", "--unmerged", "--full-name", "-z", ":/")
    return by_path(git_text(repo, *words, env=env, doing="reading the index").split("\0"))


def by_path(entries: Sequence[str]) -> list[Unmerged]:
    """`mode oid stage<TAB>path` lines as one record a path."""
    stages: dict[str, dict[str, Stage]] = {}
    names = {"1": "base", "2": "ours", "3": "theirs"}
    for entry in filter(None, entries):
        facts, _, path = entry.partition("\t")
        mode, oid, number = facts.split(" ")
        stages.setdefault(path, {})[names[number]] = Stage(mode, oid)
    return [Unmerged(path, **sides) for path, sides in stages.items()]


def conflict_texts(repo: Path, entry: Unmerged) -> list[bytes]:
    """What git would write to the work tree for this conflict, in each of its marker styles.

    Made in a temporary index and work tree, from the stages alone: no driver and no `.gitattributes`
    takes part. Empty for what git cannot show as text with markers (a side deleted it).
    """
    if entry.ours is None or entry.theirs is None:
        return []
    stages = ((1, entry.base), (2, entry.ours), (3, entry.theirs))
    lines = "".join(f"{side.mode} {side.oid} {number}\t{entry.path}\0" for number, side in stages if side)
    texts = []
    with temporary_folder() as folder:
        env = {"GIT_INDEX_FILE": str(folder / "index"), "GIT_WORK_TREE": str(folder / "tree")}
        env["GIT_DIR"] = str(own_git_folder(repo))
        tree = folder / "tree"
        tree.mkdir()
        git(
            tree,
            "update-index",
            "-z",
            "--index-info",
            input=lines.encode("utf-8", "surrogateescape"),
            env=env,
        )
        for style in ("merge", "diff3", "zdiff3"):
            done = git(tree, "checkout", "--merge", f"--conflict={style}", "--", entry.path, env=env)
            if done.code == 0 and (tree / entry.path).is_file():
                texts.append((tree / entry.path).read_bytes())
                (tree / entry.path).unlink()
    return texts


def smudged(repo: Path, path: str, content: bytes) -> bytes:
    """The content as it is in the work tree, after line-ending conversion and filters."""
    oid = git_text(repo, "hash-object", "-w", "--stdin", doing="storing the merged text", input=content)
    return git_bytes(repo, "cat-file", "--filters", f"--path={path}", oid, doing=f"writing {path}")


def stage(repo: Path, path: str, mode: str, oid: str) -> None:
    """Puts a merged version of an unmerged path into the index: the conflict is over for git."""
    entry = f"{mode} {oid} 0\t{path}\0".encode("utf-8", "surrogateescape")
    git_bytes(repo, "update-index", "-z", "--index-info", input=entry, doing=f"staging {path}")
    # Without the file's times in the index, `git merge --abort` takes the file for changed and refuses.
    git(repo, "update-index", "-q", "--refresh", "--unmerged")
