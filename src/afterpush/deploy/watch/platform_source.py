"""The App Platform API as a source: finds the deployment of a commit, then follows it by its id."""

from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.deploy.watch.deploy_on_push import why_hardly, why_never
from afterpush.deploy.watch.facts import Fact, NotYet, Seen, Successor, Vanished
from afterpush.deploy.watch.sources import SourceFailure
from afterpush.digitalocean.client import ApiFailure, AppPlatform, path_of
from afterpush.digitalocean.deployment import App, Deployment, read_app, read_deployment
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.infra.errors import AfterpushError, ExitCode

# Clocks of committers are off by minutes, not hours; a deployment older than that is not of this commit.
COMMIT_CLOCK_SLACK_SECONDS = 3600.0
_REPLACED = ("SUPERSEDED", "CANCELED")
_WENT_LIVE = ("ACTIVE", "SUPERSEDED")


@dataclass(frozen=True)
class Commit:
    """What is looked for: a full sha, and when it was committed (epoch seconds)."""

    sha: str
    committed_at: float


class PlatformSource:
    """Asks the API: lists until a deployment of the commit is there, then gets just that one."""

    name = "platform"
    is_authority = True

    def __init__(self, api: AppPlatform, wanted: Wanted, commit: Commit) -> None:
        self.api = api
        self._wanted = wanted
        self._commit = commit
        self.app: App | None = None
        self._deployment_id: str | None = None
        self._known: set[str] = set()

    def look(self) -> Fact:
        """One look. Raises SourceFailure; AfterpushError (exit 2) when the app cannot be determined."""
        try:
            if self.app is None:
                self.app = read_app(find_app(self.api, self._wanted))
            return self._follow() if self._deployment_id else self._discover(self.app)
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

    def phase(self) -> str | None:
        """The phase of the commit's deployment now; None when it is not known."""
        try:
            fact = self.look()
        except SourceFailure:
            return None
        return fact.deployment.phase if isinstance(fact, Seen) else None

    def _discover(self, app: App) -> Fact:
        found = self._newest_of_commit(app)
        if found is None:
            repos, branches = self._repos(app), self._wanted.branches
            return NotYet(self.name, why_never(app, repos, branches), why_hardly(app, repos))
        self._deployment_id = found.id
        return self._seen(app, found)

    def _follow(self) -> Fact:
        assert self.app and self._deployment_id
        try:
            answer = self.api.get(path_of("apps", self.app.id, "deployments", self._deployment_id))
        except ApiFailure as failure:
            if failure.is_missing:
                return Vanished(self.name)
            raise
        return self._seen(self.app, read_deployment(answer.get("deployment")))

    def _seen(self, app: App, deployment: Deployment) -> Fact:
        if deployment.phase not in (*_REPLACED, "ERROR"):
            return Seen(self.name, deployment)
        newer = self._newer_than(app, deployment)
        again = next((other for other in newer if self._is_ours(app, other)), None)
        if again:  # The same commit, deployed anew: that one decides.
            self._deployment_id = again.id
            return Seen(self.name, again) if again.phase not in _REPLACED else self._seen(app, again)
        if not newer or deployment.phase not in _REPLACED:
            return Seen(self.name, deployment)
        replaced_by = self._replacement(app, deployment, newer)
        if replaced_by is None:
            return Seen(self.name, deployment)
        sha = next(iter(self._shas(app, replaced_by)), None)
        return Seen(self.name, deployment, Successor(replaced_by.id, sha))

    def _replacement(self, app: App, replaced: Deployment, newer: list[Deployment]) -> Deployment | None:
        """Which of the newer ones, newest first, took its place; None when a rollback brought it back.

        What canceled it began next. What superseded it is the next that went live, past those that failed.
        """
        if replaced.phase == "CANCELED":
            return newer[-1]
        others = [other for other in newer[::-1] if not self._is_of_commit(app, other)]
        went_live = next((other for other in others if other.phase in _WENT_LIVE), None)
        return went_live or (others[0] if len(others) == len(newer) else None)

    def _newest_of_commit(self, app: App) -> Deployment | None:
        """The newest deployment of the commit; pages back to the commit's time, once."""
        passed: set[str] = set()
        for page in self._pages(app):
            ours = [deployment for deployment in page if self._is_ours(app, deployment)]
            if ours:
                return max(ours, key=lambda deployment: deployment.created or 0)
            ids = {deployment.id for deployment in page}
            passed |= ids
            oldest = min((at for deployment in page if (at := deployment.created)), default=None)
            past_commit = (
                oldest is not None and oldest < self._commit.committed_at - COMMIT_CLOCK_SLACK_SECONDS
            )
            if past_commit or not self._known.isdisjoint(ids):
                break
        # Only a scan that came to its end spares the next one the older pages.
        self._known |= passed
        return None

    def _newer_than(self, app: App, deployment: Deployment) -> list[Deployment]:
        """The deployments made after this one, newest first."""
        newer: list[Deployment] = []
        for page in self._pages(app):
            for other in page:
                if other.id == deployment.id:
                    return newer
                newer.append(other)
            created = [at for other in page if (at := other.created)]
            if deployment.created and created and min(created) < deployment.created:
                break
        return [other for other in newer if (other.created or 0) > (deployment.created or 0)]

    def _pages(self, app: App) -> Iterator[list[Deployment]]:
        for page in self.api.pages(path_of("apps", app.id, "deployments"), "deployments"):
            yield _readable(page)

    def _is_ours(self, app: App, deployment: Deployment) -> bool:
        return self._is_of_commit(app, deployment) and not deployment.is_rollback

    def _is_of_commit(self, app: App, deployment: Deployment) -> bool:
        return self._commit.sha in self._shas(app, deployment)

    def _shas(self, app: App, deployment: Deployment) -> list[str]:
        return deployment.shas(self._repos(app), self._wanted.branches, app.spec)

    def _repos(self, app: App) -> frozenset[str]:
        """The repository names to insist on: none where the app names no repository that we know as ours.

        A configured app may be built from a mirror or under a new name; the full sha still proves the commit.
        """
        sources = {
            component.source.repo.lower()
            for component in (app.spec.components if app.spec else ())
            if component.source and component.source.repo
        }
        return self._wanted.repos if sources & self._wanted.repos else frozenset()


def _readable(page: list[object]) -> list[Deployment]:
    """The deployments of a page; an entry that is none may be anybody's. Raises ValueError when all are."""
    found: list[Deployment] = []
    bad: ValueError | None = None
    for entry in page:
        try:
            found.append(read_deployment(entry))
        except ValueError as error:
            bad = error
    if bad and not found:
        raise bad
    return found
