"""The states that a schema goes through while the steps run, on one flavour of server."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.migrate.replay.schema import BY_DEFINITION, Key, State, part_kind
from afterpush.migrate.steps.step import Change, Step


@dataclass
class Timeline:
    """The steps with what they know of the schema.

    `known` are the parts that any of them changes, `initial` what the history rests on (known parts as they
    are before the first step that changes them), `final` the known parts after the last step.
    """

    steps: Sequence[Step]
    flavour: str

    def __post_init__(self) -> None:
        self.changes: list[Change] = [step.change(self.flavour) for step in self.steps]
        self.known: set[Key] = set()
        self.initial: State = {}
        self.final: State = {}
        self._texts: dict[Key, set[str]] = {}
        for change in self.changes:
            self.initial |= {key: text for key, text in change.before.items() if key not in self.known}
            self.known |= change.keys
            for key in change.before:
                self.final.pop(key, None)
            self.final |= change.after
            for key, text in (*change.before.items(), *change.after.items()):
                self._texts.setdefault(key, set()).add(text)

    def known_of(self, live: State) -> tuple[State, dict[Key, str]]:
        """The known parts of a live schema, and the live names of those that it has under other names.

        An index, key or check is itself under any name; a column that the history does not know counts in no
        order.
        """
        found = {key: text for key, text in live.items() if key in self.known}
        for key in [key for key in found if key[2] == "order"]:
            columns = {name for text in self._texts[key] for name in text.split(", ")}
            found[key] = ", ".join(name for name in found[key].split(", ") if name in columns)
        names: dict[Key, str] = {}
        nameless = sorted(key for key in self._texts if key[2].startswith(BY_DEFINITION))
        for key, text in live.items():
            if key in self.known or not key[2].startswith(BY_DEFINITION):
                continue
            kind = part_kind(key)
            for other in nameless:
                is_free = other[1] == key[1] and part_kind(other) == kind and other not in found
                if is_free and text in self._texts[other]:
                    found[other], names[other] = text, key[2][len(kind) + 1 :]
                    break
        return found, names
