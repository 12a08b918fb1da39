"""The simulated platform as a process: `python -m afterpush.simulator SCENARIO...`.

It prints its URL on the first line and the app's on the second, and ends with its parent or on a signal.
The n-th push takes the n-th scenario; a push is announced by `afterpush.simulator.hook` or with
POST /simulation/push.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading

from afterpush.infra.clock import SystemClock
from afterpush.simulator.api.server import serve
from afterpush.simulator.app_server import FakeApp, serve_app
from afterpush.simulator.model import FULL_ACCESS, TOKEN, FakePlatform
from afterpush.simulator.scenario import SCENARIOS
from afterpush.simulator.specs import app_spec


def main(words: list[str] | None = None) -> int:
    """Serves until its parent ends or it is told to stop."""
    options = _parser().parse_args(words)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: over.set())
    platform = FakePlatform(
        tokens={os.environ.get("DIGITALOCEAN_TOKEN") or TOKEN: FULL_ACCESS},
        speed=options.speed,
        plans=[SCENARIOS[name]() for name in options.scenario],
    )
    app = platform.add_app(app_spec(options.app, options.repo, options.branch), live_sha=options.live_sha)
    with (
        serve_app(FakeApp(commit=lambda: platform.live_commit(app.id))) as app_url,
        serve(platform, options.port) as url,
    ):
        app.url = app_url
        print(url, app_url, sep="\n", flush=True)
        _end_with_parent(over, options.lifeline)
        over.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m afterpush.simulator",
        description="A simulated App Platform on loopback, for the demo and for trying things out.",
    )
    parser.add_argument(
        "scenario",
        nargs="*",
        choices=[*SCENARIOS, []],
        metavar="SCENARIO",
        help=f"what becomes of the pushes, in order: {', '.join(SCENARIOS)}",
    )
    parser.add_argument("--speed", type=_factor, default=1.0, help="how many times faster than real")
    parser.add_argument("--port", type=int, default=0, help="a loopback port; 0 takes a free one")
    parser.add_argument("--app", default="shop", help="the app's name")
    parser.add_argument("--repo", default="acme/shop", help="owner/name that the app is built from")
    parser.add_argument("--branch", default="main", help="the branch that it is built from")
    parser.add_argument("--live-sha", help="the commit that is live at the start")
    parser.add_argument("--lifeline", type=int, help="a descriptor: the platform ends when it is closed")
    return parser


def _factor(text: str) -> float:
    factor = float(text)
    if not 0 < factor < float("inf"):
        raise argparse.ArgumentTypeError("a number above 0 is expected")
    return factor


def _end_with_parent(over: threading.Event, lifeline: int | None) -> None:
    """Sets `over` when the parent is gone: its end of the lifeline closes even when it is killed."""
    parent = os.getppid()

    def wait_for_end_of_file() -> None:
        with contextlib.suppress(OSError):
            while lifeline is not None and os.read(lifeline, 1):
                pass
        over.set()

    def wait_for_new_parent() -> None:
        clock = SystemClock()
        while os.getppid() == parent:
            clock.sleep(0.5)
        over.set()

    wait = wait_for_new_parent if lifeline is None else wait_for_end_of_file
    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
