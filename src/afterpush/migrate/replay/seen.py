"""The state of a schema as a replay has seen it so far, by object: so that one object's change costs no more
than that object's size."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from afterpush.migrate.replay.schema import Key, State

Object = tuple[str, str]


class Seen:
    """Objects are (kind, name)."""

    def __init__(self, state: Mapping[Key, str]) -> None:
        self.objects: dict[Object, State] = {}
        self._names: dict[str, set[Object]] = defaultdict(set)
        for key, text in state.items():
            self._put(key, text)

    @property
    def state(self) -> State:
        """All parts of all objects."""
        return {key: text for parts in self.objects.values() for key, text in parts.items()}

    def of(self, one: Object) -> State:
        """An object's parts; none where it is not there."""
        return self.objects.get(one, {})

    def named(self, words: Iterable[str]) -> set[Object]:
        """The objects whose name, in lower case, is one of these."""
        return {one for word in words for one in self._names.get(word, ())}

    def mentioning(self, names: Iterable[str], *kinds: str) -> set[Object]:
        """The objects of these kinds with one of the names, in back quotes, in the text of a part."""
        quoted = [f"`{name.replace('`', '``')}`" for name in names]
        return {
            one
            for one, parts in self.objects.items()
            if one[0] in kinds and any(name in text for text in parts.values() for name in quoted)
        }

    def change(self, before: Mapping[Key, str], after: Mapping[Key, str]) -> None:
        """What a statement did."""
        for key in before:
            parts = self.objects.get(key[:2], {})
            parts.pop(key, None)
            if not parts and self.objects.pop(key[:2], None) is not None:
                self._names[key[1].lower()].discard(key[:2])
        for key, text in after.items():
            self._put(key, text)

    def _put(self, key: Key, text: str) -> None:
        self.objects.setdefault(key[:2], {})[key] = text
        self._names[key[1].lower()].add(key[:2])
