"""Which patterns a line may match, without trying them: words looked for all at once.

The words are looked for in a line's shape: lower case, with every hexadecimal digit as 0, and so is what
they are made of. Lines that differ in numbers, times or identifiers only have one shape, and each shape is
looked at once: a log of fifty megabytes has few.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from afterpush.deploy.explain.lines import Line, Window

Key = TypeVar("Key")
MOST_SHAPES = 40_000
_LONG_LINE, _PIECE, _OVERLAP = 4096, 2048, 200
_SHAPE = bytes.maketrans(b"0123456789abcdef", b"0" * 16)


def shape(text: bytes) -> bytes:
    """The shape of a text; its length and its line ends are the text's."""
    return text.lower().translate(_SHAPE)


class Prefilter(Generic[Key]):
    """Keys, each with words of which a line needs one; a key without words is in every line."""

    def __init__(self, words_of: Iterable[tuple[Key, Sequence[str]]]) -> None:
        self._keys: dict[bytes, set[Key]] = {}
        self._order: dict[Key, int] = {}
        always: list[Key] = []
        for key, texts in words_of:
            self._order[key] = len(self._order)
            if not texts:
                always.append(key)
            for text in texts:
                self._keys.setdefault(shape(text.encode()), set()).add(key)
        for word, keys in self._keys.items():
            # Of two words at one place the search below gives the longer; it stands for both.
            keys.update(*(self._keys.get(word[:end], ()) for end in range(1, len(word))))
        alternatives = _alternatives(_tree(self._keys))
        self._any = re.compile(alternatives)
        self._every = re.compile(b"(?=(" + alternatives + b"))")
        self._always = tuple(always)
        self._seen: dict[bytes, tuple[Key, ...]] = {}

    def keys_in(self, line: bytes) -> tuple[Key, ...]:
        """The keys of which a word is in a line, given as its shape, in the order of the keys."""
        known = self._seen.get(line)
        if known is None:
            found: set[Key] = set()
            if first := self._any.search(line):
                for match in self._every.finditer(line, first.start()):
                    found |= self._keys[match[1]]
            known = tuple(sorted(found, key=self._order.__getitem__)) + self._always
            if len(self._seen) >= MOST_SHAPES:
                self._seen.clear()
            self._seen[line] = known
        return known


def _tree(words: Iterable[bytes]) -> dict[int, Any]:
    root: dict[int, Any] = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[_END] = True
    return root


_END = -1


def _alternatives(node: dict[int, Any]) -> bytes:
    """A regular expression for a tree of words, the longer word first."""
    options = [
        re.escape(bytes([character])) + _alternatives(rest)
        for character, rest in node.items()
        if character != _END
    ]
    if not options:
        return b""
    joined = options[0] if len(options) == 1 and _END not in node else b"(?:" + b"|".join(options) + b")"
    return joined + b"?" if _END in node else joined


def suspicious_lines(
    window: Window, prefilter: Prefilter[Key]
) -> Iterator[tuple[Line, bytes, tuple[Key, ...]]]:
    """The lines of a window that may match something, their shapes and what they may match; a very long line
    in pieces."""
    lines = window.lines[window.start : window.end]
    for at, (line, whole) in enumerate(zip(shape(b"\n".join(lines)).split(b"\n"), lines, strict=False)):
        index, number, size = window.start + at, window.first_line + at, len(line)
        if size <= _LONG_LINE:
            if keys := prefilter.keys_in(line):
                yield Line(window, index, number, whole), line, keys
            continue
        for begin in range(0, size, _PIECE):
            part = slice(max(0, begin - _OVERLAP), begin + _PIECE)
            if keys := prefilter.keys_in(line[part]):
                yield Line(window, index, number, whole[part]), line[part], keys
