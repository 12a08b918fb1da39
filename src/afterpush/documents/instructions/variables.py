"""Variables of the environment that instructions name, held against `.env.example`."""

import re
from collections.abc import Iterator, Mapping

from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Finding
from afterpush.infra.git.tracked_files import files_with_words
from afterpush.infra.near import nearest
from afterpush.text.markdown import code_in

_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_SET = re.compile(r"(?<![\w$])(?:export\s+)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=")


def bad_variables(documents: Mapping[str, str], facts: Facts) -> dict[str, list[Finding]]:
    """By document the variables that neither `.env.example` nor any source file has, and that are nearly one
    of it, or that are said to be in `.env`."""
    named = (
        [(path, *one) for path, text in documents.items() for one in _named(text)] if facts.variables else []
    )
    suspects = [one for one in named if one[2] not in facts.variables]
    named_in = files_with_words(facts.root, {name for _, _, name, _ in suspects})
    real = {name for name, paths in named_in.items() if paths - set(documents)}
    found: dict[str, list[Finding]] = {}
    for path, line, name, said in suspects:
        close = nearest(name, facts.variables, cutoff=0.85)
        if name not in real and (close or re.search(r"(?<!\w)\.env\b", said)):
            right = f"; did you mean {close}?" if close else ""
            found.setdefault(path, []).append(Finding(line, f".env.example has no variable {name}{right}"))
    return found


def _named(text: str) -> Iterator[tuple[int, str, str]]:
    for code in code_in(text):
        if not code.is_block:
            found = re.match(r"\$?\{?([A-Z][A-Z0-9_]+)\}?(?:=.*)?$", code.text)
            if found and _NAME.fullmatch(found[1]):
                clause = f"{code.before.rpartition(';')[2]} {code.after.partition(';')[0]}"
                yield code.line, found[1], clause
        elif code.shell or code.language in ("", "env", "dotenv", "ini", "properties"):
            for offset, line in enumerate(code.text.split("\n")):
                for name in _SET.findall(line):
                    yield code.line + offset, name, code.before
