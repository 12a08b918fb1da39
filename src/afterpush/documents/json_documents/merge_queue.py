"""The documents of `queue.*`."""

from typing import Annotated, Literal, TypedDict

STATES = Literal["queued", "checking", "landed", "evicted", "conflict", "flaky", "removed"]


class Branch(TypedDict):
    branch: str
    sha: Annotated[str, "full sha of the branch, as it is queued or was judged"]
    state: Annotated[STATES, "`flaky`: landed, after a check that was red, then green on the same tree"]
    reason: Annotated[str, "a sentence: the conflict, or the check and the smallest set that fails with it"]
    checks: Annotated[int, "check runs that it was part of"]
    landed_sha: Annotated[str | None, "full sha of its commit on main; null until it has landed"]
    verdict: Annotated[str | None, "the verdict on the deployment it landed with; null where nobody watches"]
    author: Annotated[str, "the author of its last commit"]
    priority: Annotated[int, "lower ones land first"]
    landed_at: Annotated[str | None, "RFC 3339; null until it has landed"]
    verdict_at: Annotated[str | None, "when the watch ended, RFC 3339; null before"]
    verdict_message: Annotated[str | None, "the verdict as a sentence"]
    log: Annotated[str | None, "path of the log of the failed check; null without one"]


class Queue(TypedDict):
    branches: list[Branch]
    check_runs: Annotated[int, "check runs since the queue was last empty"]
    flaky_checks: Annotated[int, "trees on which the check was red and then green"]
    running: Annotated[bool, "whether a queue.run is at work in this clone"]
    message: Annotated[str, "why branches wait that nothing can be done for; empty otherwise"]
    dry_run: bool


DOCUMENTS: dict[str, object] = {
    "queue.add": Queue,
    "queue.run": Queue,
    "queue.status": Queue,
    "queue.remove": Queue,
}
