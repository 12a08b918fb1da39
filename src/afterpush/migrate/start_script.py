"""The start script's step that still runs the old way: found, and taken out when that is safe."""

import re
from dataclasses import dataclass
from pathlib import Path

from afterpush.migrate.entry_point import package_json

_NAME = re.compile(r"\b(?:migrat\w*)\b", re.IGNORECASE)
_RUNNER = re.compile(
    r"(?:^|[\s;&|(!])(?:node|tsx|ts-node|npx|pnpm|npm|yarn|bun|deno|mysql|mariadb|sh|bash|\.?/)\S*"
)
_SCRIPT_FILE = re.compile(r"[\w@./-]+\.(?:[cm]?[jt]s|sh|sql)\b")
_RUN = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?([\w:.-]+)")
_SAID = re.compile(
    r"\s*(?:echo|printf)\b(?:[^;&|`<>$]|\$(?!\())*(?:>\s*&2)?\s*|\s*exit(?:\s+\d+)?\s*|\s*(?:true|:)\s*"
)


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


def old_steps(script: str, root: Path, sources: frozenset[str]) -> list[OldStep]:
    """The steps of a shell script that run SQL of `sources` (paths of files), directly or by a script."""
    lines = script.splitlines()
    found: list[OldStep] = []
    at = 0
    while at < len(lines):
        first, last = at, _logical_end(lines, at)
        text = "\n".join(lines[first : last + 1])
        at = last + 1
        if text.lstrip().startswith("#") or not _runs_sources(text, root, sources):
            continue
        step = _step(lines, first, last, text)
        found.append(step)
        at = max(at, step.last)
    return found


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


def _names_sources(text: str, sources: frozenset[str]) -> bool:
    folders = {str(Path(source).parent) for source in sources} - {"."}
    return any(source in text for source in sources) or any(f"{folder}/" in text for folder in folders)


def _script_reads(root: Path, file: str, sources: frozenset[str]) -> bool:
    """Whether a script of the repository names the sources or their folder, and is about migrating."""
    path = root / file.removeprefix("./")
    if path.suffix == ".sql":
        return False
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    names = {Path(source).name for source in sources}
    folders = {Path(source).parent.name for source in sources} - {""}
    named = any(name in text for name in names) or any(
        re.search(rf"['\"`/]{re.escape(folder)}['\"`/]", text) for folder in folders
    )
    return named and bool(_NAME.search(text))


def _step(lines: list[str], first: int, last: int, text: str) -> OldStep:
    opening = re.match(r"\s*(for|while|until|if)\b", text)
    if opening:
        return _block(lines, first, opening[1])
    if _is_enclosed(lines, first):
        return OldStep(first + 1, last + 1, text, refusal="it stands inside a block or function")
    commands = re.split(r"(\s*(?:&&|\|\||;)\s*)", text.replace("\\\n", " "))
    rest = commands[2:]
    joint = commands[1].strip() if len(commands) > 1 else ""
    if not joint or all(_SAID.fullmatch(part.strip(" {}")) for part in rest[::2] if part.strip(" {}")):
        return OldStep(first + 1, last + 1, text)
    if joint in ("&&", ";") and not re.search(r"\|\|", text):
        indent = text[: len(text) - len(text.lstrip())]
        return OldStep(first + 1, last + 1, text, kept=indent + "".join(rest))
    return OldStep(first + 1, last + 1, text, refusal=f"the line does more than this ({joint})")


def _is_enclosed(lines: list[str], at: int) -> bool:
    """Whether a block or function that began before is still open here."""
    depth = 0
    for line in lines[:at]:
        code = re.sub(r"(?:^|\s)#.*$|'[^']*'|\"[^\"]*\"", "", line)
        depth += len(
            re.findall(r"(?:^|[;&|]|\bthen|\bdo|\belse)\s*(?:if|for|while|until|case)\b|\{\s*$", code)
        )
        depth -= len(re.findall(r"(?:^|[;&|\s])(?:fi|done|esac)\b|^\s*\}", code))
    return depth > 0


def _block(lines: list[str], first: int, opening: str) -> OldStep:
    """A loop over the files, or an `if` around the step: taken out whole when it does nothing else."""
    closing = "fi" if opening == "if" else "done"
    last = _block_end(lines, first, closing)
    text = "\n".join(lines[first : last + 1])
    if _is_enclosed(lines, first):
        return OldStep(first + 1, last + 1, text, refusal="it stands inside a block or function")
    body = re.split(r"\n|;|&&|\|\|", "\n".join(lines[first + 1 : last]))
    others = [part for part in body if part.strip() and not _is_harmless(part, opening)]
    if others:
        return OldStep(first + 1, last + 1, text, refusal=f"the block does more: {others[0].strip()[:60]}")
    return OldStep(first + 1, last + 1, text)


def _block_end(lines: list[str], first: int, closing: str) -> int:
    depth = 0
    openings = r"(?:^|[;&|]|\bthen|\bdo|\belse)\s*(?:if)\b" if closing == "fi" else r"\bdo\b"
    for at in range(first, len(lines)):
        code = re.sub(r"(?:^|\s)#.*$|'[^']*'|\"[^\"]*\"", "", lines[at])
        depth += len(re.findall(openings, code)) - len(re.findall(rf"(?:^|[;&|\s]){closing}\b", code))
        if depth <= 0 and re.search(rf"(?:^|[;&|\s]){closing}\b", code):
            return at
    return len(lines) - 1


def _is_harmless(part: str, opening: str) -> bool:
    if re.fullmatch(r"\s*(?:then|do|else|fi|done|[{}])?\s*(?:#.*)?", part) or _SAID.fullmatch(part):
        return True
    words = re.sub(r"^\s*(?:then|do|else)\s+", "", part)
    if _SAID.fullmatch(words):
        return True
    return opening != "if" and bool(re.match(r"\s*(?:mysql|mariadb|node|tsx)\b", words))
