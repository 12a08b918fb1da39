"""Putting local commits and the remote's together in the object store: a rebase or a merge, by `merge-tree`.

Nothing of the clone is touched while this is found out, so a conflict leaves nothing to be put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import git, git_text
from afterpush.infra.git.merge_tree import Merging, TreeMerge, merge_trees
from afterpush.infra.git.objects import CommitText, read_commits, signs_commits, write_commit

Strategy = Literal["rebase", "merge"]


@dataclass(frozen=True)
class Divergence:
    """How the local commits relate to the remote's; `mine` are those it does not have, oldest first."""

    upstream: str
    head: str
    merge_base: str
    mine: tuple[str, ...]
    has_local_merges: bool

    @property
    def is_ahead(self) -> bool:
        """Whether there is anything to push."""
        return self.merge_base != self.head

    @property
    def is_behind(self) -> bool:
        """Whether the remote has what we do not have."""
        return self.merge_base != self.upstream


def choose(standing: Divergence, asked: Strategy, published_on: str | None) -> tuple[Strategy, str | None]:
    """What is done, and why it is not what was asked: what others may have is not rewritten."""
    if asked == "rebase" and standing.has_local_merges:
        return "merge", "your commits hold a merge, which a rebase would flatten"
    if asked == "rebase" and published_on:
        return "merge", f"your commits are published on {published_on}, so they are not rewritten"
    return asked, None


@dataclass(frozen=True)
class CommitConflict:
    """The first commit that does not fit, and the sentences for each of its paths in conflict."""

    commit: str
    subject: str
    paths: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Joined:
    """The commit that can be pushed, or the clash; `merged` are the documents that both sides had changed."""

    tip: str | None
    clash: CommitConflict | None = None
    merged: tuple[str, ...] = field(default=())


def stand(repo: Path, upstream: str, head: str, env: Mapping[str, str] | None = None) -> Divergence:
    """Compares both sides. Raises AfterpushError when they have no common history.

    A commit of ours whose change the remote has under another sha is not among `mine`.
    """
    base = git(repo, "merge-base", upstream, head, env=env)
    if base.code != 0:
        raise AfterpushError(
            f"{head[:7]} and the remote's {upstream[:7]} have no common history; is this the right remote?",
            ExitCode.BAD_ANSWER,
        )
    listed = git_text(
        repo,
        *("rev-list", "--reverse", "--topo-order", "--parents", "--cherry-pick", "--right-only"),
        f"{upstream}...{head}",
        doing="listing your commits",
        env=env,
    )
    commits = [line.split() for line in listed.splitlines()]
    return Divergence(
        upstream,
        head,
        base.text.strip(),
        mine=tuple(sha for sha, *_ in commits),
        has_local_merges=any(len(parents) > 1 for _, *parents in commits),
    )


def published_on(
    repo: Path, standing: Divergence, target_ref: str, env: Mapping[str, str] | None = None
) -> str | None:
    """Another remote branch than the target that holds the oldest of the local commits."""
    if not standing.mine:
        return None
    contains = f"--contains={standing.mine[0]}"
    done = git(repo, "for-each-ref", "--format=%(refname)", contains, "refs/remotes", env=env)
    others = [ref for ref in done.text.split() if ref != target_ref and not ref.endswith("/HEAD")]
    return others[0].removeprefix("refs/remotes/") if others else None


def join(repo: Path, standing: Divergence, strategy: Strategy, merging: Merging, title: str) -> Joined:
    """Puts our commits on top of the remote's, or merges the remote's into ours (message: `title`)."""
    if strategy == "merge":
        return _merge(repo, standing, merging, title)
    return _rebase(repo, standing, merging)


def _merge(repo: Path, standing: Divergence, merging: Merging, title: str) -> Joined:
    upstream, head = standing.upstream, standing.head
    merged = merge_trees(repo, head, upstream, options=merging.options, env=merging.env)
    if not merged.is_clean:
        return Joined(None, _clash(repo, upstream, merged, merging))
    tip = write_commit(
        repo, merged.tree, [head, upstream], f"{title}\n".encode(), sign=signs_commits(repo), env=merging.env
    )
    return Joined(tip, merged=_documents(merged, merging))


def _rebase(repo: Path, standing: Divergence, merging: Merging) -> Joined:
    """Replays the commits one by one; one that adds nothing any more is left out."""
    tip, merged_documents, signs = standing.upstream, set[str](), signs_commits(repo)
    onto, *texts = read_commits(repo, [standing.upstream, *standing.mine], env=merging.env)
    tree = onto.tree
    for commit, text in zip(standing.mine, texts, strict=True):
        # git before 2.40 takes no --merge-base: a commit with the tip's tree on the commit's own parent
        # makes that parent the merge base.
        stand_in = write_commit(repo, tree, text.parents[:1], b"stand-in\n", env=merging.env)
        merged = merge_trees(repo, stand_in, commit, options=merging.options, env=merging.env)
        if not merged.is_clean:
            return Joined(None, _clash(repo, commit, merged, merging))
        merged_documents |= set(_documents(merged, merging))
        if merged.tree == tree and not _was_empty(repo, text, merging):
            continue
        tip = write_commit(repo, merged.tree, [tip], text.message, like=text, sign=signs, env=merging.env)
        tree = merged.tree
    return Joined(tip, merged=tuple(sorted(merged_documents)))


def _was_empty(repo: Path, text: CommitText, merging: Merging) -> bool:
    """Whether a commit was made without a change, on purpose."""
    [parent] = read_commits(repo, text.parents[:1], env=merging.env)
    return parent.tree == text.tree


def _documents(merged: TreeMerge, merging: Merging) -> tuple[str, ...]:
    return tuple(path for path in merged.auto_merged if merging.is_document(path))


def _clash(repo: Path, commit: str, merged: TreeMerge, merging: Merging) -> CommitConflict:
    reasons: dict[str, tuple[str, ...]] = {}
    for path in merged.conflicted_paths:
        said = tuple(message for message in merged.messages if path in message)
        entry = next((entry for entry in merged.conflicts if entry.path == path), None)
        explained = merging.explained(repo, entry) if entry else ()
        reasons[path] = explained or said or ("git cannot merge it",)
    subject = git(repo, "show", "-s", "--format=%s", commit, "--", env=merging.env).text.strip()
    return CommitConflict(commit, subject, reasons)
