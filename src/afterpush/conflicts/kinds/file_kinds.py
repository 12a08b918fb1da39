"""Which kind of shared file a path is: by the configured globs, else by its name, else by its content."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING

from afterpush.conflicts.kinds.lock_files import lock_rule
from afterpush.infra.globs import matches, matches_any

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents


class Kind(Enum):
    """How a file is merged."""

    MARKDOWN = "document"
    LINES = "one record a line"
    JSON = "JSON"
    YAML = "YAML"
    LOCK_FILE = "lock file"
    OTHER = "other"


# What people and agents write into side by side, by the name without its ending.
_NAMES = (
    "agents active_sessions backlog changelog changes claude history issues news plan progress readme "
    "registry releases roadmap sessions status tasks todo work_log worklog"
).split()
_MARKDOWN = (".md", ".markdown", ".mdown", ".mkd")
_PLAIN_TEXT = ("", ".txt", ".rst")
_LINES = (".jsonl", ".ndjson")
_STRUCTURES = {".json": Kind.JSON, ".yaml": Kind.YAML, ".yml": Kind.YAML}


def kind_of(path: str, documents: "Documents") -> Kind:
    """What the configuration makes of a path, else what its name does: the kind that git's driver is for."""
    stem, ending = _name_of(path)
    if json_rules(path, documents) or any(matches(path, glob) for glob in documents.json_rules):
        return _STRUCTURES.get(ending, Kind.JSON)
    if lock_rule(path, documents) is not None:
        return Kind.LOCK_FILE
    configured = (*documents.roadmap, *documents.sessions, *documents.session_files)
    if matches_any(path, configured):
        return _by_ending(ending) if ending in (*_LINES, *_STRUCTURES) else Kind.MARKDOWN
    if not documents.well_known:
        return Kind.OTHER
    if ending in _MARKDOWN or ending in _LINES:
        return _by_ending(ending)
    return _by_ending(ending) if stem in _NAMES and ending in (*_PLAIN_TEXT, *_STRUCTURES) else Kind.OTHER


def kind_of_text(path: str, texts: Iterable[bytes], documents: "Documents") -> Kind:
    """The kind of three texts that are to be merged now: by the path, else by the ending or all the texts.

    A path without a telling name is judged by what all versions hold, so that it does not matter which
    side is "ours". What begins as a script is one.
    """
    kind = kind_of(path, documents)
    ending = _name_of(path)[1]
    if kind is Kind.OTHER and documents.well_known:
        if ending in (*_MARKDOWN, ".mdx", *_LINES, *_STRUCTURES):
            kind = _by_ending(ending)
        elif not ending and any(map(_LOOKS_WRITTEN.match, texts)):
            kind = Kind.MARKDOWN
    return Kind.OTHER if kind is Kind.MARKDOWN and any(text.startswith(b"#!") for text in texts) else kind


# A title, and below it a heading, a list or a table: a Makefile or Dockerfile with comments has none.
_LOOKS_WRITTEN = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:---\r?\n|# [^\n]+\n)(?s:.*)"
    rb"^(?:#{2,6} \S|[-*] \[[ xX~]\] |\|[^\n]*\|[ \t]*\r?$)",
    re.M,
)


def _by_ending(ending: str) -> Kind:
    return _STRUCTURES.get(ending, Kind.LINES if ending in _LINES else Kind.MARKDOWN)


def _name_of(path: str) -> tuple[str, str]:
    """The name of a file without its ending, and the ending, both in small letters."""
    name = path.rsplit("/", 1)[-1].lower()
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem else (name, "")


def well_known_patterns() -> list[str]:
    """Globs for git's attributes that mean what `kind_of` knows by name, whatever the case."""
    endings = [f"**/*{_any_case(ending)}" for ending in (*_MARKDOWN[:2], _LINES[0])]
    names = ("changelog", "roadmap", "todo", "changelog.txt", "todo.txt", "changelog.rst", "changes.rst")
    return endings + [f"**/{_any_case(name)}" for name in (*names, "history.rst")]


def _any_case(text: str) -> str:
    return "".join(f"[{sign}{sign.upper()}]" if sign.isalpha() else sign for sign in text)


def json_rules(path: str, documents: "Documents") -> dict[str, str]:
    """How each key of a generated JSON file is decided; empty for any other file."""
    rules: dict[str, str] = {}
    for glob, keys in documents.json_rules.items():
        if matches(path, glob):
            rules |= keys
    return rules
