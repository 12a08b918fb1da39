"""The App Platform API as a source: what it shows of a commit, with few and small requests.

The app itself tells its pending, in-progress and active deployment. The list is read for what lies behind; in
an app with very many deployments it answers 524 (terraform-provider-digitalocean#1466), so a list that fails
is no failed look.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from afterpush.deploy.watch.deploy_on_push import Past, outlook
from afterpush.deploy.watch.deployment_choice import SETTLED_AFTER_SECONDS, Shown, speaks
from afterpush.deploy.watch.facts import Fact, NotYet, RolledBack, Seen, Serving, Vanished
from afterpush.deploy.watch.kinship import KnownPush
from afterpush.deploy.watch.sources.deployment_list import DeploymentList
from afterpush.deploy.watch.sources.ranked import SourceFailure
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.deployed_commits import Carried, Kin, Ours, carried
from afterpush.digitalocean.deployment import App, Deployment, read_app, read_deployment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.digitalocean.steps import Phase, phase_of
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError, ExitCode

# Clocks of committers are off by minutes, not hours; a deployment older than that is not of this commit.
COMMIT_CLOCK_SLACK_SECONDS = 3600.0
STALE_SECONDS = 1.0
_SKEW_SECONDS = 2.0  # A Date header is as exact as that.


@dataclass(frozen=True)
class Commit:
    """What is looked for: a full sha, when it was committed (epoch seconds), and with which push it came."""

    sha: str
    committed_at: float
    kin: Kin
    push: KnownPush | None = None
    pushed_at: Callable[[str], float | None] = lambda sha: None


class PlatformSource:
    """Asks the API: looks at the app until a deployment of the commit is there, then gets just that one."""

    name = "platform"
    is_authority = True

    def __init__(self, api: AppPlatform, wanted: Wanted, commit: Commit, clock: Clock) -> None:
        self.api = api
        self.wanted = wanted
        self._commit = commit
        self._clock = clock
        self.app: App | None = None
        self._followed: str | None = None
        self._known: dict[str, Deployment] = {}
        self._list = DeploymentList(clock)
        self._failed_after_the_end = False
        self._unsettled_since: float | None = None

    def look(self) -> Fact:
        """One look. Raises SourceFailure; AfterpushError (exit 2) when the app cannot be determined."""
        try:
            return self._look()
        except ApiFailure as failure:
            raise SourceFailure(
                str(failure), is_refused=failure.is_refused, retry_after_seconds=failure.retry_after_seconds
            ) from failure
        except ValueError as error:
            raise SourceFailure(f"the platform's answer is unusable: {error}") from error

    def look_or_raise(self) -> Fact:
        """One look for a command that needs the answer now. Raises AfterpushError when there is none."""
        try:
            return self.look()
        except SourceFailure as failure:
            raise AfterpushError(str(failure), ExitCode.UNREACHABLE) from failure

    def own_deployment(self) -> Deployment | None:
        """One look for the deployment of the commit itself, also where another speaks for it; else of the one
        that contains it; None where there is none. Raises AfterpushError when nobody answers.
        """
        return _deployment_of(self.look_or_raise())

    def phase(self) -> str | None:
        """The phase of the commit's deployment now; None when it is not known."""
        try:
            deployment = _deployment_of(self.look())
        except SourceFailure:
            return None
        return deployment.phase if deployment else None

    def _look(self) -> Fact:
        if self._followed is None:
            self._read_app()
            return self._word()
        followed = self._read_followed(self._followed)
        if followed is None:
            return Vanished(self.name)
        if not phase_of(followed.phase).is_final:
            return Seen(self.name, followed)
        if followed.phase == Phase.ACTIVE and self._carried(followed).is_ours:
            return Seen(self.name, followed)
        return self._word_at_the_end(followed)

    def _word_at_the_end(self, followed: Deployment) -> Fact:
        """What has ended stays known when the answers around it fail: once it is asked for again."""
        try:
            self._read_app()
        except (ApiFailure, ValueError):
            if not self._failed_after_the_end:
                self._failed_after_the_end = True
                return Seen(self.name, followed, is_settled=False)
        if followed.phase != Phase.ERROR:  # What took its place may be over already.
            self._list.is_due_at_once()
        return self._word()

    def _word(self) -> Fact:
        """What is known now says; the list is read where that may say more."""
        assert self.app
        said = speaks(self._shown(self.app))
        is_under_way = (
            isinstance(said, Seen)
            and said.contained_in is None
            and not phase_of(said.deployment.phase).is_final
        )
        if not is_under_way and self._list.is_due:
            began = self._clock.monotonic()
            self._read_list(self.app)
            if self._clock.monotonic() - began > STALE_SECONDS:  # It hung: much may have happened meanwhile.
                self._read_app()
            said = speaks(self._shown(self.app))
        if isinstance(said, NotYet):
            return self._not_yet(self.app, said)
        if not isinstance(said, Seen):
            return said
        if said.contained_in is None:
            self._followed = said.deployment.id
        return self._settled(said)

    def _settled(self, said: Seen) -> Seen:
        """A cancelation that was looked at for long enough is settled, whatever the platform's clock says."""
        now = self._clock.monotonic()
        if said.is_settled or self._unsettled_since is None:
            self._unsettled_since = None if said.is_settled else now
            return said
        return replace(said, is_settled=now - self._unsettled_since >= SETTLED_AFTER_SECONDS)

    def _not_yet(self, app: App, said: NotYet) -> NotYet:
        past = Past(self._in_order(), self._carried, self._commit.pushed_at, is_known=not self._list.trouble)
        expected = outlook(app, self._ours(app), past)
        doubts = (said.doubt, expected.doubt, self._list.trouble)
        return replace(expected, doubt="; ".join(filter(None, doubts)) or None, standing=said.standing)

    def _shown(self, app: App) -> Shown:
        skew = self.api.clock_skew_seconds or 0.0
        skew = skew if abs(skew) > _SKEW_SECONDS else 0.0
        push = self._commit.push
        return Shown(
            self._in_order(),
            app.active_deployment.id if app.active_deployment else None,
            app.spec,
            self._carried,
            self._clock.now() - skew,
            push.since - skew if push else None,
        )

    def _in_order(self) -> list[Deployment]:
        return sorted(self._known.values(), key=lambda deployment: deployment.created or 0)

    def _carried(self, deployment: Deployment) -> Carried:
        assert self.app
        return carried(deployment, self._ours(self.app), self.app.spec, self._commit.kin)

    def _ours(self, app: App) -> Ours:
        """What to insist on: no name where the app names no repository that we know as ours.

        A configured app may be built from a mirror or under a new name; the full sha still proves the commit.
        """
        sources = {
            component.source.repo.lower()
            for component in (app.spec.components if app.spec else ())
            if component.source and component.source.repo
        }
        repos = self.wanted.repos if sources & self.wanted.repos else frozenset[str]()
        return Ours(repos, self.wanted.branches)

    def _read_app(self) -> None:
        """Reads the app, and with it the deployments that it tells."""
        if self.app is None:
            self.app = read_app(find_app(self.api, self.wanted))
        else:
            self.app = read_app(self.api.get(path_of("apps", self.app.id)).get("app"))
        self._remember(self.app.deployments[::-1])

    def _read_followed(self, deployment_id: str) -> Deployment | None:
        assert self.app
        try:
            answer = self.api.get(path_of("apps", self.app.id, "deployments", deployment_id))
        except ApiFailure as failure:
            if failure.is_missing:
                return None
            raise
        found = read_deployment(answer.get("deployment"))
        self._remember([found])
        return found

    def _remember(self, deployments: Sequence[Deployment]) -> None:
        self._known |= {deployment.id: deployment for deployment in deployments}

    def _read_list(self, app: App) -> None:
        known = frozenset(self._known)
        read = partial(self.api.pages, path_of("apps", app.id, "deployments"), "deployments")
        for page in self._list.pages(read):
            self._remember([one for one in page[::-1] if one.id not in known])
            goes_on_with_known = self._list.is_read and not known.isdisjoint({one.id for one in page})
            if goes_on_with_known or self._is_enough(page):
                break
        # Only a scan that came to its end spares the next one the older pages.
        self._list.is_read = self._list.is_read or not self._list.trouble

    def _is_enough(self, page: Sequence[Deployment]) -> bool:
        """Whether nothing of ours can lie behind this page: it shows ours, or is older than our commit."""
        if any(self._carried(one).is_ours and not one.is_rollback for one in page):
            return True
        oldest = min((one.created for one in page if one.created), default=None)
        since = self._commit.push.since if self._commit.push else self._commit.committed_at
        return oldest is not None and oldest < since - COMMIT_CLOCK_SLACK_SECONDS


def _deployment_of(fact: Fact) -> Deployment | None:
    if isinstance(fact, Serving):
        return fact.own or fact.deployment
    return fact.deployment if isinstance(fact, Seen | RolledBack) else None
