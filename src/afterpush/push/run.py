"""`inv push`: fetch, put together, check, push; on a lost race again; on a real conflict as before."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from afterpush.infra.clock import rfc3339
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import git, git_text, is_ancestor, own_git_folder, resolve_commit
from afterpush.infra.git.fetch_push import (
    Target,
    fetch_branch,
    forget_fetched,
    look_at_branch,
    push_commit,
)
from afterpush.infra.git.leases import PushAnswer, PushVerdict
from afterpush.infra.git.local_changes import tracked_changes
from afterpush.push.backoff import backoff_seconds, wait_for_quiet
from afterpush.push.branch_state import BranchState
from afterpush.push.check import run_check
from afterpush.push.journal import PushJournal
from afterpush.push.outcome import PushResult
from afterpush.push.preflight import branch_to_push, refuse_dirty
from afterpush.push.queue import turn, worktree_lock
from afterpush.push.rebase_or_merge import (
    CommitConflict,
    Divergence,
    Strategy,
    choose,
    join,
    published_on,
    stand,
)
from afterpush.push.recovery import recover
from afterpush.push.request import PushContext, PushRequest

RECOVERY_PREFIX = "refs/afterpush/before-push"
KEPT_RECOVERY_REFS = 10


def push(order: PushRequest, context: PushContext) -> PushResult:
    """Gets the branch's commits onto the target, or leaves the clone exactly as it was.

    Raises AfterpushError for what cannot be tried (dirty tree, detached HEAD, unreachable remote).
    """
    repo = context.repo
    with worktree_lock(context):
        journal = PushJournal(context.state / f"journal-{own_git_folder(repo).name.lstrip('.')}.json")
        for sentence in recover(repo, journal):
            context.note(sentence)
        branch = branch_to_push(repo, order.target)
        changes = tracked_changes(repo)
        if not order.autostash:
            refuse_dirty(changes)
        ref = f"refs/heads/{branch}"
        with turn(context, order.target):
            at, options = resolve_commit(repo, ref), context.merging.options
            state = BranchState(repo, ref, at, journal, context.note, options, is_clean=not changes)
            with _put_back_on_failure(state):
                return _Pushing(order, context, state, branch).run()


@contextmanager
def _put_back_on_failure(state: BranchState) -> Iterator[None]:
    try:
        yield
    except BaseException:
        state.put_back()
        raise
    finally:
        forget_fetched(state.repo)


@dataclass
class _Pushing:
    """One run: the attempts with what they learned."""

    order: PushRequest
    context: PushContext
    state: BranchState
    branch: str
    attempts: int = 0
    resolved: set[str] = field(default_factory=set)
    recovery_ref: str | None = None
    strategy: Strategy | None = None

    @property
    def target(self) -> Target:
        return self.order.target

    def run(self) -> PushResult:
        clock = self.context.clock
        while True:
            began = clock.monotonic()
            upstream = fetch_branch(self.context.repo, self.target)
            joined = self._join(upstream) if upstream else self.state.original
            if isinstance(joined, PushResult):
                return joined
            outcome = self._attempt(joined, upstream)
            if outcome is not None:
                return outcome
            self._wait(clock.monotonic() - began)

    def _wait(self, attempt_seconds: float) -> None:
        chance, repo = self.context.random, self.context.repo
        longest = backoff_seconds(self.attempts, self.order.attempts, attempt_seconds, chance())
        look = functools.partial(look_at_branch, repo, self.target)
        wait_for_quiet(self.context.clock, longest, attempt_seconds, chance(), look)

    def _join(self, upstream: str) -> str | PushResult:
        """The commit to push; an outcome when there is none: a conflict, or nothing to push."""
        repo, original = self.context.repo, self.state.original
        standing = stand(repo, upstream, original)
        if not standing.is_ahead:
            return self._nothing(f"nothing to push: {self.branch} is in {self.target}")
        if not standing.is_behind:
            return original
        self._keep_original()
        title = f"Merge {self.target} into {self.branch}"
        joined = join(repo, standing, self._strategy(standing), self.context.merging, title)
        self.resolved |= set(joined.merged)
        if joined.tip is None:
            assert joined.clash is not None
            return self._conflict(joined.clash)
        if joined.tip == upstream:
            refused = self.state.move(upstream, f"afterpush push: {self.target} has these changes already")
            if refused:
                return self._in_the_way(refused)
            return self._nothing(f"nothing to push: {self.target} has the changes of {self.branch} already")
        return joined.tip

    def _strategy(self, standing: Divergence) -> Strategy:
        """Chosen at the first attempt; what the branch holds does not change in between."""
        if self.strategy is None:
            other = published_on(self.context.repo, standing, self.target.tracking_ref)
            self.strategy, why = choose(standing, self.order.strategy, other)
            if why:
                self.context.note(f"merging instead of rebasing: {why}")
        return self.strategy

    def _nothing(self, message: str) -> PushResult:
        moved = self.state.at != self.state.original
        self.state.finish()
        return self._outcome(message, pushed=False, sha=self.state.at if moved else self.state.original)

    def _attempt(self, tip: str, upstream: str | None) -> PushResult | None:
        """Checks and pushes one commit; None after a lost race that may be tried again."""
        self.attempts += 1
        refused = self.state.move(tip, f"afterpush push: onto {self.target}")
        if refused:
            return self._in_the_way(refused)
        if self.order.check:
            self.state.clear()
            failed = run_check(
                self.context.repo, self.order.check, self.context.check_environment, self.context.note
            )
            if failed:
                return self._failure(f"the check failed, nothing was pushed: {failed}")
        answer = push_commit(self.context.repo, tip, self.target)
        if answer.verdict is PushVerdict.NO_ANSWER:
            answer = self._proved(answer, tip)
        match answer.verdict:
            case PushVerdict.LANDED:
                return self._landed(tip, upstream)
            case PushVerdict.LOST_RACE if self.attempts < self.order.attempts:
                self.context.note(f"{self.target} moved meanwhile ({answer.message}): again")
                return None
            case PushVerdict.LOST_RACE:
                return self._failure(
                    f"lost {self.attempts} races for {self.target}; nothing was pushed: "
                    "run it again, or raise --attempts"
                )
            case _:
                return self._failure(f"{self.target.remote} refused the push: {answer.message}")

    def _proved(self, answer: PushAnswer, tip: str) -> PushAnswer:
        """The connection broke: whether the commit landed only the remote can tell."""
        try:
            now = fetch_branch(self.context.repo, self.target)
        except AfterpushError as error:
            raise AfterpushError(
                f"pushing to {self.target}: {answer.message}; whether it landed is unknown: run it again",
                ExitCode.UNREACHABLE,
            ) from error
        if now and is_ancestor(self.context.repo, tip, now):
            return PushAnswer(PushVerdict.LANDED)
        return replace(answer, verdict=PushVerdict.REFUSED)

    def _landed(self, tip: str, upstream: str | None) -> PushResult:
        self.state.finish()
        self._forget_old_ones()
        span = f"{upstream}..{tip}" if upstream else tip
        count = int(git(self.context.repo, "rev-list", "--count", span).text or 0)
        plural = "commit" if count == 1 else "commits"
        tries = "" if self.attempts == 1 else f", after {self.attempts - 1} lost"
        message = f"pushed {tip[:7]} to {self.target} ({count} {plural}{tries})"
        return replace(self._outcome(message, pushed=True, sha=tip), commits=count)

    def _conflict(self, clash: CommitConflict) -> PushResult:
        self._keep_original()
        outcome = self._failure(
            f"{self.branch} and {self.target} are in conflict; nothing was pushed or changed"
        )
        return replace(outcome, clash=clash)

    def _in_the_way(self, refused: str) -> PushResult:
        return self._failure(
            f"nothing was pushed: git says: {refused}; move that out of the way and push again"
        )

    def _failure(self, message: str) -> PushResult:
        self.state.put_back()
        self._forget_old_ones()
        return self._outcome(message, pushed=False, sha=self.state.original, code=ExitCode.BAD_ANSWER)

    def _outcome(self, message: str, *, pushed: bool, sha: str, code: ExitCode = ExitCode.GOOD) -> PushResult:
        return PushResult(
            self.target,
            sha,
            pushed,
            self.attempts,
            message,
            code,
            resolved=tuple(sorted(self.resolved)),
            recovery_ref=self.recovery_ref,
        )

    def _keep_original(self) -> None:
        """A ref on the commit where the branch was: to go back to, and so that git keeps it."""
        if self.recovery_ref:
            return
        stamp = rfc3339(self.context.clock.now()).replace(":", "").replace("-", "").replace(".", "")
        self.recovery_ref = f"{RECOVERY_PREFIX}/{self.branch}/{stamp}"
        git_text(
            self.context.repo,
            *("update-ref", self.recovery_ref, self.state.original),
            doing="keeping a recovery ref",
        )

    def _forget_old_ones(self) -> None:
        prefix = f"{RECOVERY_PREFIX}/{self.branch}/"
        listed = git(self.context.repo, "for-each-ref", "--format=%(refname)", "--sort=-refname", prefix)
        for ref in listed.text.split()[KEPT_RECOVERY_REFS:]:
            git(self.context.repo, "update-ref", "-d", ref)
