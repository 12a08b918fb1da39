"""Changing refs of a remote only from the value that one knows, and reading many of them at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import git
from afterpush.infra.git.refs import NEVER_ASK, listed_by_remote
from afterpush.infra.git.remotes import require_remote

ABSENT = ""


@dataclass(frozen=True)
class Change:
    """A ref of the remote to be moved to `new`, or removed (`ABSENT`).

    With `expected` the remote refuses unless the ref is exactly there; None: fast-forward only.
    """

    ref: str
    new: str
    expected: str | None = None


class PushVerdict(Enum):
    """How a push ended."""

    LANDED = "landed"
    LOST_RACE = "lost race"
    REFUSED = "refused"
    NO_ANSWER = "no answer"


@dataclass(frozen=True)
class PushAnswer:
    """What became of a push; `message` is the gist of a refusal, `said` all that git and the server said."""

    verdict: PushVerdict
    message: str = ""
    said: str = ""

    @property
    def landed(self) -> bool:
        return self.verdict is PushVerdict.LANDED

    @property
    def is_rejected(self) -> bool:
        """Whether the remote answered, and said no."""
        return self.verdict in (PushVerdict.LOST_RACE, PushVerdict.REFUSED)


# Said of each ref in the C locale: " ! [remote rejected] main -> main (reason)".
_REJECTED = re.compile(r"^ ! \[(?:remote )?rejected\].*\((?P<why>.*)\)$", re.MULTILINE)
# Somebody else's push to the same ref had the lock, or ended between our look and our write.
_RACES = re.compile(
    r"fetch first|non-fast-forward|stale info|cannot lock ref|incorrect old value|reference already exists"
    r"|fail(?:ed)? to (?:lock|update)"
)
_MOST_LINES = 5


def judge_push(code: int, said: str) -> PushAnswer:
    """What the exit code and the words of `git push` mean (git 2.39 to 2.47)."""
    if code == 0:
        return PushAnswer(PushVerdict.LANDED, said=said)
    reasons = [rejected["why"] for rejected in _REJECTED.finditer(said)]
    if raced := next(filter(_RACES.search, reasons), None):
        return PushAnswer(PushVerdict.LOST_RACE, raced, said)
    if reasons or code == 1:
        return PushAnswer(PushVerdict.REFUSED, _servers_words(said, reasons) or said, said)
    return PushAnswer(PushVerdict.NO_ANSWER, said.splitlines()[0] if said else f"exit code {code}", said)


def _servers_words(said: str, reasons: Sequence[str]) -> str:
    """The first lines that the server's hook wrote, and git's reason."""
    lines = (line.removeprefix("remote:").strip() for line in said.splitlines() if line.startswith("remote:"))
    return " | ".join([*list(filter(None, lines))[:_MOST_LINES], *reasons[:1]])


def push_changes(
    repo: Path, remote: str, changes: Sequence[Change], *, with_hooks: bool = False
) -> PushAnswer:
    """Makes all changes of the remote's refs or none (`--atomic`). Never asks the user anything."""
    leases = [
        f"--force-with-lease={change.ref}:{change.expected}"
        for change in changes
        if change.expected is not None
    ]
    done = git(
        repo,
        "push",
        "--quiet",
        *(["--atomic"] if len(changes) > 1 else []),
        *([] if with_hooks else ["--no-verify"]),
        *leases,
        "--",
        remote,
        *(f"{change.new}:{change.ref}" for change in changes),
        env=NEVER_ASK,
    )
    return judge_push(done.code, done.error_text)


def remote_refs(repo: Path, remote: str, *patterns: str) -> dict[str, str]:
    """The remote's refs that match, with their shas. Raises AfterpushError (unreachable) without answer."""
    require_remote(repo, remote)
    return listed_by_remote(repo, remote, patterns, NEVER_ASK)


def fetched_refs(
    repo: Path, remote: str, *patterns: str, needed: Callable[[str], bool] = lambda ref: True
) -> dict[str, str]:
    """The same, and the commits of those that are `needed` are known here then. Raises AfterpushError.

    Git lists refs in one exchange and fetches them, by name, in the next. A ref that somebody moves or
    removes in between cannot be fetched as it was listed: the list is read again then.
    """
    refs = remote_refs(repo, remote, *patterns)
    while True:
        try:
            fetch_all_objects(repo, remote, {ref: sha for ref, sha in refs.items() if needed(ref)})
            return refs
        except AfterpushError:
            listed, refs = refs, remote_refs(repo, remote, *patterns)
            if refs == listed:
                raise


def fetch_objects(repo: Path, remote: str, ref: str, sha: str, *, env: Mapping[str, str] = NEVER_ASK) -> None:
    """Makes the objects of a commit known here; no ref is written. Raises AfterpushError (unreachable)."""
    fetch_all_objects(repo, remote, {ref: sha}, env=env)


def fetch_all_objects(
    repo: Path, remote: str, shas: Mapping[str, str], *, env: Mapping[str, str] = NEVER_ASK
) -> None:
    """The same for many refs of the remote, by their names, in one exchange."""
    missing = _missing(repo, shas, env)
    if not missing:
        return
    done = git(
        repo,
        *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--no-auto-maintenance"),
        *("--no-recurse-submodules", "--stdin", "--", remote),
        input="".join(f"{ref}\n" for ref in missing).encode(),
        env=env,
    )
    still = _missing(repo, missing, env)
    if done.code != 0 or still:
        ref, sha = next(iter((still or missing).items()))
        raise AfterpushError(
            f"fetching {ref} from {remote}: git says: {done.error_text or f'{sha[:7]} is gone'}",
            ExitCode.UNREACHABLE,
        )


def _missing(repo: Path, shas: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """Those whose commit git here does not have."""
    asked = "".join(f"{sha}^{{commit}}\n" for sha in shas.values()).encode()
    said = git(repo, "cat-file", "--batch-check", input=asked, env=env).text.splitlines()
    return {ref: shas[ref] for ref, line in zip(shas, said, strict=True) if line.endswith(" missing")}
