"""The two lines by which a boot script runs the module of steps: an import, and a call before its own
statements.
"""

import re
from pathlib import PurePosixPath

from afterpush.migrate.boot_script.boot import block_ranges
from afterpush.migrate.boot_script.spot import find_spot
from afterpush.migrate.boot_script.typescript import Source

MARK = "// afterpush: written by `inv migrate.consolidate`"
_NAME = "runConsolidatedSteps"


def has_call(data: bytes) -> bool:
    """Whether the script calls the steps already."""
    return MARK.encode() in data and not block_ranges(data)


def is_esm(data: bytes, file: str) -> bool:
    """Whether the script imports and exports as modules do, and does not `require`."""
    if file.endswith((".mjs", ".mts", ".ts", ".tsx")):
        return not re.search(rb"^module\.exports\b", data, re.MULTILINE)
    if file.endswith((".cjs", ".cts")):
        return False
    return bool(re.search(rb"^\s*(?:import|export)\b", data, re.MULTILINE))


def without_call(data: bytes) -> bytes:
    """The script as it was before: without our lines, and without blocks of steps that stood in it."""
    for begin, end in reversed(block_ranges(data)):
        start = data.rfind(b"\n", 0, begin) + 1
        line_end = data.find(b"\n", end)
        data = data[:start] + data[len(data) if line_end < 0 else line_end + 1 :]
    lines = data.splitlines(keepends=True)
    return b"".join(line for line in lines if MARK.encode() not in line)


def with_call(data: bytes, file: str, module: str) -> bytes:
    """The script with an import of `module` and a call before its first statement; every other byte stays.

    Raises AfterpushError where the script gives no place for it.
    """
    source = Source(data, file)
    spot = find_spot(source)
    newline = "\r\n" if b"\r\n" in data else "\n"
    end = (
        ";"
        if len(re.findall(rb";[ \t]*\r?$", data, re.MULTILINE)) * 2
        >= len(re.findall(rb"[\w)\]'\"`];?[ \t]*\r?$", data, re.MULTILINE))
        else ""
    )
    quote = "'" if data.count(b"'") > data.count(b'"') else '"'
    form = spot.form
    argument = f"{form.wrapper}(text)" if form.wrapper else f"{form.tag}.raw(text)" if form.tag else "text"
    typed = ": string" if file.endswith((".ts", ".tsx", ".mts", ".cts")) else ""
    ask = form.call(argument, reads=True, unprepared=True)
    call = f"await {_NAME}((text{typed}) => {ask}){end} {MARK}{newline}"
    start = data.rfind(b"\n", 0, spot.first) + 1
    margin = re.match(rb"[ \t]*", data[start : spot.first])
    data = data[:start] + (margin[0] if margin else b"") + call.encode() + data[start:]
    target = "./" + _imported(module)
    line = (
        f"import {{ migrate as {_NAME} }} from {quote}{target}{quote}{end} {MARK}{newline}"
        if is_esm(data, file)
        else f"const {{ migrate: {_NAME} }} = require({quote}{target}{quote}){end} {MARK}{newline}"
    )
    at = _after_imports(source, data)
    return data[:at] + line.encode() + data[at:]


def _imported(module: str) -> str:
    path = PurePosixPath(module)
    if path.suffix in (".mjs", ".cjs", ".js"):
        return path.name
    if path.suffix in (".mts", ".cts"):
        return path.name.replace(path.suffix, path.suffix.replace("t", "j"))
    return path.stem


def _after_imports(source: Source, data: bytes) -> int:
    """Behind the last import at the top, or behind a `#!` line and `"use strict"`."""
    at = 0
    for child in source.root.children:
        text = source.text(child)
        is_directive = child.type == "expression_statement" and re.match(r"""['"]use \w+['"]""", text)
        is_require = child.type in ("lexical_declaration", "variable_declaration") and "require(" in text
        if child.type == "import_statement" or is_directive or is_require or child.type == "hash_bang_line":
            end = data.find(b"\n", child.end_byte)
            at = len(data) if end < 0 else end + 1
        elif child.type != "comment":
            break
    return at
