"""Waiting after a lost race: long enough to let others through, no longer than they are there."""

from collections.abc import Callable

from afterpush.infra.clock import Clock

# Waits in multiples of what an attempt takes. They grow at first, to spread the losers of one race; with
# few attempts left they shrink again: who has lost most must not meet newcomers with the longest wait.
# Compared in a simulation of 2, 8 and 16 clones with exponential, constant and falling waits.
_GROWING = (4, 16, 40)
_SHRINKING = (0, 2, 8, 20, 30)
LONGEST_WAIT_SECONDS = 30.0
# How long, in the same measure, nobody may have pushed for the wait to end early; and how often that is
# looked at, at the most.
_QUIET = 4
SHORTEST_LOOK_SECONDS = 0.5


def backoff_seconds(lost: int, attempts: int, attempt_seconds: float, chance: float) -> float:
    """The wait after the `lost`-th lost race (from 1) of at most `attempts`, with full jitter.

    `attempt_seconds` is what the lost attempt took, `chance` is from 0 to 1.
    """
    left = max(1, attempts - lost)
    factor = min(_GROWING[min(lost, len(_GROWING)) - 1], *_SHRINKING[left - 1 : left], _GROWING[-1])
    return chance * min(LONGEST_WAIT_SECONDS, factor * attempt_seconds)


def wait_for_quiet(
    clock: Clock,
    longest_seconds: float,
    attempt_seconds: float,
    chance: float,
    look: Callable[[], str | None],
) -> None:
    """Waits, but not on when the remote has not moved for a while: then nobody is in the way any more.

    `look` says where it is (None: unknown, which counts as moved). The while is between one and
    `_QUIET` attempts, by `chance`: those who wait must not all go at the same moment.
    """
    end = clock.monotonic() + longest_seconds
    quiet = (1 + (_QUIET - 1) * chance) * attempt_seconds
    step = max(SHORTEST_LOOK_SECONDS, attempt_seconds)
    seen, still_since = None, clock.monotonic()
    while (left := end - clock.monotonic()) > 0:
        clock.sleep(min(step, left))
        if end - clock.monotonic() <= 0:
            return
        now = look()
        if now is None or now != seen:
            seen, still_since = now, clock.monotonic()
        elif clock.monotonic() - still_since >= quiet:
            return
