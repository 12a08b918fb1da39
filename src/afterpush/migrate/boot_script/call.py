"""The call by which a boot script runs the steps: one import and one line, the steps in a module next to it.

    import { migrate as afterpush } from "./autoMigrate.steps"; // afterpush: ...
    export async function runAutoMigrations() {
      const db = await open();
      await afterpush((text: string) => db.query(text)); // afterpush: ...

Where a script has neither imports nor exports, the module's text is in a block of the script itself.
"""

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.boot import CLOSING, OPENING, block_ranges
from afterpush.migrate.boot_script.call_form import CallForm
from afterpush.migrate.boot_script.insertion_point import find_spot
from afterpush.migrate.boot_script.typescript import Source

if TYPE_CHECKING:
    from tree_sitter import Node

NAME = "afterpush"
MARK = "// afterpush: written by migrate.consolidate"
_OWN_LINE = re.compile(rb"^[^\n]*" + re.escape(MARK.encode()) + rb"[^\n]*(?:\n|\Z)", re.MULTILINE)
_MODULE_END = re.compile(r"^(?:export \{ migrate \}|module\.exports = \{ migrate \});\s*$", re.MULTILINE)


def is_esm(data: bytes, file: str) -> bool | None:
    """Whether a script imports and exports; None where it does neither, so that nothing can be imported."""
    if file.endswith((".mjs", ".mts")):
        return True
    if any(
        node.type in ("import_statement", "export_statement") for node in Source(data, file).root.children
    ):
        return True
    requires = re.search(rb"\brequire\s*\(|\bmodule\.exports\b|\bexports\.\w", data)
    return False if requires or file.endswith((".cjs", ".cts")) else None


def with_call(data: bytes, file: str, module: str, *, needs_endings: bool = False) -> bytes:
    """The script with the call before its first use of the database; every other byte stays.

    `module` is the path of the module of steps, in the same folder; `needs_endings` whether the package is of
    type `module`, where Node finds `./x.js` and not `./x`. Raises AfterpushError where the script gives no
    place for an awaited call.
    """
    data = without_call(data)
    source = Source(data, file)
    spot = find_spot(source)
    esm = is_esm(data, file)
    assert esm is not None, f"{file} can import nothing: with_block"
    end, newline = _style(data)
    specifier = _specifier(source, PurePosixPath(module).name, needs_endings)
    imported = (
        f"import {{ migrate as {NAME} }} from {specifier}"
        if esm
        else f"const {{ migrate: {NAME} }} = require({specifier})"
    )
    edits = [
        (_line_start(data, spot.first), _indented(data, spot.first) + _call(spot.form, file, NAME)),
        (_after_imports(source), imported),
    ]
    return _edited(data, [(at, f"{text}{end} {MARK}{newline}") for at, text in edits])


def with_block(data: bytes, file: str, module_text: str) -> bytes:
    """The script with the module's text in a block before its first use of the database."""
    data = without_call(data)
    spot = find_spot(Source(data, file))
    end, newline = _style(data)
    body = _MODULE_END.sub("", module_text).rstrip("\n")
    lines = [
        f"// {OPENING}",
        "{",
        *body.split("\n"),
        f"{_call(spot.form, file, 'migrate')}{end}",
        "}",
        f"// {CLOSING}",
    ]  # fmt: skip
    return _edited(data, [(_line_start(data, spot.first), newline.join(lines) + newline)])


def without_call(data: bytes) -> bytes:
    """The script without our lines, and without the blocks that earlier versions wrote."""
    for begin, stop in reversed(own_ranges(data)):
        data = data[:begin] + data[stop:]
    return data


def own_ranges(data: bytes) -> list[tuple[int, int]]:
    """Where our lines and blocks begin and end, in bytes: whole lines."""
    blocks = [(_line_start(data, begin), _line_end(data, end)) for begin, end in block_ranges(data)]
    lines = [found.span() for found in _OWN_LINE.finditer(data)]
    inside = [line for line in lines if not any(begin <= line[0] < end for begin, end in blocks)]
    return sorted([*blocks, *inside])


def has_call(data: bytes) -> bool:
    """Whether the script calls the module of steps."""
    return any(b"await " in found[0] for found in _OWN_LINE.finditer(data))


def _call(form: CallForm, file: str, name: str) -> str:
    typed = ": string" if file.endswith((".ts", ".tsx", ".mts", ".cts")) else ""
    waits = "async " if "await " in form.handle else ""
    where = f"if ({form.handle}) " if form.is_optional else ""
    return f"{where}await {name}({waits}(text{typed}) => {form.runs('text')})"


# What a file of TypeScript becomes: it is imported by that name.
_COMPILED = {".ts": ".js", ".mts": ".mjs", ".cts": ".cjs"}


def _specifier(source: Source, module: str, needs_endings: bool) -> str:
    """The module as this script names its neighbours: with or without an ending, in its quotes."""
    named = [text for text in map(source.text, source.specifiers()) if text[1:2] == "."]
    quote = named[0][0] if named else "'" if source.data.count(b"'") > source.data.count(b'"') else '"'
    path = PurePosixPath(module)
    endings = {PurePosixPath(text[1:-1]).suffix for text in named}
    ending = next((each for each in (".js", ".mjs", ".cjs", ".ts", ".mts") if each in endings), "")
    if not named and (needs_endings or path.suffix != ".ts"):
        ending = _COMPILED.get(path.suffix, path.suffix)
    return f"{quote}./{path.stem}{ending}{quote}"


def _after_imports(source: Source) -> int:
    """Where an import can be: behind the last one, else before the first statement."""
    children = source.root.named_children
    imports = [child for child in children if child.type == "import_statement" or _is_require(source, child)]
    if imports:
        return _line_end(source.data, imports[-1].end_byte)
    first = next((child for child in children if not _is_preamble(child)), None)
    return len(source.data) if first is None else _line_start(source.data, first.start_byte)


def _is_require(source: Source, node: "Node") -> bool:
    return node.type == "lexical_declaration" and bool(re.search(r"=\s*require\s*\(", source.text(node)))


def _is_preamble(node: "Node") -> bool:
    is_directive = node.type == "expression_statement" and node.named_children[0].type == "string"
    return is_directive or node.type in ("comment", "hash_bang_line")


def _style(data: bytes) -> tuple[str, str]:
    """How lines end: with a semicolon or not, and with which bytes."""
    text = data.decode("utf-8", "replace")
    ends = re.findall(r"[\w)\]'\"`](;?)[ \t]*\r?$", text, re.MULTILINE)
    return ";" if sum(map(bool, ends)) * 2 >= len(ends) else "", "\r\n" if "\r\n" in text else "\n"


def _line_start(data: bytes, offset: int) -> int:
    return data.rfind(b"\n", 0, offset) + 1


def _line_end(data: bytes, offset: int) -> int:
    end = data.find(b"\n", offset)
    return len(data) if end < 0 else end + 1


def _indented(data: bytes, offset: int) -> str:
    match = re.match(rb"[ \t]*", data[_line_start(data, offset) : offset])
    return match[0].decode() if match else ""


def _edited(data: bytes, edits: list[tuple[int, str]]) -> bytes:
    # Of two at one place, the last one comes first: the import before the call.
    for at, text in sorted(edits, key=lambda edit: edit[0], reverse=True):
        before = data[:at]
        glue = "" if not before or before.endswith(b"\n") else "\r\n" if b"\r\n" in data else "\n"
        data = before + (glue + text).encode() + data[at:]
    return data
