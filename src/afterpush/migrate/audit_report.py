"""The audit as a document and as text."""

from collections.abc import Iterable
from typing import Annotated, TypedDict

from afterpush.migrate.audit import Audit, Remark
from afterpush.migrate.coverage import Duplicate, Object, Redefinition
from afterpush.migrate.portability import Finding

_SHOWN = 12


class BootScript(TypedDict):
    """The boot script, and how it is reached."""

    path: Annotated[str | None, "null without a boot script"]
    kind: Annotated[str | None, "`typescript` or `sql`"]
    entry_point: Annotated[str | None, "the file from which imports are followed; null for SQL"]
    called: Annotated[bool | None, "whether anything calls it; null where that cannot be known"]
    chain: Annotated[list[str], "the files from the entry point to the boot script"]
    message: str


class OldStep(TypedDict):
    """A command that runs the migrations the old way."""

    line: int
    text: str
    refusal: Annotated[str, "why it cannot be removed by itself; empty where it can"]


class OldStepElsewhere(TypedDict):
    """The same in a file that is not configured."""

    file: str
    line: int
    text: str


class StartScript(TypedDict):
    """The start script and its old steps."""

    path: Annotated[str | None, "null without a start script"]
    old_steps: Annotated[list[OldStep], "what still runs the migrations the old way"]
    elsewhere: Annotated[list[OldStepElsewhere], "the same in files that are not configured"]


class AuditDocument(TypedDict):
    """The keys of `migrate.audit --json`."""

    statements: Annotated[int, "statements of the sources"]
    files: Annotated[list[str], "the source files, in the order in which they run"]
    objects: list[Object]
    missing: Annotated[list[Object], "those that nothing covers"]
    unaudited: Annotated[list[Remark], "SQL of a boot script that cannot be known before it runs"]
    invalid: Annotated[list[Remark], "what the server rejects"]
    portability: Annotated[list[Finding], "what only one of the two servers takes"]
    destructive: Annotated[list[Remark], "statements that lose rows or values"]
    duplicates: Annotated[list[Duplicate], "one definition under several names"]
    redefined: Annotated[list[Redefinition], "what two places define differently"]
    queries: Annotated[list[Remark], "statements that only read"]
    data: Annotated[list[Remark], "statements that write rows"]
    server: Annotated[str, "the server that read the sources"]
    boot_script: BootScript
    start_script: StartScript


def document(audit: Audit) -> AuditDocument:
    """What `--json` prints."""
    repository, settings = audit.repository, audit.repository.settings
    return {
        "statements": len(repository.sources),
        "files": list(repository.source_files),
        "objects": list(audit.objects),
        "missing": audit.missing,
        "unaudited": list(audit.unaudited),
        "invalid": list(audit.invalid),
        "portability": list(audit.portability),
        "destructive": list(audit.destructive),
        "duplicates": list(audit.duplicates),
        "redefined": list(audit.redefined),
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


def _boot_script(audit: Audit) -> BootScript:
    boot, reach = audit.repository.boot, audit.repository.reach
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
    boot, reach = audit.repository.boot, audit.repository.reach
    if boot is None:
        return f"no boot script at {audit.repository.settings.boot_script}: nothing covers the sources"
    return reach.message if reach else "read as SQL"


def rendered(audit: Audit) -> str:
    """The report for people."""
    covered = sum(entry.covered for entry in audit.objects)
    repository = audit.repository
    lines = [
        f"{len(repository.sources)} statements in {len(repository.source_files)} files; "
        f"{covered} of {len(audit.objects)} objects covered",
        f"boot script {audit.repository.settings.boot_script or '-'}: {boot_sentence(audit)}",
    ]
    lines += _section("missing", _missing(audit))
    lines += _section("unaudited", map(_line, audit.unaudited))
    lines += _section("invalid", map(_line, audit.invalid))
    lines += _section(
        "defined twice differently",
        (f"{one.table}: {' and '.join(one.places)}: {one.differences}" for one in audit.redefined),
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
