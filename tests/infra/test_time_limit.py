"""What never ends is ended, and the timer is gone afterwards."""

import re
import signal
import threading

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.infra.time_limit import time_limit


def test_a_pattern_that_backtracks_for_ever_is_ended() -> None:
    with pytest.raises(AfterpushError, match=r"looking: it took longer than 0\.2 s"):
        with time_limit(0.2, "looking"):
            re.search(r"^(a+)+$", "a" * 60 + "!")
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


def test_what_ends_in_time_goes_on_undisturbed() -> None:
    with time_limit(60, "looking"):
        assert re.search("a", "a")
    done: list[bool] = []

    def elsewhere() -> None:
        with time_limit(60, "in a thread"):
            done.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert done == [True] and signal.getsignal(signal.SIGPROF) is signal.SIG_DFL
