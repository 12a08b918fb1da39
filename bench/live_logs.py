"""How late the lines of a growing log arrive: over a WebSocket, and by the plain GET that it replaces.

Also what a long log costs when it is read whole. Run: python -m bench.live_logs
"""

import resource
import time
from dataclasses import replace

from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.deploy.logs.lines import lines, shown
from afterpush.deploy.logs.platform_logs import PlatformLog
from afterpush.digitalocean.client import AppPlatform
from afterpush.infra.clock import parse_rfc3339
from afterpush.infra.http import Client
from afterpush.infra.secrets import Secret
from afterpush.infra.secrets.redaction import Redactor
from afterpush.simulator import FakePlatform, serve
from afterpush.simulator.model import TOKEN
from afterpush.simulator.scenario import Plan, Stage

LINES, SECONDS = 60, 20.0
MEGABYTES = 20


def lateness(*, refuses_sockets: bool) -> list[float]:
    """How many seconds after it was written each line arrived, for lines written while we listened."""
    platform = FakePlatform(refuses_sockets=refuses_sockets)
    app = platform.add_app()
    plan = Plan(
        stages=(Stage("BUILDING", SECONDS),),
        ending="ERROR",
        logs={"BUILD": tuple(f"line {number}" for number in range(LINES))},
    )
    late = []
    with serve(platform) as url:
        (pushed,) = platform.push("a" * 40, plan=replace(plan, appears_after_seconds=0))
        log = PlatformLog(AppPlatform(Client(), Secret(TOKEN), url), app.id, pushed.id, "build")
        while not pushed.has_appeared:
            platform.advance()
        began = time.time()
        for line in lines(log.connect(quiet_seconds=60).pieces):
            written = parse_rfc3339(line.split()[1].decode()[:26] + "Z")
            if written > began + 1:
                late.append(time.time() - written)
    return late


def seconds_to_show() -> float:
    """How long it takes to show a long log without its secrets."""
    line = b"web 2026-11-24T16:00:00.123456789Z GET /api/orders?page=3 200 in 12 ms, from the cache\n"
    piece = line * 700
    pieces = [piece] * ((MEGABYTES << 20) // len(piece))
    redactor = Redactor([Secret("a-secret-of-ours")])
    began = time.process_time()
    for _ in shown(lines(pieces), lambda text: redact_log(text, redactor), colours=False):
        pass
    return time.process_time() - began


def main() -> None:
    """Prints the tables."""
    print(f"{LINES} lines in {SECONDS:g} s\n")
    print("| read by | lines | mean s late | worst s late |")
    print("|---|---|---|---|")
    for name, refuses in (("a plain GET behind a proxy", True), ("a WebSocket", False)):
        late = lateness(refuses_sockets=refuses)
        print(f"| {name} | {len(late)} | {sum(late) / len(late):.2f} | {max(late):.2f} |")
    seconds = seconds_to_show()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\nA log of {MEGABYTES} MB is shown in {seconds:.1f} s of CPU; the process peaked at {peak:.0f} MB."
    )


if __name__ == "__main__":
    main()
