"""What a push would meet now: `push.check` and `inv push --dry-run`. Nothing of the clone is touched."""

from collections.abc import Mapping
from dataclasses import replace

from afterpush.infra.errors import ExitCode
from afterpush.infra.git import current_branch, git, resolve_commit
from afterpush.infra.git.fetch_push import fetch_without_trace
from afterpush.infra.git.local_changes import tracked_changes
from afterpush.infra.git.objects import scratch_objects
from afterpush.infra.git.remotes import require_remote
from afterpush.push.outcome import Prediction, PushResult
from afterpush.push.preflight import branch_to_push, refuse_dirty
from afterpush.push.rebase_or_merge import choose, join, published_on, stand
from afterpush.push.request import PushContext, PushRequest


def predict(order: PushRequest, context: PushContext) -> Prediction:
    """Asks the remote and merges in a scratch object store. Raises AfterpushError (unreachable)."""
    repo, target = context.repo, order.target
    require_remote(repo, target.remote)
    head = resolve_commit(repo, "HEAD")
    with scratch_objects(repo) as scratch:
        merging = replace(context.merging, env=scratch)
        upstream = fetch_without_trace(repo, target, scratch)
        if upstream is None:
            return Prediction(target, 0, _count(context, head), head, note=f"{target} does not exist yet")
        standing = stand(repo, upstream, head, env=scratch)
        ahead, behind = (
            _count(context, f"{upstream}..{head}", scratch),
            _count(context, f"{head}..{upstream}", scratch),
        )
        if not standing.is_ahead or not standing.is_behind:
            return Prediction(target, behind, ahead, head)
        other = published_on(repo, standing, target.tracking_ref, env=scratch)
        strategy, why = choose(standing, order.strategy, other)
        joined = join(repo, standing, strategy, merging, "prediction")
        note = f"would merge instead of rebase: {why}" if why else None
        return Prediction(target, behind, ahead, head, joined.merged, joined.clash, note)


def _count(context: PushContext, span: str, env: Mapping[str, str] | None = None) -> int:
    return int(git(context.repo, "rev-list", "--count", span, env=env).text or 0)


def dry_run(order: PushRequest, context: PushContext) -> PushResult:
    """What `push` would do, with its refusals. Raises AfterpushError as `push` does."""
    branch_to_push(context.repo, order.target)
    if not order.autostash:
        refuse_dirty(tracked_changes(context.repo))
    seen = predict(order, context)
    return PushResult(
        order.target,
        seen.sha,
        pushed=False,
        attempts=0,
        message=_message(seen, current_branch(context.repo) or "HEAD", order),
        exit_code=ExitCode.BAD_ANSWER if seen.clash else ExitCode.GOOD,
        commits=seen.ahead,
        resolved=seen.resolved,
        clash=seen.clash,
        dry_run=True,
    )


def _message(seen: Prediction, branch: str, order: PushRequest) -> str:
    if seen.clash:
        return f"dry run: {branch} and {order.target} are in conflict"
    if not seen.ahead:
        return f"dry run: nothing to push: {branch} is in {order.target}"
    onto = f", on top of {seen.behind} of theirs" if seen.behind else ""
    check = f", after {order.check!r}" if order.check else ""
    return f"dry run: would push {seen.ahead} of your commits to {order.target}{onto}{check}"
