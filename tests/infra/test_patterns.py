"""No expression of ours takes more than linear time over what others write."""

import time

from afterpush.infra.errors import AfterpushError
from afterpush.infra.time_limit import time_limit
from tests.support.pumps import Kept, kept, pumps

# What these read has a limit of time that grows with the text (`infra.time_limit.reading`).
BOUNDED = tuple(
    f"afterpush.{name}" for name in ("conflicts", "documents.instructions", "roadmap", "simulator")
)
# Its user reads on with another one from the first comment that nothing ends.
LEFT = "afterpush.migrate.statements.tokens._WITH_COMMENTS"
SHORT, LONG = 300, 2_400


def test_every_expression_takes_time_that_grows_with_the_text_and_no_faster() -> None:
    looked_at = (one for one in kept(*BOUNDED) if one.place != LEFT)
    assert [f"{one.place}: {pump!r}" for one in looked_at if (pump := slow_pump(one))] == []


def slow_pump(one: Kept) -> str | None:
    """The text that takes more than thirty times as long where there is eight times as much of it."""
    texts = ((pump, end) for pump in sorted(pumps(one.pattern)) for end in ("", "\0"))
    return next((pump for pump, end in texts if is_slow(one, pump, end)), None)


def is_slow(one: Kept, pump: str, end: str) -> bool:
    # One that is quadratic takes 15 ms or more; what takes as much by chance does so once.
    return all(
        (long := seconds(one, pump, LONG, end)) > 0.008 and long > 30 * seconds(one, pump, SHORT, end)
        for _ in range(4)
    )


def seconds(one: Kept, pump: str, size: int, end: str) -> float:
    text = (pump * size)[:size] + end
    began = time.process_time()
    try:
        with time_limit(1, one.place):
            one.work(text)
    except AfterpushError:
        return float("inf")
    return time.process_time() - began
