"""Refs here and on a remote: where a branch is tracked, and what a remote really has."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import git, git_text, remote_urls, said_by

# Nobody sits in front of a background process: whatever would ask must fail instead.
NEVER_ASK = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
}


def ref_value(repo: Path, ref: str) -> str | None:
    """The sha that a full ref name points to, or None when there is no such ref."""
    done = git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", ref)
    return done.text.strip() if done.code == 0 else None


def refs_here(repo: Path, prefix: str) -> dict[str, str]:
    """The refs of this clone below a prefix such as `refs/heads/`, by full name, with what they point to."""
    words = ("for-each-ref", "--format=%(objectname) %(refname)", prefix)
    pairs = (line.split(" ", 1) for line in git_text(repo, *words, doing="listing the branches").splitlines())
    return {ref: sha for sha, ref in pairs}


@dataclass(frozen=True)
class Move:
    """A move of a tracking ref: where to, when (epoch seconds), and whether a push of ours did it."""

    sha: str
    at: float
    is_push: bool


def moves_noted(repo: Path, tracking: str, *, newest: int = 50) -> list[Move]:
    """What git noted in the log of a tracking ref, newest first.

    git writes "update by push" there when the remote took it (send-pack.c), in English always.
    """
    words = (
        "log",
        "--walk-reflogs",
        f"-{newest}",
        "--date=unix",
        "--format=%H%x00%gd%x00%gs",
        tracking,
        "--",
    )
    done = git(repo, *words)
    noted = (line.split("\0") for line in done.text.splitlines() if line.count("\0") == 2)
    return [
        Move(sha, float(name.rpartition("{")[2].rstrip("}")), said == "update by push")
        for sha, name, said in noted
    ]


def pushes_noted(repo: Path, tracking: str, *, newest: int = 8) -> list[tuple[str, float]]:
    """The landed pushes that moved a tracking ref: shas and epoch seconds, newest first."""
    return [(move.sha, move.at) for move in moves_noted(repo, tracking, newest=newest) if move.is_push]


def tracking_ref(repo: Path, remote: str, ref: str) -> str | None:
    """The ref here that follows `ref` of the remote, by `remote.NAME.fetch`; None when nothing does."""
    return tracked_by(_fetch_refspecs(repo, remote), ref)


def followed_ref(repo: Path, remote: str, tracking: str) -> str | None:
    """The remote's ref that the ref `tracking` here follows; None when it follows none."""
    turned = [":".join(reversed(spec.removeprefix("+").split(":"))) for spec in _fetch_refspecs(repo, remote)]
    return tracked_by(turned, tracking)


def _fetch_refspecs(repo: Path, remote: str) -> list[str]:
    done = git(repo, "config", "--null", "--get-all", f"remote.{remote}.fetch")
    return [spec for spec in done.text.split("\0") if spec]


def tracked_by(fetch_refspecs: Sequence[str], ref: str) -> str | None:
    """Where the refspecs put a ref of the remote (git-fetch(1), "CONFIGURED REMOTE-TRACKING BRANCHES")."""
    for refspec in fetch_refspecs:
        source, _, target = refspec.removeprefix("+").partition(":")
        if target and source == ref:
            return target
        before, star, after = source.partition("*")
        is_inside = ref.startswith(before) and ref.endswith(after) and len(ref) >= len(before) + len(after)
        if target and star and is_inside:
            return target.replace("*", ref[len(before) : len(ref) - len(after)], 1)
    return None


def asked_of_remote(
    repo: Path, remote: str, refs: Sequence[str], *, timeout_seconds: float
) -> dict[str, str]:
    """The shas that these refs have at the remote's push URL now, by one `git ls-remote`.

    Nothing is asked of the user. Raises AfterpushError (unreachable) when the remote does not answer.
    """
    name, env = _push_side(repo, remote)
    found = listed_by_remote(repo, remote, refs, env, asks=name, timeout_seconds=timeout_seconds)
    return {ref: found[ref] for ref in refs if ref in found}


def listed_by_remote(
    repo: Path,
    remote: str,
    patterns: Sequence[str],
    env: Mapping[str, str],
    *,
    asks: str | None = None,
    timeout_seconds: float | None = None,
) -> dict[str, str]:
    """The remote's refs that match, with their shas. `asks` is what git is to ask in the remote's place.

    Raises AfterpushError (unreachable) when there is no answer.
    """
    done = git(repo, "ls-remote", "--", asks or remote, *patterns, env=env, timeout_seconds=timeout_seconds)
    if done.code != 0:
        raise AfterpushError(
            f"asking {remote} for its branches: git says: {said_by(done)}; "
            "check the network, the URL and your access",
            ExitCode.UNREACHABLE,
        )
    pairs = (line.split("\t", 1) for line in done.text.splitlines() if "\t" in line)
    return {ref: sha for sha, ref in pairs}


def _push_side(repo: Path, remote: str) -> tuple[str, dict[str, str]]:
    """The remote to ask and the environment for it. `git ls-remote NAME` would ask the fetch URL; a URL
    of its own for pushing is given as configuration in the environment, never in an argument list."""
    push_urls = remote_urls(repo, remote, push=True)
    fetched = remote_urls(repo, remote)[:1]
    if not push_urls or (fetched and fetched[0] in push_urls):  # Of several, the one that is fetched from.
        return remote, dict(NEVER_ASK)
    name = "afterpush-push-side"
    return name, NEVER_ASK | configured(os.environ, {f"remote.{name}.url": push_urls[0]})


def configured(environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Variables that add configuration for one git command, after those that are there (git-config(1))."""
    count = int(environment.get("GIT_CONFIG_COUNT") or 0)
    added: dict[str, str] = {"GIT_CONFIG_COUNT": str(count + len(values))}
    for index, (key, value) in enumerate(values.items(), start=count):
        added |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return added


def is_same_place(one: str, other: str, base: Path) -> bool:
    """Whether two URLs or paths of a remote name one repository; `base` is where relative paths start."""
    return _place(one, base) == _place(other, base)


def _place(url: str, base: Path) -> str:
    is_path = "://" not in url and (":" not in url.split("/", 1)[0])
    if url.startswith("file://") or is_path:
        url = os.path.realpath(base / re.sub(r"^file://(localhost(?=/))?", "", url))
    else:
        url = _without_user(url)
    return url.rstrip("/").removesuffix(".git").rstrip("/")


def _without_user(url: str) -> str:
    """A URL without the user and password before its host; `git@host:path` keeps its user."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.rpartition('@')[2].lower()}{slash}{path}"
