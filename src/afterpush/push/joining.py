"""Putting local commits and the remote's together in the object store: a rebase or a merge, by `merge-tree`.

Nothing of the clone is touched while this is found out, so a conflict leaves nothing to be put back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from afterpush.ground.errors import AfterpushError, ExitCode
from afterpush.ground.git import config_value, git, git_text
from afterpush.ground.git.merge_tree import TreeMerge, merge_trees
from afterpush.ground.git.objects import read_blob, read_commit, tree_of, write_commit

Strategy = Literal["rebase", "merge"]
# Why a path is in conflict: (path, base, ours, theirs) give sentences; none for what is no shared document.
Explain = Callable[[str, bytes | None, bytes, bytes], tuple[str, ...]]


@dataclass(frozen=True)
class Merging:
    """How git is to merge (options before its command), and how a conflict in a document is explained."""

    options: tuple[str, ...]
    explain: Explain
    is_document: Callable[[str], bool]
    env: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Position:
    """Where the local commits stand beside the remote's."""

    ahead: int
    behind: int
    has_local_merges: bool
    published_on: str | None

    def strategy(self, asked: Strategy) -> tuple[Strategy, str | None]:
        """What is done, and why it is not what was asked."""
        if asked == "rebase" and self.has_local_merges:
            return "merge", "your commits hold a merge, which a rebase would flatten"
        if asked == "rebase" and self.published_on:
            return "merge", f"your commits are published on {self.published_on}, so they are not rewritten"
        return asked, None


@dataclass(frozen=True)
class Clash:
    """The first commit that does not fit, and the sentences for each of its paths in conflict."""

    commit: str
    subject: str
    paths: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Joined:
    """The commit that can be pushed, or the clash; `merged` are the documents that both sides had changed."""

    tip: str | None
    clash: Clash | None = None
    merged: tuple[str, ...] = field(default=())


def position(
    repo: Path, upstream: str, head: str, target_ref: str, env: Mapping[str, str] | None = None
) -> Position:
    """Counts the commits of both sides. Raises AfterpushError when they have no common history."""
    if git(repo, "merge-base", upstream, head, env=env).code != 0:
        raise AfterpushError(
            f"{head[:10]} and the remote's {upstream[:10]} have no common history; is this the right remote?",
            ExitCode.BAD_ANSWER,
        )
    counts = git(repo, "rev-list", "--left-right", "--count", f"{upstream}...{head}", env=env).text.split()
    merges = git(repo, "rev-list", "--merges", "--max-count=1", f"{upstream}..{head}", env=env).text.strip()
    return Position(
        ahead=int(counts[1]),
        behind=int(counts[0]),
        has_local_merges=bool(merges),
        published_on=_published_on(repo, upstream, head, target_ref, env),
    )


def _published_on(
    repo: Path, upstream: str, head: str, target_ref: str, env: Mapping[str, str] | None
) -> str | None:
    """Another remote branch that holds the oldest of the local commits."""
    oldest = git(repo, "rev-list", "--topo-order", "--reverse", f"{upstream}..{head}", env=env).text.split()
    if not oldest:
        return None
    done = git(
        repo, "for-each-ref", "--format=%(refname)", f"--contains={oldest[0]}", "refs/remotes", env=env
    )
    others = [ref for ref in done.text.split() if ref != target_ref and not ref.endswith("/HEAD")]
    return others[0].removeprefix("refs/remotes/") if others else None


def join(repo: Path, upstream: str, head: str, strategy: Strategy, merging: Merging, title: str) -> Joined:
    """Puts `head`'s commits on top of `upstream`, or merges upstream into head (message: `title`)."""
    return (
        _merge(repo, upstream, head, merging, title)
        if strategy == "merge"
        else _rebase(repo, upstream, head, merging)
    )


def _merge(repo: Path, upstream: str, head: str, merging: Merging, title: str) -> Joined:
    merged = merge_trees(repo, head, upstream, options=merging.options, env=merging.env)
    if not merged.is_clean:
        return Joined(None, _clash(repo, upstream, merged, merging))
    tip = write_commit(
        repo, merged.tree, [head, upstream], f"{title}\n".encode(), sign=_signs(repo), env=merging.env
    )
    return Joined(tip, merged=_documents(merged, merging))


def _rebase(repo: Path, upstream: str, head: str, merging: Merging) -> Joined:
    """Replays the commits one by one; one that is there already, or adds nothing any more, is left out."""
    listed = git_text(
        repo,
        *("rev-list", "--reverse", "--topo-order", "--cherry-pick", "--right-only", f"{upstream}...{head}"),
        doing="listing your commits",
        env=merging.env,
    )
    tip, merged_documents, signs = upstream, set[str](), _signs(repo)
    for commit in listed.split():
        text = read_commit(repo, commit, env=merging.env)
        parent = text.parents[0]
        tree = tree_of(repo, tip, env=merging.env)
        # git before 2.40 takes no --merge-base: a commit with the tip's tree on the commit's own parent
        # makes that parent the merge base.
        stand_in = write_commit(repo, tree, [parent], b"stand-in\n", env=merging.env)
        merged = merge_trees(repo, stand_in, commit, options=merging.options, env=merging.env)
        if not merged.is_clean:
            return Joined(None, _clash(repo, commit, merged, merging))
        merged_documents |= set(_documents(merged, merging))
        if merged.tree == tree and tree_of(repo, commit, env=merging.env) != tree_of(
            repo, parent, env=merging.env
        ):
            continue
        tip = write_commit(repo, merged.tree, [tip], text.message, like=text, sign=signs, env=merging.env)
    return Joined(tip, merged=tuple(sorted(merged_documents)))


def _signs(repo: Path) -> bool:
    return (config_value(repo, "commit.gpgSign") or "").lower() in ("true", "yes", "on", "1")


def _documents(merged: TreeMerge, merging: Merging) -> tuple[str, ...]:
    return tuple(path for path in merged.auto_merged if merging.is_document(path))


def _clash(repo: Path, commit: str, merged: TreeMerge, merging: Merging) -> Clash:
    reasons: dict[str, tuple[str, ...]] = {}
    for path in merged.conflicted_paths:
        said = tuple(message for message in merged.messages if path in message)
        reasons[path] = _explained(repo, path, merged, merging) or said or ("git cannot merge it",)
    subject = git(repo, "show", "-s", "--format=%s", commit, "--", env=merging.env).text.strip()
    return Clash(commit, subject, reasons)


def _explained(repo: Path, path: str, merged: TreeMerge, merging: Merging) -> tuple[str, ...]:
    entry = next((entry for entry in merged.conflicts if entry.path == path), None)
    if entry is None or entry.ours is None or entry.theirs is None or not merging.is_document(path):
        return ()
    base = read_blob(repo, entry.base.oid, env=merging.env) if entry.base else None
    ours, theirs = (read_blob(repo, side.oid, env=merging.env) for side in (entry.ours, entry.theirs))
    return merging.explain(path, base, ours, theirs)
