"""Pages in headless Chromium: how wide they are, and how they look."""

import functools
import http.server
import json
import re
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --disable-dev-shm-usage"
).split()
DARK = "--blink-settings=preferredColorScheme=0"
# Loads each page in a frame of the wanted width, one after the other, and writes what it measured.
_MEASURING = """<!doctype html><meta charset="utf-8"><pre id="answer"></pre><script>
const wanted = %s, answer = [];
const frame = document.createElement("iframe");
frame.style.height = "800px";
document.body.append(frame);
(async () => {
  for (const [page, width] of wanted) {
    frame.style.width = width + "px";
    await new Promise(done => { frame.onload = done; frame.src = "/" + page; });
    const root = frame.contentDocument.documentElement;
    answer.push([page, width, root.clientWidth, root.scrollWidth, frame.contentDocument.images.length,
      [...frame.contentDocument.images].filter(one => !one.naturalWidth).length]);
  }
  document.getElementById("answer").textContent = JSON.stringify(answer);
})();
</script>"""
_FRAMING = """<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;display:block}</style>
<iframe src="/%s" style="width:%dpx;height:%dpx"></iframe>"""


# Loads one page in a frame of the wanted width and writes what an expression over `page` (its document) says.
_EXAMINING = """<!doctype html><meta charset="utf-8"><pre id="answer"></pre><script>
const frame = document.createElement("iframe");
frame.style = "width: %dpx; height: 800px; border: 0";
frame.onload = () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  document.getElementById("answer").textContent = JSON.stringify((() => { %s })());
};
frame.src = "/%s";
document.body.append(frame);
</script>"""


@dataclass(frozen=True)
class Measured:
    """A page at a width: a page that scrolls sideways is wider than its window."""

    page: str
    width: int
    client_width: int
    scroll_width: int
    images: int
    broken_images: int


@dataclass(frozen=True)
class Picture:
    """A screenshot: the mean brightness (0 to 255), and how many different rows it has."""

    brightness: float
    different_rows: int


def chromium() -> str:
    """The browser; the test is skipped without one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("chromium is not installed")
    return found


class _Silent(http.server.SimpleHTTPRequestHandler):
    extra: dict[str, str] = {}

    def do_GET(self) -> None:
        made = self.extra.get(self.path.partition("?")[0])
        if made is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(made.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        return


@contextmanager
def served(site: Path, extra: dict[str, str]) -> Iterator[str]:
    """The site, and pages made for the occasion, on this machine."""
    handler = type("Handler", (_Silent,), {"extra": extra})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(site))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def measure(site: Path, pages: Sequence[tuple[str, int]], profile: Path) -> list[Measured]:
    """Every page at its width, in one run of the browser."""
    program = chromium()
    with served(site, {"/__measure.html": _MEASURING % json.dumps(list(pages))}) as address:
        words = [program, *QUIET, f"--user-data-dir={profile}", "--virtual-time-budget=60000", "--dump-dom"]
        done = subprocess.run(
            [*words, f"{address}/__measure.html"], capture_output=True, text=True, timeout=300, check=False
        )
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found and found[1], f"no answer from the browser: {done.stderr[-500:]}"
    return [Measured(*row) for row in json.loads(unescape(found[1]))]


def examine(site: Path, page: str, body: str, profile: Path, *, width: int = 1000, dark: bool = False) -> Any:
    """What the body of a JavaScript function returns about a page: its document `page`, its window `view`."""
    program = chromium()
    with served(site, {"/__examine.html": _EXAMINING % (width, body, page)}) as address:
        words = [program, *QUIET, *([DARK] if dark else []), f"--user-data-dir={profile}"]
        words += ["--virtual-time-budget=20000", "--dump-dom", f"{address}/__examine.html"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found and found[1], f"no answer from the browser: {done.stderr[-500:]}"
    return json.loads(unescape(found[1]))


def photograph(
    site: Path,
    page: str,
    picture: Path,
    profile: Path,
    *,
    width: int = 390,
    height: int = 844,
    dark: bool = False,
) -> Picture:
    """A screenshot of the page in a frame of that size: a window itself cannot be as narrow as a phone."""
    program = chromium()
    with served(site, {"/__frame.html": _FRAMING % (page, width, height)}) as address:
        words = [program, *QUIET, *([DARK] if dark else []), f"--user-data-dir={profile}"]
        words += [f"--window-size={max(width, 520)},{height}", f"--screenshot={picture}"]
        subprocess.run([*words, f"{address}/__frame.html"], capture_output=True, timeout=300, check=False)
    return look_at(picture, width)


def look_at(picture: Path, width: int) -> Picture:
    """Reads the left `width` columns of a PNG with 8 bits per channel, without interlacing."""
    data = picture.read_bytes()
    columns, rows, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6), (depth, kind)
    channels = 3 if kind == 2 else 4
    stride, at, packed = columns * channels, 8, b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += length + 12
    raw, above, seen = zlib.decompress(packed), bytearray(stride), []
    for row in range(rows):
        start = row * (stride + 1)
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + stride], above, channels)
        seen.append(bytes(above[: width * channels]))
    greens = b"".join(row[1::channels] for row in seen[::4])
    return Picture(sum(greens) / len(greens), len(set(seen)))


def _unfiltered(kind: int, line: bytes, above: bytearray, channels: int) -> bytearray:
    """One row of a PNG (W3C PNG specification, 9.2: None, Sub, Up, Average, Paeth)."""
    out = bytearray(line)
    for index in range(len(out)):
        left = out[index - channels] if index >= channels else 0
        up = above[index]
        corner = above[index - channels] if index >= channels else 0
        if kind == 1:
            add = left
        elif kind == 2:
            add = up
        elif kind == 3:
            add = (left + up) // 2
        elif kind == 4:
            estimate = left + up - corner
            add = min((left, up, corner), key=lambda value: abs(estimate - value))
        else:
            return out
        out[index] = (out[index] + add) & 255
    return out
