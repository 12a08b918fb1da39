"""The files that a list of patterns means."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate


def matching(root: Path, patterns: Sequence[str]) -> list[str]:
    """The files below `root` that the patterns match, each once: by pattern, then by name; relative paths.

    A link that leads out of `root` is none of them. Raises AfterpushError for a pattern that cannot be used,
    such as an absolute one.
    """
    found: dict[str, None] = {}
    gate = Gate(root)
    for pattern in patterns:
        if ".." in pattern.split("/"):
            raise AfterpushError(
                f"the pattern {pattern!r} leads out of the repository; name files inside of it"
            )
        try:
            paths = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
        except (ValueError, NotImplementedError) as error:
            raise AfterpushError(f"the pattern {pattern!r} cannot be used: {error}") from error
        found.update(dict.fromkeys(path for path in paths if path not in found and gate.is_file(path)))
    return list(found)


@lru_cache(maxsize=512)
def _pattern(glob: str) -> "re.Pattern[str]":
    parts = []
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|\{[^{}]*\}|[^*?\[{]+|.", glob):
        if piece.startswith("{") and piece.endswith("}"):
            parts.append("(?:" + "|".join(_pattern(one).pattern for one in piece[1:-1].split(",")) + ")")
        elif piece.startswith("[") and piece.endswith("]"):
            parts.append(piece.replace("[!", "[^", 1))
        else:
            parts.append(_WILD.get(piece) or re.escape(piece))
    return re.compile("".join(parts))


def matches(path: str, glob: str) -> bool:
    """Whether the path, relative to the repository's root, is meant by the glob.

    `*` and `?` stay within a folder, `**` crosses folders, `{a,b}` is either.
    """
    return _pattern(glob.removeprefix("./")).fullmatch(path.removeprefix("./")) is not None


_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
