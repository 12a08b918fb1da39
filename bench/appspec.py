"""Changing one number in an app spec, and measuring a start: beside what else one would do.

Edits: `failure_threshold` is set in specs of many habits (indentation, quotes, line ends, comments, flow
style), with our edit, with ruamel.yaml's round trip (quotes kept, indentation at its default), and with
PyYAML's load and dump. Counted are the files
in which any other line changed, the comments that were lost, and the time for one file.

Starts: small servers begin to listen after a known time; the error is what `follow_start` reports less what
it was.

Run: python -m bench.appspec
"""

import io
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from statistics import median

import yaml

from afterpush.appspec.healthcheck.checked_edit import set_block
from afterpush.appspec.healthcheck.probe import Origin
from afterpush.infra.clock import SystemClock
from afterpush.infra.http import Client

STARTS = (0.3, 0.7, 1.1, 1.9, 2.7, 3.3)
Edit = Callable[[str], str]


def specs() -> list[str]:
    """Every combination of a few habits."""
    return [
        _spec(step, quote, eol, listed, block)
        for step, quote, eol, listed, block in itertools.product(
            (2, 4), ("{}", "'{}'", '"{}"'), ("\n", "\r\n"), (0, 2), ("block", "flow")
        )
    ]


def _spec(step: int, quote: str, eol: str, listed: int, block: str) -> str:
    pad, inner = " " * (listed + 2), " " * (listed + 2 + step)
    http_path = f"http_path: {quote.format('/health')}"
    if block == "flow":
        check = [f"{pad}health_check: {{{http_path}, failure_threshold: 3}}  # guesses"]
    else:
        comments = [f"{inner}# was 5", "", f"{inner}failure_threshold: 3   # more?"]
        check = [f"{pad}health_check:  # five guesses", f"{inner}{http_path}", *comments]
    lines = [
        "# the shop",
        f"name: {quote.format('shop')}",
        "services:",
        f"{' ' * listed}- name: web      # the only one",
        f"{pad}http_port: 8080",
        *check,
        f"{pad}run_command: |",
        f"{pad}  node dist/index.js \\",
        f"{pad}    --verbose",
        f"{pad}envs:",
        f"{pad}- key: DATABASE_URL",
        f"{pad}  value: {quote.format('${db.DATABASE_URL}')}   # bound",
        f"{pad}- {{key: NODE_ENV, value: production}}",
        "",
        "# end",
    ]
    return eol.join(lines) + eol


def ours(text: str) -> str:
    return set_block(text, "app.yaml", ["services", 0], "health_check", {"failure_threshold": 9}).text


def with_ruamel(text: str) -> str:
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 4096
    tree = editor.load(text)
    tree["services"][0]["health_check"]["failure_threshold"] = 9
    out = io.StringIO()
    editor.dump(tree, out)
    return out.getvalue()


def with_pyyaml(text: str) -> str:
    tree = yaml.safe_load(text)
    tree["services"][0]["health_check"]["failure_threshold"] = 9
    return str(yaml.safe_dump(tree, sort_keys=False))


def edit_row(name: str, edit: Edit) -> str:
    texts = specs()
    begun = time.perf_counter()
    edited = [edit(text) for text in texts]
    milliseconds = (time.perf_counter() - begun) * 1000 / len(texts)
    touched = sum(
        _other_lines(before) != _other_lines(after) for before, after in zip(texts, edited, strict=True)
    )
    lost = sum(before.count("# ") - after.count("# ") for before, after in zip(texts, edited, strict=True))
    return f"| {name} | {touched} of {len(texts)} | {lost} | {milliseconds:.1f} |"


def _other_lines(text: str) -> list[str]:
    return [re.sub(r"failure_threshold: \d+", "", line) for line in text.splitlines(keepends=True)]


def start_errors() -> list[float]:
    """Seconds by which each start was misjudged."""
    return [_followed(seconds) for seconds in STARTS]


def _followed(seconds: float) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    servers: list[HTTPServer] = []
    listening_at: list[float] = []

    def start() -> None:
        server = HTTPServer(("127.0.0.1", port), _Healthy)
        listening_at.append(time.monotonic())
        servers.append(server)
        server.serve_forever(poll_interval=0.01)

    timer = threading.Timer(seconds, start)
    begun = time.monotonic()
    timer.start()
    origin = Origin(Client(), f"http://127.0.0.1:{port}", "", SystemClock())
    seen = origin.follow_start("/health", 30, lambda _: None).seconds or 0.0
    for server in servers:
        server.shutdown()
        server.server_close()
    timer.join()
    return seen - (listening_at[0] - begun)


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    print("| edit | files in which other lines changed | comments lost | ms a file |\n|---|---|---|---|")
    for name, edit in (("doappspec", ours), ("ruamel.yaml round trip", with_ruamel), ("PyYAML", with_pyyaml)):
        print(edit_row(name, edit))
    errors = start_errors()
    shown = ", ".join(f"{seconds:g}" for seconds in STARTS)
    print(f"\n| starts of {shown} s | error |\n|---|---|")
    print(f"| median | {median(errors) * 1000:.0f} ms |\n| largest | {max(errors, key=abs) * 1000:.0f} ms |")


if __name__ == "__main__":
    main()
