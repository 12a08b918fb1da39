"""The audit as a document and as text."""

from collections.abc import Iterable
from typing import Any

from afterpush.migrate.audit import Audit, Remark
from afterpush.migrate.coverage import Object

_SHOWN = 12


def document(audit: Audit) -> dict[str, Any]:
    """What `--json` prints."""
    inputs, settings = audit.repository.inputs, audit.repository.settings
    return {
        "statements": len(inputs.sources),
        "files": list(inputs.source_files),
        "objects": [_object(entry) for entry in audit.objects],
        "missing": [_object(entry) for entry in audit.missing],
        "unaudited": list(audit.unaudited),
        "invalid": list(audit.invalid),
        "portability": list(audit.portability),
        "destructive": list(audit.destructive),
        "duplicates": [
            {
                "kind": one.kind,
                "table": one.table,
                "definition": one.definition,
                "names": list(one.names),
                "places": [str(place) for place in one.places],
            }
            for one in audit.duplicates
        ],
        "redefined": [
            {"table": one.table, "places": [str(place) for place in one.places], "differences": one.what}
            for one in audit.redefined
        ],
        "queries": list(audit.queries),
        "data": list(audit.data),
        "server": audit.replays.server.title,
        "boot_script": _boot_script(audit),
        "start_script": {
            "path": settings.start_script if audit.repository.start_text is not None else None,
            "old_steps": [
                {"line": step.first, "text": step.text, "refusal": step.refusal}
                for step in audit.repository.old_steps
            ],
            "elsewhere": [
                {"file": file, "line": step.first, "text": step.text}
                for file, step in audit.repository.elsewhere
            ],
        },
    }


def _object(entry: Object) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "table": entry.table or None,
        "name": entry.name,
        "file": entry.place.file,
        "line": entry.place.line,
        "covered": entry.covered,
        "where": str(entry.where) if entry.where else None,
        "known_as": entry.known_as or None,
    }


def _boot_script(audit: Audit) -> dict[str, Any]:
    boot, reach = audit.repository.inputs.boot, audit.repository.reach
    return {
        "path": audit.repository.settings.boot_script if boot else None,
        "kind": boot.kind if boot else None,
        "entry_point": reach.entry_point if reach else None,
        "called": reach.called if reach else None,
        "chain": list(reach.chain) if reach else [],
        "message": boot_sentence(audit),
    }


def boot_sentence(audit: Audit) -> str:
    """Whether there is a boot script and whether anything calls it."""
    boot, reach = audit.repository.inputs.boot, audit.repository.reach
    if boot is None:
        return f"no boot script at {audit.repository.settings.boot_script}: nothing covers the sources"
    return reach.message if reach else "read as SQL"


def rendered(audit: Audit) -> str:
    """The report for people."""
    covered = sum(entry.covered for entry in audit.objects)
    inputs = audit.repository.inputs
    lines = [
        f"{len(inputs.sources)} statements in {len(inputs.source_files)} files; "
        f"{covered} of {len(audit.objects)} objects covered",
        f"boot script {audit.repository.settings.boot_script or '-'}: {boot_sentence(audit)}",
    ]
    lines += _section("missing", _missing(audit))
    lines += _section("unaudited", map(_line, audit.unaudited))
    lines += _section("invalid", map(_line, audit.invalid))
    lines += _section(
        "defined twice differently",
        (f"{one.table}: {' and '.join(map(str, one.places))}: {one.what}" for one in audit.redefined),
    )
    lines += _section(
        "one definition, several names",
        (
            f"{one.kind.replace('_', ' ')} on {one.table} {one.definition}: "
            + ", ".join(f"{name} ({place})" for name, place in zip(one.names, one.places, strict=True))
            for one in audit.duplicates
        ),
    )
    lines += _section(
        "runs on one server only", (f"{one.file}:{one.line}: {one.message}" for one in audit.portability)
    )
    lines += _section("destructive", map(_line, audit.destructive))
    lines += _section("data, not part of the boot steps unless --with-data", _counted(audit.data))
    lines += _section("queries, ignored", _counted(audit.queries))
    lines += _section("still the old way", _old_steps(audit))
    return "\n".join(lines)


def _old_steps(audit: Audit) -> list[str]:
    start = audit.repository.settings.start_script
    steps = [(start, step) for step in audit.repository.old_steps]
    return [
        f"{file}:{step.first}: {step.text.strip().splitlines()[0]}"
        for file, step in (*steps, *audit.repository.elsewhere)
    ]


def _missing(audit: Audit) -> list[str]:
    """A table that is missing stands for all of its parts."""
    whole = {entry.table for entry in audit.missing if entry.kind == "table"}
    lines = []
    for entry in audit.missing:
        is_part = entry.kind in ("column", "index", "primary_key", "foreign_key", "check")
        if entry.kind == "table":
            parts = sum(other.table == entry.name for other in audit.missing) - 1
            lines.append(f"{entry.place}: table {entry.name} with {parts} parts")
        elif not (is_part and entry.table in whole):
            owner = f"{entry.table}." if entry.table else ""
            lines.append(f"{entry.place}: {entry.kind.replace('_', ' ')} {owner}{entry.name}")
    return lines


def _line(remark: Remark) -> str:
    return f"{remark.file}:{remark.line}: {remark.message}" + (f": {remark.sql}" if remark.sql else "")


def _counted(remarks: Iterable[Remark]) -> list[str]:
    lines = [f"{remark.file}:{remark.line}: {remark.sql[:80]}" for remark in remarks]
    return lines if len(lines) <= _SHOWN else [*lines[:_SHOWN], f"... and {len(lines) - _SHOWN} more"]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f"{title}:", *(f"  {line}" for line in found)] if found else []
