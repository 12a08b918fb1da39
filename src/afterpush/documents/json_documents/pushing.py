"""The documents of `push`."""

from typing import Annotated, NotRequired, TypedDict


class Watch(TypedDict):
    pid: NotRequired[Annotated[int | None, "the monitor of the pushed commit"]]
    log_path: NotRequired[Annotated[str, "its log"]]
    reason: NotRequired[Annotated[str, "why nothing watches it; then `pid` and `log_path` are absent"]]


class Push(TypedDict):
    pushed: Annotated[bool, "whether the remote has the commit"]
    sha: Annotated[str, "full sha of what was pushed, else of where the branch is"]
    attempts: Annotated[int, "pushes that were tried"]
    resolved: Annotated[list[str], "paths that were merged by their meaning"]
    unresolved: Annotated[list[str], "paths in conflict"]
    reasons: Annotated[dict[str, list[str]], "why each of them is, by path"]
    conflicting_commit: Annotated[str | None, "full sha of the commit that does not fit; null otherwise"]
    remote: Annotated[str, "the remote's name"]
    branch: Annotated[str, "the remote's branch"]
    commits: Annotated[int, "how many commits went out"]
    recovery_ref: Annotated[str | None, "a ref that keeps the branch as it was; null when it did not move"]
    message: Annotated[str, "one sentence for people"]
    dry_run: Annotated[bool, "whether nothing was to be changed"]
    watch: Annotated[Watch | None, "who watches the deployment; null when nothing was pushed"]


class Prediction(TypedDict):
    behind: Annotated[int, "commits that the remote has and we do not"]
    ahead: Annotated[int, "commits that we have and the remote does not"]
    conflicts: Annotated[list[str], "paths that would be in conflict"]
    reasons: Annotated[dict[str, list[str]], "why each of them would, by path"]
    conflicting_commit: Annotated[str | None, "full sha of the commit that does not fit; null otherwise"]
    resolved: Annotated[list[str], "paths that would be merged by their meaning"]
    remote: Annotated[str, "the remote's name"]
    branch: Annotated[str, "the remote's branch"]
    sha: Annotated[str, "full sha of where the branch is"]


DOCUMENTS: dict[str, object] = {"push": Push, "push.run": Push, "push.check": Prediction}
