"""Waiting: by phase, by history, with patience after failures."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.watch.facts import Fact, NotYet, Seen, Silence, Watching
from afterpush.deploy.watch.log_trust import LogSignals
from afterpush.deploy.watch.poll_interval import AdaptivePace, Estimate, estimate
from afterpush.deploy.watch.verdict import begin
from afterpush.digitalocean.deployment import Deployment
from afterpush.infra.configuration.settings import Poll

FACT = NotYet("platform")


def state(phase: str | None, at: float = 0, now: float = 0) -> Watching:
    known = begin("a" * 40, 0.0)
    if phase is None:
        return known
    return replace(known, now=now, deployment=Deployment(id="d", phase=phase), phases=((phase, at),))


def pace(**more: object) -> AdaptivePace:
    return AdaptivePace(Poll(), random=lambda: 1.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phase", "seconds"), [(None, 5), ("PENDING_BUILD", 10), ("BUILDING", 10), ("ODD", 10), ("DEPLOYING", 4)]
)
def test_the_phase_decides(phase: str | None, seconds: float) -> None:
    assert pace().seconds(state(phase, 0, 20), FACT) == seconds


def test_back_off_grows_to_its_ceiling_and_obeys_the_server() -> None:
    silent = [replace(state("DEPLOYING", 0, 20), silent_looks=number) for number in range(1, 8)]
    waits = [pace().seconds(one, Silence(("x",))) for one in silent]
    assert waits == [8, 16, 32, 60, 60, 60, 60]
    assert pace().seconds(silent[0], Silence(("x",), retry_after_seconds=90)) == 90


@pytest.mark.parametrize(
    ("remaining", "seconds"), [(5000, 10), (500, 10), (499, 20), (100, 20), (99, 60), (0, 60)]
)
def test_a_small_allowance_is_spared(remaining: int, seconds: float) -> None:
    spared = pace(remaining=lambda: remaining)
    assert spared.seconds(state("BUILDING"), FACT) == seconds


def test_looks_are_dense_where_the_history_expects_the_end() -> None:
    knowing = pace(deploying=Estimate(60, 10))
    early, due = (knowing.seconds(state("DEPLOYING", 0, at), FACT) for at in (5, 62))
    assert due < 4 < early


def test_an_estimate_needs_enough_successful_deployments() -> None:
    record = HistoryRecord("a" * 40, "live", "", 0, 100, 100, phases={"DEPLOYING": 40.0})
    failed = replace(record, verdict="failed", phases={"DEPLOYING": 4.0})
    assert estimate([record] * 4 + [failed] * 9, "DEPLOYING") is None
    assert estimate([record] * 5 + [failed], "DEPLOYING") == Estimate(40, 0)


@given(
    st.sampled_from([None, "BUILDING", "DEPLOYING", "ODD"]),
    st.floats(0, 1e6),
    st.integers(0, 100),
    st.floats(0, 1e5),
    st.floats(0, 1e4),
    st.sampled_from([FACT, Silence(("x",)), Seen("platform", Deployment(id="d"))]),
)
def test_every_wait_is_bounded(
    phase: str | None, now: float, silent: int, mean: float, deviation: float, fact: Fact
) -> None:
    known = Estimate(mean, deviation)
    waiting = replace(state(phase, 0, now), silent_looks=silent)
    assert 0 < pace(building=known, deploying=known).seconds(waiting, fact) <= 60


def test_the_end_of_a_log_is_trusted_once_it_has_told_the_end_of_the_build() -> None:
    followed = pace(follows=lambda kind: True)
    assert followed.seconds(state("BUILDING", 0, 20), FACT) == 30, "a safety net"
    followed.woken(state("BUILDING", 0, 20))
    assert followed.seconds(state("DEPLOYING", 30, 31), FACT) == 10.4


def test_a_log_that_breaks_off_early_or_stays_open_is_not_trusted() -> None:
    early = pace(follows=lambda kind: kind == "build")
    early.seconds(state("BUILDING", 0, 20), FACT)
    early.woken(state("BUILDING", 0, 20))
    waits = [early.seconds(state("BUILDING", 0, 20), FACT) for _ in range(3)]
    assert waits == [1, 2, 10], "two more looks, then as without a log"
    stays_open = pace(follows=lambda kind: True)
    stays_open.seconds(state("BUILDING", 0, 20), FACT)
    assert stays_open.seconds(state("DEPLOYING", 30, 31), FACT) == 4


def test_a_log_that_is_closed_again_and_again_wakes_the_watch_a_few_times_only() -> None:
    signals = LogSignals()
    woken = 0
    for _ in range(20):
        signals.ended("build")
        woken += signals.wake.is_set()
        signals.wake.clear()
    assert woken == 3
    signals.ended("deploy")
    assert signals.wake.is_set()
