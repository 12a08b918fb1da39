"""What there is to know of a step besides its statement, as the files that hold steps have it: in JSON."""

import hashlib
from collections.abc import Mapping, Sequence

from afterpush.migrate.replay.schema import Key
from afterpush.migrate.steps.step import Change, Step


def facts_of(step: Step) -> dict[str, object]:
    """What there is to know of a step besides its statement, as JSON takes it."""
    return {
        "name": step.name,
        "kind": step.kind,
        "file": step.file,
        "line": step.line,
        "checksum": step.checksum,
        "sha256": hashlib.sha256(step.sql.encode("utf-8", "replace")).hexdigest()[:16],
        **({"loses": step.loses} if step.loses else {}),
        **({"left_out": True} if step.is_left_out else {}),
        **(
            {
                "changes": {
                    flavour: [
                        [*key, change.before.get(key), change.after.get(key)] for key in sorted(change.keys)
                    ]
                    for flavour, change in step.changes.items()
                }
            }
            if step.changes
            else {}
        ),
    }


def step_from(facts: Mapping[str, object], sql: str) -> Step:
    """The step of these facts. Raises KeyError, TypeError or ValueError for other ones."""
    changes = {}
    for flavour, rows in dict(facts.get("changes") or {}).items():  # type: ignore[call-overload]
        keyed: list[tuple[Key, str | None, str | None]] = [
            ((row[0], row[1], row[2]), row[3], row[4]) for row in rows
        ]
        changes[str(flavour)] = Change(
            {key: before for key, before, _ in keyed if before is not None},
            {key: after for key, _, after in keyed if after is not None},
        )
    return Step(
        name=str(facts["name"]),
        kind=str(facts["kind"]),
        file=str(facts["file"]),
        line=int(str(facts["line"])),
        sql=sql,
        checksum=str(facts["checksum"]),
        changes=changes,
        loses=str(facts.get("loses") or ""),
        is_left_out=bool(facts.get("left_out")),
    )


def flavours_of(steps: Sequence[Step]) -> list[str]:
    """The flavours on which the history was replayed."""
    return sorted({flavour for step in steps for flavour in step.changes})
