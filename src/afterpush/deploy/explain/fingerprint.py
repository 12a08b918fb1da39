"""The fingerprint of a log that ended well: hashes of its lines, no text.

A line of a failed log that also was in the last good one tells little about the failure. It still may be
the cause (a warning that now ends the build), so it weighs less and is never left out.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from afterpush.deploy.explain.line_prefix import body
from afterpush.deploy.explain.lines import windows

DIGEST_BYTES = 5
MOST_LINES = 38_000  # 190 kB: two hundred kilobytes an app are the limit.
_CHANGING = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{7,64}\b|\d+")
_SPACE = re.compile(r"\s+")

Fingerprint = frozenset[bytes]


def line_digest(said: str) -> bytes:
    """The hash of what a line says (without its prefix), whatever its numbers, ids and spaces."""
    text = _SPACE.sub(" ", _CHANGING.sub("0", said.lower())).strip()
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).digest()


def fingerprint(pieces: Iterable[bytes]) -> Fingerprint:
    """The fingerprint of a log that comes in pieces; of a very long one, of its first different lines."""
    digests: set[bytes] = set()
    raw_seen: set[bytes] = set()
    for window in windows(pieces):
        for line in window.lines[window.start : window.end]:
            if len(digests) >= MOST_LINES:
                return frozenset(digests)
            key = line[:400]
            if key not in raw_seen:
                raw_seen.add(key)
                digests.add(line_digest(body(line.decode("utf-8", "replace"))))
        raw_seen.clear()
    return frozenset(digests)


def packed(found: Fingerprint) -> bytes:
    """A fingerprint as bytes for a file."""
    return b"".join(sorted(found))


def read_fingerprint(path: Path) -> Fingerprint | None:
    """The fingerprint that a file holds; None when there is none."""
    try:
        return unpacked(path.read_bytes())
    except OSError:
        return None


def unpacked(data: bytes) -> Fingerprint:
    """The fingerprint from a file; what is cut off at its end is left out."""
    ends = range(DIGEST_BYTES, len(data) + 1, DIGEST_BYTES)
    return frozenset(data[end - DIGEST_BYTES : end] for end in ends)
