"""Time as an argument."""

from afterpush.infra.clock import Countdown
from tests.support.clock import FakeClock


def test_a_countdown_runs_anew_from_each_beginning() -> None:
    clock = FakeClock()
    countdown = Countdown(clock, 30)
    clock.sleep(40)
    assert countdown.left() == -10
    countdown.begin()
    assert countdown.left() == 30
