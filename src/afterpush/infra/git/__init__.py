"""Questions to git, each a small function with its own name; lists are read with -z."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import Completed, run
from afterpush.infra.secrets import OUR_SECRETS

# What git sets for its hooks, and what would send our commands to another repository or index.
_HOOK_VARIABLES = (
    "GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX GIT_OBJECT_DIRECTORY GIT_COMMON_DIR GIT_NAMESPACE "
    "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_QUARANTINE_PATH GIT_INTERNAL_GETTEXT_SH_SCHEME "
    "GIT_REFLOG_ACTION GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PUSH_OPTION_COUNT"
).split()


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what git sets inside hooks, with messages in English for parsing."""
    cleaned = dict(os.environ if environment is None else environment)
    for name in _HOOK_VARIABLES:
        cleaned.pop(name, None)
    cleaned["LC_MESSAGES"] = "C"
    cleaned["LANGUAGE"] = "C"
    if cleaned.pop("LC_ALL", ""):
        cleaned["LC_ALL"] = "C.UTF-8"
    return cleaned


def git(
    repo: Path,
    *arguments: str | os.PathLike[str],
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> Completed:
    """Runs git in `repo` with a clean environment plus `env`; the exit code is the caller's to read.

    It gets no secret of ours: what the team's hooks and helpers run below it needs none. Only a push of the
    user's branch keeps them (`push_commit`), for the watch that a hook may start.
    """
    own = {name: value for name, value in clean_environment().items() if name not in OUR_SECRETS}
    environment = own | dict(env or {})
    return run(("git", *arguments), cwd=repo, env=environment, input=input, timeout_seconds=timeout_seconds)


def git_bytes(
    repo: Path,
    *arguments: str | os.PathLike[str],
    doing: str,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """stdout of a git command that must succeed.

    Raises AfterpushError that says what was being `doing` and what git said.
    """
    done = git(repo, *arguments, input=input, env=env)
    if done.code != 0:
        raise AfterpushError(f"{doing} in {repo}: git says: {said_by(done)}")
    return done.stdout


def git_text(
    repo: Path,
    *arguments: str | os.PathLike[str],
    doing: str,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """The same as text, without the last newline; bytes that are not UTF-8 survive as surrogates."""
    told = git_bytes(repo, *arguments, doing=doing, input=input, env=env)
    return told.decode("utf-8", "surrogateescape").removesuffix("\n")


def said_by(done: Completed) -> str:
    """Why a git command failed, in git's own words: their first line."""
    lines = [line.removeprefix("fatal: ") for line in done.error_text.splitlines() if line.strip()]
    return lines[0] if lines else f"exit code {done.code}"


def top_level(folder: Path) -> Path:
    """The root of the worktree that holds `folder`. Raises AfterpushError outside a repository."""
    done = git(folder, "rev-parse", "--show-toplevel")
    if done.code != 0:
        raise AfterpushError(
            f"{folder} is in no git work tree; go to your repository, or name it: AFTERPUSH_REPO=/path/to/it"
            + (f" (git says: {done.error_text.splitlines()[0]})" if "dubious" in done.error_text else "")
        )
    return Path(done.text.removesuffix("\n"))


def pushed_repository(environment: Mapping[str, str], folder: Path) -> Path:
    """Where a hook that git runs in `folder` belongs to: the worktree's root, or a bare repository's folder.

    git runs it in the root, but not for `git --git-dir=R/.git push` from elsewhere or from inside `.git`:
    then GIT_DIR names the repository. Raises AfterpushError outside of one.
    """
    named = environment.get("GIT_DIR")
    if not named:
        try:
            return top_level(folder)
        except AfterpushError:
            named = git(folder, "rev-parse", "--absolute-git-dir").text.removesuffix("\n")
            if not named:
                raise
    if environment.get("GIT_WORK_TREE"):
        return (folder / environment["GIT_WORK_TREE"]).resolve()
    own = (folder / named).resolve()
    if (folder / ".git").is_file() and own_git_folder(folder).resolve() == own:
        return folder  # `git init --separate-git-dir`: nothing in that folder says where the worktree is.
    if (own / "gitdir").is_file():  # A linked worktree: the path of its .git file, relative since git 2.48.
        return (own / (own / "gitdir").read_text(encoding="utf-8").strip()).resolve().parent
    if own.name == ".git":
        return own.parent
    inside = git(own, "config", "--get", "core.worktree").text.strip()
    return (own / inside).resolve() if inside else own


def common_folder(repo: Path) -> Path:
    """The git directory that all worktrees share, absolute."""
    if (repo / ".git").is_dir():
        return repo / ".git"
    text = git_text(
        repo, "rev-parse", "--path-format=absolute", "--git-common-dir", doing="finding the git folder"
    )
    return Path(text)


def own_git_folder(repo: Path) -> Path:
    """The git directory of this worktree alone: HEAD, MERGE_HEAD and rebases under way lie there."""
    if (repo / ".git").is_dir():
        return repo / ".git"
    return Path(git_text(repo, "rev-parse", "--absolute-git-dir", doing="finding the git folder"))


def main_worktree(repo: Path) -> Path:
    """The root of the main worktree, whichever linked worktree `repo` is; of a bare one, `repo` itself."""
    if (repo / ".git").is_dir():
        return repo  # The usual case, without asking git: only linked worktrees and submodules have a file.
    if own_git_folder(repo) == common_folder(repo):
        return repo  # A submodule: git 2.39 lists its git folder as its worktree.
    listed = git_text(repo, "worktree", "list", "--porcelain", "-z", doing="listing the worktrees")
    main, *attributes = listed.split("\0\0", 1)[0].split("\0")
    return repo if "bare" in attributes else Path(main.removeprefix("worktree "))


def resolve_commit(repo: Path, revision: str) -> str:
    """The full sha of a revision. Raises AfterpushError when git does not know it."""
    done = git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.code != 0 or not revision:
        raise AfterpushError(f"git in {repo} knows no commit {revision!r}; fetch it, or check the spelling")
    return done.text.strip()


def commit_time(repo: Path, sha: str) -> float:
    """When the commit was committed, seconds since the epoch."""
    return commit_facts(repo, sha).committed_at


def is_ancestor(repo: Path, ancestor: str, descendant: str) -> bool:
    """Whether `descendant` contains `ancestor`; False when git here does not know one of them."""
    return git(repo, "merge-base", "--is-ancestor", ancestor, descendant).code == 0


def has_commits(repo: Path) -> bool:
    """Whether HEAD is a commit; not so in a repository that was only just made."""
    return git(repo, "rev-parse", "--verify", "--quiet", "HEAD").code == 0


def current_branch(repo: Path) -> str | None:
    """The branch that is checked out, or None when HEAD is detached."""
    done = git(repo, "symbolic-ref", "--quiet", "--short", "HEAD")
    return done.text.strip() if done.code == 0 else None


def remote_urls(repo: Path, remote: str, *, push: bool = False) -> list[str]:
    """The URLs of a remote (after `insteadOf`), empty when there is no such remote."""
    done = git(repo, "remote", "get-url", "--all", *(["--push"] if push else []), "--", remote)
    return done.text.splitlines() if done.code == 0 else []


def every_push_url(repo: Path, remote: str) -> list[str]:
    """The URLs that a remote is pushed to, as configured and, where that differs, after `insteadOf`."""
    listed = git(repo, "config", "--null", "--get-regexp", r"^remote\..*\.(push)?url$|^url\.").text
    entries = [entry.partition("\n")[::2] for entry in listed.split("\0")]
    named = [url for key, url in entries if key == f"remote.{remote}.pushurl"]
    urls = named or [url for key, url in entries if key == f"remote.{remote}.url"]
    is_rewritten = any(key.startswith("url.") for key, _ in entries)
    return urls + (remote_urls(repo, remote, push=True) if is_rewritten else [])


def config_value(repo: Path, key: str) -> str | None:
    """One configuration value (the last, as git itself takes it), or None when unset."""
    done = git(repo, "config", "--null", "--get", key)
    return done.text.removesuffix("\0") if done.code == 0 else None


def require_identity(repo: Path) -> None:
    """Raises AfterpushError when git could make no commit here, because it does not know who makes it."""
    done = git(repo, "var", "GIT_COMMITTER_IDENT")
    if done.code != 0:
        raise AfterpushError(
            f"git in {repo} does not know who commits; "
            "tell it with git config user.name NAME and git config user.email ADDRESS"
        )


@dataclass(frozen=True)
class CommitFacts:
    """Who made a commit, when (epoch seconds), and the first line of its message."""

    author: str
    committed_at: float
    subject: str


def commit_facts(repo: Path, sha: str) -> CommitFacts:
    """What people want to know of a commit."""
    # Not `git show`: it wants the tree, which a monitor on another machine was not given.
    shown = git_text(
        repo, "log", "-1", "--no-walk", "--format=%an%x00%ct%x00%s", sha, "--", doing=f"reading {sha[:7]}"
    )
    author, seconds, subject = shown.split("\0", 2)
    return CommitFacts(author, float(seconds), subject)


def is_pushed(repo: Path, remote: str, sha: str) -> bool:
    """Whether a tracking branch of the remote contains the commit; True where there is no such remote."""
    if not remote_urls(repo, remote):
        return True
    pattern = f"refs/remotes/{remote}/"
    done = git(repo, "for-each-ref", "--count=1", f"--contains={sha}", "--format=%(refname)", pattern)
    return done.code != 0 or bool(done.text.strip())
