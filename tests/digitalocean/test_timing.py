"""How long a deployment's phases took, by the platform's own clock."""

import pytest

from afterpush.deploy.watch.facts import Watching
from afterpush.deploy.watch.outcome import phase_seconds
from afterpush.digitalocean.deployment import read_deployment, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.860413596s", 1.860413596), ("0s", 0.0), ("2m30s", 150.0), ("1h0m1.5s", 3601.5), ("350ms", 0.35),
        ("12µs", 12e-6), ("", None), ("s", None), ("-1s", None), ("1s ", None), (7, None), (None, None),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_go_writes_it(text: object, seconds: float | None) -> None:
    assert seconds_of(text) == (None if seconds is None else pytest.approx(seconds))


def watched(*phases: tuple[str, float], timing: object = None) -> Watching:
    deployment = read_deployment({"id": "d", "phase": "ACTIVE", "timing": timing})
    return Watching(sha="a" * 40, started_at=0, now=100, deployment=deployment, phases=phases)


def test_what_the_platform_tells_counts_also_of_a_phase_that_was_over_at_the_first_look() -> None:
    timing = {"pending": "2s", "build_total": "1m3.5s", "build_billable": "60s", "deploying": "20.25s"}
    seen = watched(("QUEUED", 0), ("DEPLOYING", 10), ("ACTIVE", 35), timing=timing)
    assert list(phase_seconds(seen).items()) == [
        ("PENDING_BUILD", 2.0), ("BUILDING", 63.5), ("QUEUED", 10), ("DEPLOYING", 20.25),
    ]  # fmt: skip


@pytest.mark.parametrize("timing", [None, {}, "soon", {"build_total": 7}])
def test_without_its_word_what_was_seen_counts(timing: object) -> None:
    assert phase_seconds(watched(("BUILDING", 0), ("ACTIVE", 30), timing=timing)) == {"BUILDING": 30}


def test_a_deployment_that_was_over_at_the_first_look_was_not_waited_for() -> None:
    assert phase_seconds(watched(("ACTIVE", 0), timing={"build_total": "9s"})) == {}
