"""The marked block of steps in a TypeScript or JavaScript boot script, in the script's own style."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot import CLOSING, OPENING, block_ranges
from afterpush.migrate.call_form import CallForm
from afterpush.migrate.spot import find_spot
from afterpush.migrate.steps import BASELINE, JOURNAL_SQL, JOURNAL_TABLE, Step, is_unprepared
from afterpush.migrate.tokens import literal, tokens
from afterpush.migrate.typescript import Source


@dataclass(frozen=True)
class _Style:
    """How the script is written."""

    indent: str
    quote: str
    semicolon: str
    newline: str
    typed: bool


def without_blocks(data: bytes) -> bytes:
    """The script as it was before: whole lines, from the opening mark to the closing one."""
    for begin, end in reversed(block_ranges(data)):
        start = data.rfind(b"\n", 0, begin) + 1
        line_end = data.find(b"\n", end)
        stop = len(data) if line_end < 0 else line_end + 1
        data = data[:start] + data[stop:]
    return data


def with_steps(data: bytes, file: str, first: Sequence[Step], last: Sequence[Step]) -> bytes:
    """The script with a block before its own statements and one after; every other byte stays.

    Raises AfterpushError where the script gives no place for them.
    """
    source = Source(data, file)
    spot = find_spot(source)
    if last and spot.no_last:
        waiting = ", ".join(step.name for step in last[:3])
        raise AfterpushError(
            f"{file}: {waiting} must stand after what the script makes, but {spot.no_last}: take that out, "
            "or use --target=sql and run `inv migrate.apply` before the app"
        )
    style = _style(data, file)
    edits = []
    if first:
        start = data.rfind(b"\n", 0, spot.first) + 1
        edits.append((start, _block(first, spot.form, style, _indent_at(data, spot.first))))
    if last:
        end = data.find(b"\n", spot.last)
        end = len(data) if end < 0 else end + 1
        if data[spot.last : end].split(b"//")[0].strip(b" \t\r\n;"):
            end = spot.last  # More code follows on this line.
        edits.append((end, _block(last, spot.form, style, _indent_at(data, spot.last))))
    for at, text in reversed(edits):
        before = data[:at]
        opening = "" if not before or before.endswith(b"\n") else style.newline
        data = before + (opening + text).encode() + data[at:]
    return data


def _style(data: bytes, file: str) -> _Style:
    text = data.decode("utf-8", "replace")
    steps = [len(found) for found in re.findall(r"^( +)\S", text, re.MULTILINE)]
    tabs = len(re.findall(r"^\t+\S", text, re.MULTILINE))
    unit = "\t" if tabs > len(steps) else " " * min((step for step in steps if step > 1), default=2)
    lines = re.findall(r"[\w)\]'\"`](;?)[ \t]*\r?$", text, re.MULTILINE)
    return _Style(
        indent=unit,
        quote="'" if text.count("'") > text.count('"') else '"',
        semicolon=";" if sum(map(bool, lines)) * 2 >= len(lines) else "",
        newline="\r\n" if "\r\n" in text else "\n",
        typed=file.endswith((".ts", ".tsx", ".mts", ".cts")),
    )


def _indent_at(data: bytes, offset: int) -> str:
    """The indentation of the line on which a statement begins or ends."""
    start = data.rfind(b"\n", 0, offset) + 1
    match = re.match(rb"[ \t]*", data[start:offset])
    return match[0].decode() if match else ""


def _block(steps: Sequence[Step], form: CallForm, style: _Style, margin: str) -> str:
    probed = [step for step in steps if step.kind != "data"]
    once = [step for step in steps if step.kind == "data"]
    needs_journal = any(step.kind in ("data", BASELINE) for step in steps)
    lines = [
        f"// {OPENING} Written by `inv migrate.consolidate`; change the migrations and run it again instead.",
        "{",
        *(_indented(_journal(form, style), style) if needs_journal else []),
        *(_indented(_probed(probed, form, style, margin + style.indent * 3), style) if probed else []),
        *(_indented(_once(once, form, style), style) if once else []),
        "}",
        f"// {CLOSING}",
    ]
    text = "\n".join(margin + line if line else line for line in lines) + "\n"
    return text.replace("\n", style.newline)


def _indented(lines: Sequence[str], style: _Style) -> list[str]:
    return [style.indent + line if line else line for line in lines]


def _literal(text: str, style: _Style) -> str:
    escaped = text.replace("\\", "\\\\").replace(style.quote, "\\" + style.quote).replace("\n", "\\n")
    return f"{style.quote}{escaped}{style.quote}"


def _entries(title: str, rows: Sequence[Sequence[tuple[str, str]]], style: _Style) -> list[str]:
    lines = [f"const {title} = ["]
    for row in rows:
        lines.append(f"{style.indent}{{")
        lines += [f"{style.indent * 2}{key}: {value}," for key, value in row]
        lines.append(f"{style.indent}}},")
    return [*lines, f"]{style.semicolon}"]


def _hanging(sql: str, margin: str) -> str:
    """The SQL with its further lines below the first, unless one of them is inside a string.

    Not for programs: the server keeps their text as it is.
    """
    if any("\n" in token.text for token in tokens(sql)):
        return sql
    return sql.replace("\n", "\n" + margin)


def _probed(steps: Sequence[Step], form: CallForm, style: _Style, margin: str) -> list[str]:
    """Each step asks information_schema first; what is there with another definition is an error."""
    end, pad, any_type = style.semicolon, style.indent, ": any" if style.typed else ""
    step_type = ": (typeof steps)[number]" if style.typed else ""
    text = ": string" if style.typed else ""
    result = ": Promise<string>" if style.typed else ""
    unprepared = any(map(is_unprepared, steps))
    rows = [
        [
            ("name", _literal(step.name, style)),
            ("probe", form.sql(_hanging(step.probe, margin))),
            ("run", form.sql(step.sql if is_unprepared(step) else _hanging(step.sql, margin))),
        ]
        for step in steps
    ]
    ask = form.call("step.probe", reads=True, unprepared=unprepared)
    drifted = _literal(" is there with another definition; nothing of it was executed", style)
    done, needed = _literal("done", style), _literal("needed", style)
    return [
        *_entries("steps", rows, style),
        f"const look = async (step{step_type}){result} => {{",
        f"{pad}const answer{any_type} = await {ask}{end}",
        f"{pad}const row = Array.isArray(answer[0]) ? answer[0][0] : answer[0]{end}",
        f"{pad}return String(row.state){end}",
        f"}}{end}",
        "// Another process may be in the middle of a step: what looks odd is looked at again.",
        f"const settled = async (step{step_type}, wanted{text}){result} => {{",
        f"{pad}for (let tries = 0; ; tries++) {{",
        f"{pad * 2}const state = await look(step){end}",
        f"{pad * 2}if (state === {done} || state === wanted || tries === 5) return state{end}",
        f"{pad * 2}await new Promise((resolve) => setTimeout(resolve, 1000)){end}",
        f"{pad}}}",
        f"}}{end}",
        "for (const step of steps) {",
        f"{pad}const state = await settled(step, {needed}){end}",
        f"{pad}if (state === {done}) continue{end}",
        f"{pad}if (state !== {needed}) throw new Error(step.name + {drifted}){end}",
        f"{pad}try {{",
        f"{pad * 2}await {form.call('step.run', unprepared=unprepared)}{end}",
        f"{pad}}} catch (error) {{",
        f"{pad * 2}// Another process may have been faster; then there is nothing left to do.",
        f"{pad * 2}if ((await settled(step, {done})) !== {done}) throw error{end}",
        f"{pad}}}",
        "}",
    ]


def _journal(form: CallForm, style: _Style) -> list[str]:
    return [f"await {form.call(form.sql(JOURNAL_SQL))}{style.semicolon}"]


def _once(steps: Sequence[Step], form: CallForm, style: _Style) -> list[str]:
    """Rows are written once: the journal's row is made first, and says whether that came to its end."""
    end, pad, any_type = style.semicolon, style.indent, ": any" if style.typed else ""
    rows = []
    for step in steps:
        key = f"step = {literal(step.name)} AND checksum = '{step.checksum}'"
        claim = (
            f"INSERT INTO {JOURNAL_TABLE} (step, checksum, state, started_at) "
            f"VALUES ({literal(step.name)}, '{step.checksum}', 'started', UTC_TIMESTAMP(6))"
        )
        done = f"UPDATE {JOURNAL_TABLE} SET state = 'done', finished_at = UTC_TIMESTAMP(6) WHERE {key}"
        rows.append(
            [
                ("name", _literal(step.name, style)),
                ("find", form.sql(f"SELECT MAX(state) AS state FROM {JOURNAL_TABLE} WHERE {key}")),
                ("claim", form.sql(claim)),
                ("once", form.sql(step.sql)),
                ("done", form.sql(done)),
            ]
        )
    stopped = _literal(
        " began and did not end: look at its rows, then set its state in the journal to done",
        style,
    )
    return [
        *_entries("rows", rows, style),
        "for (const row of rows) {",
        f"{pad}const answer{any_type} = await {form.call('row.find', reads=True)}{end}",
        f"{pad}const found = Array.isArray(answer[0]) ? answer[0][0] : answer[0]{end}",
        f"{pad}if (found.state === {_literal('done', style)}) continue{end}",
        f"{pad}if (found.state) throw new Error(row.name + {stopped}){end}",
        f"{pad}await {form.call('row.claim')}{end}",
        f"{pad}await {form.call('row.once')}{end}",
        f"{pad}await {form.call('row.done')}{end}",
        "}",
    ]
