"""Asking the app itself: does it answer, is it ready, and does it tell its commit?"""

from collections.abc import Callable

from afterpush.digitalocean.health_verdict import judged_at
from afterpush.environment.probe import PROBE_SECONDS, Probe, outcome
from afterpush.environment.report import State
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import Client, NoAnswer


def probe_health(
    make_url: Callable[[], str | None], shown_commit: Callable[[bytes], str | None], clock: Clock
) -> Probe:
    """One request to the health URL; `shown_commit` reads the commit from a body."""
    name = "health"
    try:
        url = make_url()
    except AfterpushError as bad:
        return outcome(name, State.MISCONFIGURED, str(bad), cure="correct HEALTH_URL or health.url")
    if url is None:
        return outcome(
            name, State.NOT_CONFIGURED, "HEALTH_URL is not set", cure="set HEALTH_URL or health.url"
        )
    client = Client(timeout_seconds=PROBE_SECONDS)
    target = url.partition("?")[0].rpartition("@")[2]
    begun = clock.monotonic()
    try:
        answer = client.get(url, {"Accept": "application/json", "Cache-Control": "no-cache"})
    except NoAnswer as silence:
        client.close()
        cure = "check HEALTH_URL, and whether the app runs"
        return outcome(name, State.UNREACHABLE, str(silence), cure=cure, target=target)
    seconds = clock.monotonic() - begun
    commit = shown_commit(answer.body)
    readiness = judged_at(client, url, answer)
    client.close()
    if commit is None:
        cure = "let it answer JSON with the commit, or name the field in health.commit_field"
        detail = f"{readiness.why}; it names no commit, so it cannot prove that a push is live"
        return outcome(name, State.UNUSABLE, detail, cure=cure, target=target, seconds=seconds)
    detail = f"{readiness.why}; it runs {commit[:7]}"
    return outcome(name, State.OK, detail, target=target, seconds=seconds)
