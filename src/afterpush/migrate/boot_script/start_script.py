"""The start script's step that still runs the old way: found, and taken out when that is safe."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePosixPath

from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.command_line import is_said, without_old
from afterpush.migrate.boot_script.project import package_json
from afterpush.migrate.statements.file_order import text_of

_NAME = re.compile(r"\b(?:migrat\w*)\b", re.IGNORECASE)
_RUNNER = re.compile(
    r"(?:^|[\s;&|(!])(?:node|tsx|ts-node|npx|pnpm|npm|yarn|bun|deno|mysql|mariadb|sh|bash|\.?/)\S*"
)
_SCRIPT_FILE = re.compile(r"(?<![\w@./-])[\w@./-]+\.(?:[cm]?[jt]s|sh|sql)\b")
# Tools that run files of SQL; of the first two, those in their own folders.
_TOOL = re.compile(
    r"\b(?:(?P<prisma>prisma)\s+migrate\s+deploy|(?P<drizzle>drizzle)-kit\s+migrate|flyway\b.*\bmigrate"
    r"|dbmate\b.*\b(?:up|migrate)|goose\b.*\bup|migrate\b.*\s-(?:path|source)\b.*\bup|atlas\s+migrate\s+apply)\b"
)
_RUN = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?([\w:.-]+)")


# Where other files than shell scripts hold the command that starts the app. In package.json, `migrate` and
# the like only name the old way; what the platform calls is start.
_FORMS = {
    "package.json": re.compile(
        r'"(?:pre)?(?:start|serve)(?::[\w:-]+)?"\s*:\s*"(?P<command>(?:[^"\\]|\\.)*)"'
    ),
    "procfile": re.compile(r"^[\w-]+:[ \t]*(?P<command>[^\r\n]*)", re.MULTILINE),
    "dockerfile": re.compile(r"^(?:CMD|ENTRYPOINT)[ \t]+(?P<command>[^\r\n]+)", re.MULTILINE),
    ".yaml": re.compile(
        r"""^(?P<indent>[ \t-]*)\w*(?:command|cmd)[ \t]*:[ \t]*"""
        r"""(?:(?P<quote>['"]?)(?P<command>[^'"|>\s][^\r\n]*?)(?P=quote)[ \t]*\r?$"""
        r"""|[|>][-+]?[ \t]*\r?\n(?P<block>(?:[ \t]*\r?\n|(?P=indent)[ \t]+[^\r\n]*\r?(?:\n|\Z))+))""",
        re.MULTILINE | re.IGNORECASE,
    ),
}
_FORMS[".yml"] = _FORMS[".yaml"]


def form_of(file: str) -> re.Pattern[str] | None:
    """Where a file of this name holds command lines; None for a shell script."""
    path = PurePosixPath(file.lower())
    return _FORMS.get(path.name) or _FORMS.get(path.suffix)


@dataclass(frozen=True)
class OldStep:
    """A step of the start script that runs the sources: the lines `first` to `last` (from 1), inclusive.

    `kept` is what must stay of these lines (of `migrate && serve`: `serve`). `refusal` says why it cannot
    be taken out by us; empty when it can.
    """

    first: int
    last: int
    text: str
    kept: str = ""
    refusal: str = ""


def old_steps(script: str, root: Path, sources: frozenset[str], file: str = "start.sh") -> list[OldStep]:
    """The steps of a start script that run SQL of `sources` (paths of files), directly or by a script.

    By the name of `file`, it is a shell script or one that holds command lines (package.json, Procfile).
    """

    def is_old(command: str) -> bool:
        return _runs_sources(command, root, sources)

    if (form := form_of(file)) is not None:
        return list(_in_places(script, form, is_old))
    lines = script.splitlines()
    found: list[OldStep] = []
    at = 0
    while at < len(lines):
        first, last = at, _logical_end(lines, at)
        text = "\n".join(lines[first : last + 1])
        at = last + 1
        if text.lstrip().startswith("#") or not _runs_sources(text, root, sources):
            continue
        step = _step(lines, first, last, text, is_old)
        found.append(step)
        at = max(at, step.last)
    return found


def _in_places(script: str, form: re.Pattern[str], is_old: Callable[[str], bool]) -> Iterator[OldStep]:
    """The old steps of a file that is no shell script, but holds command lines at known places."""
    for place in form.finditer(script):
        block = place.groupdict().get("block")
        if block is not None:
            found = next((line for line in block.splitlines() if is_old(line)), None)
            if found is not None:
                number = script.count("\n", 0, place.start("block") + block.index(found)) + 1
                yield OldStep(number, number, found, refusal="it is one of several lines of a command")
            continue
        command = place["command"]
        if not is_old(command):
            continue
        start = script.rfind("\n", 0, place.start("command")) + 1
        end = script.find("\n", place.end("command"))
        line = script[start : len(script) if end < 0 else end].rstrip("\r")
        kept, refusal = without_old(command, is_old)
        if "\\" in command or command.startswith("["):
            refusal = "the command is quoted"
        elif not (kept or refusal):
            refusal = "nothing would be left of the command"
        whole = script[start : place.start("command")] + kept + line[place.end("command") - start :]
        number = script.count("\n", 0, start) + 1
        yield OldStep(number, number, line, whole, refusal)


def without(script: str, steps: list[OldStep]) -> str:
    """The script without the steps that can be taken out; every other byte stays."""
    lines = script.splitlines(keepends=True)
    for step in sorted(steps, key=lambda step: -step.first):
        if step.refusal:
            continue
        ending = re.search(r"\r?\n?$", lines[step.last - 1])
        kept = [step.kept + (ending[0] if ending else "")] if step.kept else []
        lines[step.first - 1 : step.last] = kept
    return "".join(lines)


def _logical_end(lines: list[str], at: int) -> int:
    while at < len(lines) - 1 and lines[at].endswith("\\"):
        at += 1
    return at


def _runs_sources(text: str, root: Path, sources: frozenset[str], depth: int = 0) -> bool:
    """Whether a command feeds the sources to the database, itself or through a script or npm script."""
    code = re.sub(r"(?:^|\s)#.*$", "", text, flags=re.MULTILINE)
    if re.match(r"\s*(?:echo|printf)\b[^;&|]*$", code):
        return False
    if _names_sources(code, sources) and re.search(r"\b(?:mysql|mariadb)\b|\bfor\s+\w+\s+in\b", code):
        return True
    if tool := _TOOL.search(code):
        folder = tool["prisma"] or tool["drizzle"]
        return not folder or any(folder in Path(source).parts for source in sources)
    if not _RUNNER.search(code):
        return False
    if any(_script_reads(root, file, sources) for file in _SCRIPT_FILE.findall(code)):
        return True
    scripts = package_json(root).get("scripts", {})
    if not isinstance(scripts, dict) or depth > 3:
        return False
    return any(
        _runs_sources(str(scripts[name]), root, sources, depth + 1)
        for name in _RUN.findall(code)
        if name in scripts
    )


_READING = re.compile(r"\b(?:read(?:dir|File)(?:Sync)?|createReadStream|glob(?:Sync)?|migrationsFolder)\b")

# A folder as part of a path, and not as a table's name: `join(root, "migrations")`, `= "./migrations"`.
_IN_PATH = (
    r"(?:\b(?:join|resolve|readdir\w*|readFile\w*|glob\w*|URL)\s*\([^;]*?|[=:]\s*['\"`][^'\"`\n]*)"
    r"(?<=['\"`/]){folder}(?=['\"`/])"
)


def reads_sources(text: str, sources: frozenset[str]) -> int | None:
    """The line in which a script reads the sources from their folder to run them; None where it does not."""
    code = re.sub(r"^[ \t]*(?://|\*|import\b).*|\brequire\(.*", "", text, flags=re.MULTILINE)
    found = _READING.search(code)
    folders = {re.escape(Path(source).parent.name) for source in sources} - {""}
    is_named = any(Path(source).name in code for source in sources) or any(
        re.search(_IN_PATH.format(folder=folder), code) for folder in folders
    )
    return code.count("\n", 0, found.start()) + 1 if found and is_named else None


def _names_sources(text: str, sources: frozenset[str]) -> bool:
    folders = {str(Path(source).parent) for source in sources} - {"."}
    return any(source in text for source in sources) or any(f"{folder}/" in text for folder in folders)


def _script_reads(root: Path, file: str, sources: frozenset[str]) -> bool:
    """Whether a script of the repository names the sources or their folder, and is about migrating."""
    path = file.removeprefix("./")
    if path.endswith(".sql") or not Gate(root).is_file(path):
        return False
    text = text_of(root, path)
    return _names_folder(text, sources) and bool(_NAME.search(text))


def _names_folder(text: str, sources: frozenset[str]) -> bool:
    """Whether a script names a file of the sources, or the last part of their folder as a word of a path."""
    names = {Path(source).name for source in sources}
    folders = {Path(source).parent.name for source in sources} - {""}
    return any(name in text for name in names) or any(
        re.search(rf"['\"`/]{re.escape(folder)}['\"`/]", text) for folder in folders
    )


def _step(lines: list[str], first: int, last: int, text: str, is_old: Callable[[str], bool]) -> OldStep:
    opening = re.match(r"\s*(for|while|until|if)\b", text)
    if opening:
        return _block(lines, first, opening[1])
    if _is_enclosed(lines, first):
        return OldStep(first + 1, last + 1, text, refusal="it is inside a block or function")
    kept, refusal = without_old(text, is_old)
    return OldStep(first + 1, last + 1, text, kept, refusal)


def _is_enclosed(lines: list[str], at: int) -> bool:
    """Whether a block or function that began before is still open here."""
    return sum(map(_opened, lines[:at])) > 0


def _opened(line: str) -> int:
    """How many blocks a line opens, less those that it ends."""
    code = re.sub(r"(?:^|\s)#.*$|'[^']*'|\"[^\"]*\"", "", line)
    opening = r"(?:^|[;&|]|\bthen|\bdo|\belse)\s*(?:if|for|while|until|case)\b|\{\s*$"
    return len(re.findall(opening, code)) - len(re.findall(r"(?:^|[;&|\s])(?:fi|done|esac)\b|^\s*\}", code))


def _block(lines: list[str], first: int, opening: str) -> OldStep:
    """A loop over the files, or an `if` around the step: taken out whole when it does nothing else."""
    depths = enumerate(accumulate(map(_opened, lines[first:])), first)
    last = next((at for at, depth in depths if depth <= 0), len(lines) - 1)
    text = "\n".join(lines[first : last + 1])
    if _is_enclosed(lines, first):
        return OldStep(first + 1, last + 1, text, refusal="it is inside a block or function")
    body = re.split(r"\n|;|&&|\|\|", "\n".join(lines[first + 1 : last]))
    others = [part for part in body if part.strip() and not _is_harmless(part, opening)]
    if others:
        return OldStep(first + 1, last + 1, text, refusal=f"the block does more: {others[0].strip()[:60]}")
    return OldStep(first + 1, last + 1, text)


def _is_harmless(part: str, opening: str) -> bool:
    if re.fullmatch(r"\s*(?:then|do|else|fi|done|[{}])?\s*(?:#.*)?", part) or is_said(part):
        return True
    words = re.sub(r"^\s*(?:then|do|else)\s+", "", part)
    if is_said(words):
        return True
    return opening != "if" and bool(re.match(r"\s*(?:mysql|mariadb|node|tsx)\b", words))
