"""What is proved: the old way and then the boot script against the new way, and where that starts from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from afterpush.migrate.proof.report import Invalid
from afterpush.migrate.replay.history import History
from afterpush.migrate.replay.scope import QUERIES
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.steps.step import Step


@dataclass(frozen=True)
class Ways:
    """After `base` (tables of others): `old` and then `boot`, against `steps` and then `boot`.

    `once`: the old way never runs twice. `earlier` are the steps of the version that was committed before.
    `with_data`: the steps write the rows of the migrations. `history` is the replay of `old`.
    """

    base: Sequence[Statement]
    old: Sequence[Statement]
    boot: Sequence[Statement]
    steps: Sequence[Step]
    history: History
    once: bool = True
    with_data: bool = False
    earlier: Sequence[Step] = ()
    unaudited: Sequence[Invalid] = field(default=())

    def counts(self) -> dict[str, int]:
        """How many statements and steps each part has."""
        return {"base": len(self.base), "old": len(self.old), "boot": len(self.boot), "new": len(self.steps)}

    def hash(self) -> str:
        """SHA-256 over the text of all of it, in order."""
        digest = hashlib.sha256()
        for part in (self.base, self.old, self.boot, self.steps):
            for item in part:
                digest.update(item.sql.encode("utf-8", "replace") + b"\0")
            digest.update(b"\1")
        return digest.hexdigest()

    @property
    def files(self) -> list[str]:
        """The source files, in order."""
        return list(dict.fromkeys(statement.file for statement in self.old))

    @property
    def boot_changes(self) -> list[Statement]:
        """The boot script's statements, without queries and rows that only the program fills in."""
        return [
            one
            for one in self.boot
            if one.kind not in QUERIES and not (_writes(one) and (one.marks or "?" in one.sql))
        ]


def _writes(statement: Statement) -> bool:
    return statement.kind in ("INSERT", "REPLACE", "UPDATE", "DELETE")
