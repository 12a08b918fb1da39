"""The files that a list of patterns means, in time that no pattern multiplies.

A pattern is read folder by folder, as git reads one (gitignore(5)): `*`, `?` and `[a-z]` stay within a name,
`**` alone stands for any number of folders, and `{a,b}` for either word. Each name is looked at once, with
all places of the pattern that it may be at, so that the work is the number of names times the length of
the pattern:

    docs/**/*.md     docs -> {1, 2}    docs/a -> {1, 2}    docs/a/x.md -> {1, 2, 3}: 3 is the end, it matches
"""

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate, Refused

_Parts = tuple[re.Pattern[str] | None, ...]
_Places = frozenset[int]


_MOST_ALTERNATIVES = 64
_BRACES = re.compile(r"\{([^{}/]*)\}")


@lru_cache(maxsize=512)
def _alternatives(pattern: str) -> tuple[_Parts, ...]:
    """`{a,b}.md` as two patterns; braces that would stand for too many stay what they are."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        braces = _BRACES.search(waiting[-1])
        if not braces:
            done.append(waiting.pop())
        elif len(done) + len(waiting) + braces[1].count(",") > _MOST_ALTERNATIVES:
            return (_parts(pattern),)
        else:
            start, end = waiting[-1][: braces.start()], waiting.pop()[braces.end() :]
            waiting += [f"{start}{word}{end}" for word in braces[1].split(",")]
    return tuple(map(_parts, done))


@lru_cache(maxsize=512)
def _parts(pattern: str) -> _Parts:
    """An expression for each folder, and None for `**`; two of these in a row are one."""
    parts: list[re.Pattern[str] | None] = []
    for part in pattern.split("/"):
        if part == "**" and (not parts or parts[-1] is not None):
            parts.append(None)
        elif part not in ("", ".", "**"):
            # fnmatch makes no expression that tries a star twice (CPython issue 84660).
            parts.append(re.compile(fnmatch.translate(part)))
    return tuple(parts)


def _start(parts: _Parts) -> _Places:
    return frozenset((0, 1) if parts and parts[0] is None else (0,))


def _after(parts: _Parts, places: _Places, name: str) -> tuple[_Places, _Places]:
    """Where a pattern may be after one more name: reached by name, and reached or kept by `**`."""
    named = {
        place + 1
        for place in places
        if place < len(parts) and (part := parts[place]) is not None and part.match(name)
    }
    named |= {place + 1 for place in named if place < len(parts) and parts[place] is None}
    kept = {place for place in places if place < len(parts) and parts[place] is None}
    return frozenset(named), frozenset(named | kept | {place + 1 for place in kept})


def matches(path: str, pattern: str) -> bool:
    """Whether the path, relative to the repository's root, is meant by the pattern."""
    names = path.removeprefix("./").split("/")
    return any(_leads_to_the_end(parts, names) for parts in _alternatives(pattern))


def _leads_to_the_end(parts: _Parts, names: Sequence[str]) -> bool:
    places = _start(parts)
    for name in names:
        places = _after(parts, places, name)[1]
    return len(parts) in places


def matches_any(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns means the path."""
    return any(matches(path, pattern) for pattern in patterns)


def matching(root: Path, patterns: Sequence[str]) -> list[str]:
    """The files below `root` that the patterns match, each once: by pattern, then by name; relative paths.

    A link that leads out of `root` is none of them, and `**` goes through no link. Raises AfterpushError for
    a pattern that cannot be used, such as an absolute one.
    """
    found: dict[str, None] = {}
    gate = Gate(root)
    for pattern in patterns:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise AfterpushError(
                f"the pattern {pattern!r} leads out of the repository; name files inside of it"
            )
        paths = sorted({path for parts in _alternatives(pattern) for path in _walk(gate, parts)})
        found.update(dict.fromkeys(path for path in paths if path not in found and gate.is_file(path)))
    return list(found)


def _walk(gate: Gate, parts: _Parts) -> Iterator[str]:
    """What the pattern matches, folders too; only folders that it can match something in are opened."""
    waiting = [("", _start(parts))]
    while waiting:
        folder, places = waiting.pop()
        for entry in _entries(gate.root / folder):
            named, after = _after(parts, places, entry.name)
            path = f"{folder}{entry.name}"
            if len(parts) in after:
                yield path
            inside = named if entry.is_symlink() else after
            if inside - {len(parts)} and entry.name != ".git" and _is_folder(gate, entry, path):
                waiting.append((f"{path}/", inside))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_folder(gate: Gate, entry: os.DirEntry[str], path: str) -> bool:
    if not entry.is_symlink():
        return entry.is_dir(follow_symlinks=False)
    try:
        return gate.folder(path).is_dir()
    except (Refused, OSError):
        return False
