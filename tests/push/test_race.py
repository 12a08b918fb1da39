"""Several clones push at once: everything lands, with the numbers of `bench/push.py` in small."""

import pytest
from bench.push import CHANGES, race
from hypothesis import given
from hypothesis import strategies as st

from afterpush.push.backoff import LONGEST_WAIT_SECONDS, backoff_seconds, wait_for_quiet
from tests.support.clock import FakeClock


@pytest.mark.parametrize("change", CHANGES)
def test_what_three_clones_push_at_once_all_lands(change: str) -> None:
    result = race("inv push", change, clones=3, changes=2)
    assert (result.landed, result.total) == (6, 6)
    assert result.attempts >= 6


@given(
    st.integers(2, 50).flatmap(lambda attempts: st.tuples(st.integers(1, attempts - 1), st.just(attempts))),
    st.floats(0, 1000),
    st.floats(0, 1),
)
def test_a_wait_is_never_negative_and_never_beyond_the_limit(
    race_number: tuple[int, int], attempt_seconds: float, chance: float
) -> None:
    lost, attempts = race_number
    assert 0 <= backoff_seconds(lost, attempts, attempt_seconds, chance) <= LONGEST_WAIT_SECONDS


def test_the_last_attempt_follows_at_once_and_the_longest_waits_are_in_the_middle() -> None:
    waits = [backoff_seconds(lost, 10, 0.1, 1.0) for lost in range(1, 10)]
    assert waits[-1] == 0 and waits[0] < waits[2] == max(waits)


def test_a_wait_ends_early_when_nobody_pushes_any_more(clock: FakeClock) -> None:
    began = clock.monotonic()
    wait_for_quiet(clock, 30, 1.0, 0.0, lambda: "same")
    assert clock.monotonic() - began == 2.0


def test_a_wait_goes_on_while_others_push_or_nothing_is_known(clock: FakeClock) -> None:
    for look in (lambda: str(clock.monotonic()), lambda: None):
        began = clock.monotonic()
        wait_for_quiet(clock, 30, 1.0, 0.0, look)
        assert clock.monotonic() - began == 30.0
