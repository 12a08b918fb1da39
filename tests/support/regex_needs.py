"""A proof that a regular expression cannot match without certain texts, by reading the expression.

    proved("(foo|fob)ar baz?", ["fooar", "fobar"])    True: one of them stands in every match
    proved("fo+ bar|baz", [" bar"])                   False: "baz" matches without it

Only what our signatures are written with is read: characters, sets, groups, alternatives, repetitions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MOST_TEXTS = 8000
_SETS = {"d": "0123456789", "s": None, "w": None, "S": None, "W": None, "D": None}
_PLACES = "bBAZ"


@dataclass(frozen=True)
class Characters:
    """One character: any of these, or of too many to tell (None)."""

    members: frozenset[str] | None


@dataclass(frozen=True)
class Repeated:
    """A part that comes at least `least` times, and at most once if `once`."""

    part: "Node"
    least: int
    once: bool


@dataclass(frozen=True)
class Sequence:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    options: tuple[Sequence, ...]


Node = Characters | Repeated | Sequence | Choice


def proved(pattern: str, needs: list[str]) -> bool:
    """Whether every text that the pattern matches, whatever its case, contains one of the needs."""
    return _covers(_Reader(pattern).choice(), needs)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0

    def choice(self) -> Choice:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return Choice(tuple(options))

    def _take(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def _sequence(self) -> Sequence:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            part = self._part()
            if part is not None:
                parts.append(self._repeated(part))
            else:
                self._repeated(Sequence(()))
        return Sequence(tuple(parts))

    def _part(self) -> Node | None:
        """One part; None for a place (a word's edge, a look around), which matches no text."""
        character = self.text[self.at]
        self.at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escaped()
        if character in "^$":
            return None
        return Characters(None if character == "." else frozenset(character.lower()))

    def _group(self) -> Node | None:
        look = any(self._take(mark) for mark in ("?=", "?!", "?<=", "?<!"))
        if not look and self._take("?"):
            end = ">" if self.text[self.at] == "P" else ":"
            self.at = self.text.index(end, self.at) + 1
        inside = self.choice()
        assert self._take(")"), self.text[self.at :]
        return None if look else inside

    def _set(self) -> Characters:
        negated = self._take("^")
        members: set[str] | None = set()
        first = True
        while first or not self.text.startswith("]", self.at):
            first = False
            character = self.text[self.at]
            self.at += 1
            if character == "\\":
                known = self._escaped()
                chosen = known.members if known else frozenset[str]()
            else:
                chosen = frozenset(character.lower())
            if self.text.startswith("-", self.at) and self.text[self.at + 1] != "]":
                last = self.text[self.at + 1]
                self.at += 2
                chosen = frozenset(chr(code).lower() for code in range(ord(character), ord(last) + 1))
            members = None if chosen is None or members is None else members | chosen
        self.at += 1
        return Characters(None if negated or members is None else frozenset(members))

    def _escaped(self) -> Characters | None:
        character = self.text[self.at]
        self.at += 1
        if character in _PLACES:
            return None
        if character in _SETS:
            members = _SETS[character]
            return Characters(frozenset(members) if members else None)
        return Characters(frozenset({"n": "\n", "t": "\t"}.get(character, character.lower())))

    def _repeated(self, part: Node) -> Node:
        least, once = 1, True
        if self._take("?"):
            least = 0
        elif self._take("*"):
            least, once = 0, False
        elif self._take("+"):
            once = False
        elif self._take("{"):
            end = self.text.index("}", self.at)
            bounds = self.text[self.at : end].split(",")
            self.at = end + 1
            least, once = int(bounds[0] or 0), bounds[-1] == "1"
        else:
            return part
        if not self._take("?"):
            self._take("+")
        return Repeated(part, least, once)


def _covers(node: Node, needs: list[str]) -> bool:
    if isinstance(node, Choice):
        return all(_covers(option, needs) for option in node.options)
    if isinstance(node, Repeated):
        return node.least > 0 and _covers(node.part, needs)
    if isinstance(node, Sequence):
        return any(_covers(part, needs) for part in node.parts) or any(
            all(any(need in text for need in needs) for text in run) for run in _runs(node)
        )
    return False


def _runs(sequence: Sequence) -> Iterator[set[str]]:
    """The texts that neighbouring parts with few spellings make together, run after run."""
    run = {""}
    for part in sequence.parts:
        texts = _texts(part)
        whole = texts is not None and not (isinstance(part, Repeated) and not part.once)
        if texts is None or len(run) * len(texts) > MOST_TEXTS:
            yield run
            run = texts or {""}
            if not whole:
                run = {""}
            continue
        run = {before + text for before in run for text in texts}
        if not whole:
            yield run
            run = texts
    yield run


def _texts(node: Node) -> set[str] | None:
    """All texts of a part (of one that repeats without end: how it begins and ends); None: too many."""
    if isinstance(node, Characters):
        return set(node.members) if node.members and len(node.members) <= 10 else None
    if isinstance(node, Repeated):
        inner = _texts(node.part)
        if inner is None or (not node.once and (node.least == 0 or not isinstance(node.part, Characters))):
            return None
        return inner | {""} if node.least == 0 else inner
    if isinstance(node, Choice):
        options = [_texts(option) for option in node.options]
        return None if None in options else set().union(*(option for option in options if option))
    found = {""}
    for part in node.parts:
        texts = _texts(part)
        if texts is None or len(found) * len(texts) > MOST_TEXTS or _endless(part):
            return None
        found = {before + text for before in found for text in texts}
    return found


def _endless(node: Node) -> bool:
    return isinstance(node, Repeated) and not node.once
