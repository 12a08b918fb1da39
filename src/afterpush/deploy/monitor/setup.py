"""From settings and variables to the sources, limits and pace of one watch."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.deploy.monitor.history import History, HistoryRecord
from afterpush.deploy.watch.facts import Limits, State
from afterpush.deploy.watch.kinship import GitKin, known_push
from afterpush.deploy.watch.log_trust import LogSignals
from afterpush.deploy.watch.outcome import AppTold
from afterpush.deploy.watch.poll_interval import AdaptivePace, estimate, jitter
from afterpush.deploy.watch.production import in_production
from afterpush.deploy.watch.sources.database import DatabaseSource
from afterpush.deploy.watch.sources.health import HealthSource
from afterpush.deploy.watch.sources.platform import Commit, PlatformSource
from afterpush.deploy.watch.sources.ranked import RankedSources, Source
from afterpush.digitalocean.client import AppPlatform, checked_base_url
from afterpush.digitalocean.find_app import Wanted, repository_names
from afterpush.digitalocean.steps import Phase
from afterpush.infra.clock import Clock, Countdown
from afterpush.infra.configuration.app_repository import AppRepository
from afterpush.infra.configuration.environment_variables import API_ADDRESS, PUBLIC_API, Environment
from afterpush.infra.database import Address, Connection, address_from_variables, connected
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import commit_time
from afterpush.infra.http import LEAST_SECONDS, Client
from afterpush.infra.printable import one_line
from afterpush.infra.secrets import TOKENS

NO_SOURCE = (
    "nothing to ask about {sha}: set DIGITALOCEAN_TOKEN (made under API in the control panel; "
    "the scope app:read is enough), or DB_HOST and DB_PASS, or HEALTH_URL, in the environment or in .env"
)


@dataclass(frozen=True)
class Prepared:
    """All that a watch of one commit needs; `countdown` runs until its time limit."""

    sources: RankedSources
    platform: PlatformSource | None
    limits: Limits
    countdown: Countdown
    pace: AdaptivePace
    history: History
    records: list[HistoryRecord]
    commit: Commit
    signals: LogSignals

    @property
    def requests(self) -> int:
        """API requests so far, failed ones too."""
        return self.platform.api.requests if self.platform else 0

    @property
    def app_id(self) -> str | None:
        return self.platform.app.id if self.platform and self.platform.app else None

    def app_told(self, state: State) -> AppTold:
        """What is known of the app, and what it runs now."""
        app = self.platform.app if self.platform else None
        if self.platform is None or app is None:
            return AppTold()
        known = state.known.deployment
        is_active = known is not None and known.phase == Phase.ACTIVE and state.source == self.platform.name
        active = known if is_active else app.active_deployment
        live = in_production(active, self.platform.wanted, app.spec) if active else None
        return AppTold(app.id, app.name, app.live_url or app.default_ingress, live)


def prepare(
    here: AppRepository,
    sha: str,
    clock: Clock,
    *,
    random: Callable[[], float] = jitter,
    timeout_seconds: float | None = None,
) -> Prepared:
    """Builds the sources that are configured. Raises AfterpushError (exit 2) when none is, or one wrongly."""
    history, deploy = History(here.state.history), here.settings.deploy
    timeout = deploy.timeout_seconds if timeout_seconds is None else timeout_seconds
    limits = Limits(deploy.grace_seconds, timeout)
    countdown = Countdown(clock, limits.timeout_seconds)  # A look must not outlast the watch.
    commit = _commit(here, sha, clock)
    platform = _platform(here, commit, clock, left=countdown.left)
    sources: list[Source] = [platform] if platform else []
    sources += _other_sources(here, commit, clock, countdown.left)
    require_source(here, sha)
    signals = LogSignals()
    records = _records(history)
    redactor = here.environment.redactor()
    return Prepared(
        sources=RankedSources(sources, clock, lambda text: one_line(redact_log(text, redactor))),
        platform=platform,
        limits=limits,
        countdown=countdown,
        pace=AdaptivePace(
            deploy.poll,
            random=random,
            building=estimate(records, "BUILDING"),
            deploying=estimate(records, "DEPLOYING"),
            remaining=lambda: platform.api.remaining if platform else None,
            follows=lambda kind: signals.follows(kind),
        ),
        history=history,
        records=records,
        commit=commit,
        signals=signals,
    )


def _other_sources(
    here: AppRepository, commit: Commit, clock: Clock, left: Callable[[], float]
) -> Iterator[Source]:
    """The table and the health URL, where they are configured."""
    if address := address_from_variables(here.environment):
        push = commit.push
        yield DatabaseSource(
            partial(_connected, address, left),
            here.settings.deploy.database_table,
            commit.sha,
            commit.kin,
            lambda: clock.now() - push.since if push else None,
        )
    if url := health_url(here):
        client = Client(timeout_seconds=10, left=left)
        yield HealthSource(client, url, commit.kin, here.settings.health.commit_field)


def require_source(here: AppRepository, sha: str) -> None:
    """Raises AfterpushError (exit 2), naming the variables, when no source is configured."""
    if not any((here.environment.token(), address_from_variables(here.environment), health_url(here))):
        raise AfterpushError(NO_SOURCE.format(sha=sha[:7]))


def _connected(address: Address, left: Callable[[], float]) -> AbstractContextManager[Connection]:
    seconds = max(left(), LEAST_SECONDS)
    return connected(address, timeout_seconds=min(10, seconds), read_timeout_seconds=min(20, seconds))


def app_platform(
    environment: Environment,
    clock: Clock,
    *,
    timeout_seconds: float = 20,
    left: Callable[[], float] | None = None,
) -> AppPlatform | None:
    """The API client of the environment's token; None without a token. Raises AfterpushError."""
    token = environment.token()
    if token is None:
        return None
    environment.require_one_source(TOKENS, API_ADDRESS)
    base_url = checked_base_url(environment.get("DIGITALOCEAN_API_URL", PUBLIC_API))
    http = Client(timeout_seconds=timeout_seconds, left=left)
    return AppPlatform(http, token, base_url, clock)


def wanted_app(here: AppRepository) -> Wanted:
    """Which app is meant: configured, or found by the push remote and the watched branches."""
    return Wanted(
        here.environment.get("AFTERPUSH_APP") or here.settings.deploy.app,
        repository_names(here.repo, here.settings.push.remote),
        frozenset(here.settings.deploy.branches),
    )


def platform_source(here: AppRepository, sha: str, clock: Clock) -> PlatformSource | None:
    """The API as a source of this commit; None without a token."""
    return _platform(here, _commit(here, sha, clock), clock)


def _platform(
    here: AppRepository, commit: Commit, clock: Clock, *, left: Callable[[], float] | None = None
) -> PlatformSource | None:
    api = app_platform(here.environment, clock, left=left)
    return PlatformSource(api, wanted_app(here), commit, clock) if api else None


def _commit(here: AppRepository, sha: str, clock: Clock) -> Commit:
    """What this clone knows of the commit, and of the push that it came with."""
    repo, settings = here.repo, here.settings
    pushed = known_push(here.state.pushes, repo, settings.push.remote, settings.deploy.branches, sha)
    kin = GitKin(repo, sha, pushed.before if pushed else None)
    # A committer's clock that is ahead must not hide the deployments that are there already.
    committed_at = min(commit_time(repo, sha), clock.now())
    return Commit(sha, committed_at, kin, pushed, partial(_committed_at, repo))


def _committed_at(repo: Path, sha: str) -> float | None:
    """When a commit was made: the nearest to its push that git here knows; None for an unknown commit."""
    try:
        return commit_time(repo, sha)
    except AfterpushError:
        return None


def health_url(here: AppRepository) -> str | None:
    """The health URL: HEALTH_URL, else `health.url`. Raises AfterpushError when it is no http(s) URL."""
    url = here.environment.get("HEALTH_URL") or here.settings.health.url
    if url and not url.startswith(("http://", "https://")):
        raise AfterpushError(
            "HEALTH_URL (health.url) is no URL of an app; it begins with http:// or https://"
        )
    return url


def _records(history: History) -> list[HistoryRecord]:
    """The history, newest first; a history that cannot be read makes the estimates poorer and no more."""
    with contextlib.suppress(AfterpushError):
        return history.records(limit=500)
    return []
