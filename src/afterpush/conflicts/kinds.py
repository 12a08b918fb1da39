"""Which kind of shared file a path is, by the configured globs; without a match, by its content."""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afterpush.infra.settings import Documents


class Kind(Enum):
    """What decides how a file is merged."""

    ROADMAP = "roadmap"
    SESSIONS = "sessions"
    SESSION_FILE = "session file"
    LOCK_FILE = "lock file"
    JSON = "json"
    OTHER = "other"


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay within a folder, `**` crosses folders; without a slash any folder will do."""
    translated = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+\])", glob):
        if part == "**/":
            translated += "(?:.*/)?"
        elif part == "**":
            translated += ".*"
        elif part == "*":
            translated += "[^/]*"
        elif part == "?":
            translated += "[^/]"
        elif part.startswith("[") and part.endswith("]"):
            translated += part.replace("[!", "[^", 1)
        else:
            translated += re.escape(part)
    return re.compile(translated)


def matches(path: str, glob: str) -> bool:
    """Whether the path, relative to the repository's root, is meant by the glob."""
    return _pattern(glob.removeprefix("./")).fullmatch(path.removeprefix("./")) is not None


def matches_any(path: str, globs: Iterable[str]) -> bool:
    """Whether one of the globs means the path."""
    return any(matches(path, glob) for glob in globs)


def kind_of(path: str, documents: "Documents") -> Kind:
    """The kind that the configuration gives a path; the first that matches, in this order."""
    if json_rules(path, documents):
        return Kind.JSON
    if lock_rule(path, documents) is not None:
        return Kind.LOCK_FILE
    if matches_any(path, documents.sessions):
        return Kind.SESSIONS
    if matches_any(path, documents.session_files):
        return Kind.SESSION_FILE
    return Kind.ROADMAP if matches_any(path, documents.roadmap) else Kind.OTHER


_REGISTRY = re.compile(rb"^\|[ \t]*Session(?: ID)?[ \t]*\|", re.M | re.I)
_SESSION_FILE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:#[^\n]*\bSession\b|[^\0]{0,400}^\*\*(?:Task ID|Agent)\b)", re.M | re.I
)
_MARKDOWN = ("", "md", "markdown", "mdx", "txt")


def kind_by_content(path: str, data: bytes) -> Kind:
    """The kind of a text that no glob matches, for a merge that was asked for by hand.

    Only Markdown, plain text or no name at all: a table of sessions is a registry, what defines a task is a
    roadmap, what begins as a session file is one.
    """
    name = path.rsplit("/", 1)[-1]
    if (name.rsplit(".", 1)[-1].lower() if "." in name else "") not in _MARKDOWN:
        return Kind.OTHER
    if _REGISTRY.search(data):
        return Kind.SESSIONS
    if _SESSION_FILE.match(data):
        return Kind.SESSION_FILE
    from afterpush.roadmap import read

    return Kind.ROADMAP if any(read(data).tasks()) else Kind.OTHER


def json_rules(path: str, documents: "Documents") -> dict[str, str]:
    """How each key of a generated JSON file is decided; empty for any other file."""
    rules: dict[str, str] = {}
    for glob, keys in documents.json_rules.items():
        if matches(path, glob):
            rules |= keys
    return rules


# The command that makes the file anew from what it locks, without touching anything else.
WELL_KNOWN_LOCK_FILES: dict[str, tuple[str, ...]] = {
    "package-lock.json": ("npm", "install", "--package-lock-only", "--ignore-scripts"),
    "npm-shrinkwrap.json": ("npm", "install", "--package-lock-only", "--ignore-scripts"),
    "pnpm-lock.yaml": ("pnpm", "install", "--lockfile-only", "--no-frozen-lockfile", "--ignore-pnpmfile"),
    "yarn.lock": ("yarn", "install", "--mode=update-lockfile"),
    "bun.lock": ("bun", "install", "--lockfile-only"),
    "poetry.lock": ("poetry", "lock"),
    "uv.lock": ("uv", "lock"),
    "Pipfile.lock": ("pipenv", "lock"),
    "pdm.lock": ("pdm", "lock", "--update-reuse"),
    "Cargo.lock": ("cargo", "update", "--workspace"),
    "Gemfile.lock": ("bundle", "lock"),
    "composer.lock": ("composer", "update", "--lock", "--no-install", "--no-plugins", "--no-scripts"),
    "go.sum": ("go", "mod", "tidy"),
}


# Those of them that read the repository's files as data. The others run code of it: a Gemfile is Ruby,
# yarn starts the yarn that `.yarnrc.yml` names, and Python's packagers build what lies in the tree.
READING_OWNERS = frozenset({"npm", "pnpm", "bun", "cargo", "composer", "go"})


def is_well_known(command: tuple[str, ...]) -> bool:
    """Whether the command is one of ours, and only reads what the repository has."""
    return command in WELL_KNOWN_LOCK_FILES.values() and command[0] in READING_OWNERS


def lock_rule(path: str, documents: "Documents") -> tuple[str, ...] | None:
    """The command that makes this lock file anew (empty: none is configured); None for any other file."""
    if documents.lock_files is None:
        return WELL_KNOWN_LOCK_FILES.get(path.rsplit("/", 1)[-1])
    for glob, rule in documents.lock_files.items():
        if matches(path, glob) or ("/" not in glob and matches(path.rsplit("/", 1)[-1], glob)):
            return tuple(rule.regenerate)
    return None
