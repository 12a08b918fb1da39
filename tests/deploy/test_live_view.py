"""What a terminal shows of a watch, in every state and on every kind of terminal."""

import io
from typing import Any

import pytest
from rich.console import Console

from afterpush.deploy.monitor.live_view import LiveView, render
from afterpush.deploy.watch.facts import Limits, Seen, State
from afterpush.deploy.watch.verdict import begin, next_state
from afterpush.digitalocean.deployment import read_deployment
from tests.support.clock import FakeClock

SHA = "9a4df0b" + "1" * 33
STEPS = [
    {"name": "build", "status": "SUCCESS", "started_at": "0001-01-01T00:00:00Z"},
    {"name": "[red]deploy[/]", "status": "RUNNING", "steps": [{"name": "wait", "status": "PENDING"}, {}]},
]


def seen(now: float, phase: str = "DEPLOYING", steps: Any = STEPS) -> State:
    wire = {"id": "d", "phase": phase, "progress": {"total_steps": 4, "success_steps": 1, "steps": steps}}
    return next_state(begin(SHA, now - 65), Seen("platform", read_deployment(wire)), now, Limits())


def terminal(encoding: str = "utf-8") -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding, errors="replace", write_through=True)
    return Console(file=file, force_terminal=True, width=80, color_system=None, legacy_windows=False), raw


def drawn(state: State, estimate: float | None = None) -> str:
    console, raw = terminal()
    console.print(render(state, FakeClock().now(), estimate))
    return raw.getvalue().decode()


def test_the_tree_shows_steps_as_they_are_named() -> None:
    text = drawn(seen(FakeClock().now()))
    assert "DEPLOYING" in text and "1 m 05 s" in text and "1 of 4 steps" in text
    assert "✔ build" in text and "● [red]deploy[/]" in text and "○ wait" in text and "? step" in text


@pytest.mark.parametrize(
    ("estimate", "said"), [(100.0, "usually live after 1 m 40 s"), (30.0, "35 s longer than usual")]
)
def test_the_progress_is_measured_by_the_history(estimate: float, said: str) -> None:
    assert said in drawn(seen(FakeClock().now()), estimate)


def test_a_verdict_stands_below_the_tree() -> None:
    text = drawn(seen(FakeClock().now(), "ACTIVE"))
    assert text.rstrip().endswith("LIVE  9a4df0b is live")


def test_a_terminal_without_unicode_tells_the_states_of_steps_apart() -> None:
    console, raw = terminal("ascii")
    with LiveView(FakeClock(), None, console) as view:
        view.show(seen(FakeClock().now()))
    text = raw.getvalue().decode("ascii")
    assert "+ build" in text and "* [red]deploy[/]" in text and "- wait" in text


def test_no_steps_at_all_are_no_tree() -> None:
    assert "deployment d" not in drawn(seen(FakeClock().now(), steps=None))
