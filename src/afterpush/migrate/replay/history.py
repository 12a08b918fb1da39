"""The history of a schema: what each statement changed, part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from afterpush.migrate.replay.schema import Key, State, with_change
from afterpush.migrate.statements.split import Statement


@dataclass(frozen=True)
class Effect:
    """What one statement did. `before` and `after` hold only the parts that it changed.

    `rejected` is the server's answer where it did not accept the statement, `number` the error's. `hidden` is
    what a CREATE TABLE IF NOT EXISTS would have made: the table was there, and nothing happened.
    """

    statement: Statement
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    rejected: str = ""
    number: int = 0
    hidden: State = field(default_factory=dict)

    @property
    def keys(self) -> set[Key]:
        """The parts that it changed."""
        return self.before.keys() | self.after.keys()


@dataclass(frozen=True)
class History:
    """A replay: the state before the first statement, and what each statement did, in order."""

    base: State
    effects: tuple[Effect, ...]

    def states(self) -> Iterator[State]:
        """The state after each statement."""
        state = self.base
        for effect in self.effects:
            state = with_change(state, effect.before, effect.after)
            yield state

    @cached_property
    def final(self) -> State:
        """The state after the last statement."""
        found = dict(self.base)
        for effect in self.effects:
            for key in effect.before:
                found.pop(key, None)
            found.update(effect.after)
        return found

    @cached_property
    def made(self) -> dict[Key, Statement]:
        """For each part that is there at the end, the statement that made it or changed it last."""
        found: dict[Key, Statement] = {}
        for effect in self.effects:
            found.update(dict.fromkeys(effect.after, effect.statement))
        return {key: statement for key, statement in found.items() if key in self.final}

    def texts(self, key: Key) -> list[str]:
        """Every definition that a part ever had, the first one first."""
        first = [self.base[key]] if key in self.base else []
        return first + [effect.after[key] for effect in self.effects if key in effect.after]

    @property
    def rejected(self) -> Sequence[Effect]:
        """The statements that the server did not accept."""
        return [effect for effect in self.effects if effect.rejected]
