"""How two commits would merge, found out in the object store alone; and which driver merges a path."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, git_text
from afterpush.infra.git.objects import read_blob
from afterpush.infra.git.unmerged import Unmerged, by_path

Explain = Callable[[str, bytes | None, bytes, bytes], tuple[str, ...]]
"""Why a path is in conflict: sentences from (path, base, ours, theirs); none where git's own words do."""


@dataclass(frozen=True)
class Merging:
    """How git is to merge (options before its command), which paths are shared documents, and how a conflict
    in one is explained."""

    options: tuple[str, ...]
    explain: Explain
    is_document: Callable[[str], bool]
    env: Mapping[str, str] | None = None

    def explained(self, repo: Path, entry: Unmerged) -> tuple[str, ...]:
        """Why a path is in conflict; nothing where one side has no file there."""
        if not (entry.ours and entry.theirs and entry.ours.is_file and entry.theirs.is_file):
            return ()
        base = read_blob(repo, entry.base.oid, env=self.env) if entry.base and entry.base.is_file else None
        ours, theirs = (read_blob(repo, side.oid, env=self.env) for side in (entry.ours, entry.theirs))
        return self.explain(entry.path, base, ours, theirs)


@dataclass(frozen=True)
class TreeMerge:
    """How two commits merge: a tree (with markers where it is not clean), and what git said."""

    tree: str
    is_clean: bool
    conflicts: list[Unmerged] = field(default_factory=list)
    auto_merged: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    said: str = ""
    conflicted_paths: list[str] = field(default_factory=list)


def merge_trees(
    repo: Path,
    ours: str,
    theirs: str,
    *,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> TreeMerge:
    """Merges two commits in the object store alone; index, work tree and refs are not touched.

    `options` come before the command (`-c key=value`). Needs git 2.38. Raises AfterpushError when git
    could not merge at all (no common history, a driver that left nothing).
    """
    done = git(repo, *options, "merge-tree", "--write-tree", "--messages", "-z", ours, theirs, env=env)
    if done.code not in (0, 1):
        said = done.error_text.removeprefix("fatal: ").splitlines()
        raise AfterpushError(
            f"merging {theirs[:7]} and {ours[:7]} in {repo}: git says: "
            f"{said[-1] if said else f'exit code {done.code}'}"
        )
    tree, _, rest = done.text.partition("\0")
    # A list of conflicted stages and the messages, with an empty string between them.
    stage_text, _, message_text = rest.partition("\0\0") if not rest.startswith("\0") else ("", "", rest[1:])
    notes = _messages(message_text.split("\0"))
    conflicted = by_path(stage_text.split("\0"))
    return TreeMerge(
        tree=tree,
        is_clean=done.code == 0,
        conflicts=conflicted,
        auto_merged=sorted({path for kind, paths, _ in notes if kind == "Auto-merging" for path in paths}),
        messages=[text.strip() for kind, _, text in notes if kind.startswith("CONFLICT")],
        said=done.error_text,
        conflicted_paths=sorted(
            {entry.path for entry in conflicted}
            | {path for kind, paths, _ in notes if kind.startswith("CONFLICT") for path in paths[:1]}
        ),
    )


def _messages(words: Sequence[str]) -> list[tuple[str, list[str], str]]:
    """`count path... kind text` records (git-merge-tree, "INFORMATIONAL MESSAGES" with -z)."""
    records: list[tuple[str, list[str], str]] = []
    index = 0
    while index < len(words) and words[index].isdigit():
        count = int(words[index])
        paths = list(words[index + 1 : index + 1 + count])
        kind, text = words[index + 1 + count], words[index + 2 + count]
        records.append((kind, paths, text))
        index += count + 3
    return records


def merge_attribute(repo: Path, paths: Sequence[str]) -> dict[str, str]:
    """The `merge` attribute of each path as git sees it in this worktree: a driver, or `unspecified`."""
    if not paths:
        return {}
    asked = b"".join(p.encode("utf-8", "surrogateescape") + b"\0" for p in paths)
    words = git_text(
        repo, "check-attr", "-z", "--stdin", "merge", input=asked, doing="reading the attributes"
    ).split("\0")
    return {words[i]: words[i + 2] for i in range(0, len(words) - 2, 3)}
