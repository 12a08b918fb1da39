"""The list of an app's deployments: read in small pages, now and then, and without it when it fails."""

from collections.abc import Callable, Iterator, Sequence

from afterpush.digitalocean.deployment import Deployment, read_deployment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.clock import Clock

# What can bring a commit. The autoscaler, maintenance and a database's trusted sources bring none.
BRINGING_TYPES = ("DEPLOY_ON_PUSH", "MANUAL", "MANUAL_ROLLBACK", "AUTO_ROLLBACK")
LIST_PAGE, LIST_SECONDS = 10, 5.0
LIST_EVERY_SECONDS, LIST_EVERY_MAX_SECONDS = 15.0, 240.0

ReadPages = Callable[..., Iterator[list[object]]]


class DeploymentList:
    """When the list of deployments is read, and what hindered it; one that fails is read ever less often."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due_at = 0.0
        self._pause = LIST_EVERY_SECONDS
        self.trouble: str | None = None
        self.is_read = False

    @property
    def is_due(self) -> bool:
        return self._clock.monotonic() >= self._due_at

    def is_due_at_once(self) -> None:
        if self.trouble is None:
            self._due_at = 0.0

    def pages(self, read: ReadPages) -> Iterator[list[Deployment]]:
        """The pages, newest first, as far as the caller reads on; where they break off, that is the end."""
        self._due_at = self._clock.monotonic() + self._pause
        try:
            for page in self._filtered(read):
                self.trouble, self._pause = None, LIST_EVERY_SECONDS
                yield _readable(page)
        except (ApiFailure, ValueError) as failure:
            if isinstance(failure, ApiFailure) and failure.is_refused:
                raise
            self.trouble = f"the list of deployments cannot be read: {failure}"
            self._pause = min(self._pause * 2, LIST_EVERY_MAX_SECONDS)
            asked = getattr(failure, "retry_after_seconds", None) or 0.0
            self._due_at = self._clock.monotonic() + max(self._pause, asked)

    def _filtered(self, read: ReadPages) -> Iterator[list[object]]:
        try:
            yield from read(per_page=LIST_PAGE, timeout_seconds=LIST_SECONDS, deployment_types=BRINGING_TYPES)
        except ApiFailure as failure:
            if failure.status not in (400, 422):
                raise
            yield from read(per_page=LIST_PAGE, timeout_seconds=LIST_SECONDS)


def _readable(page: Sequence[object]) -> list[Deployment]:
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
