"""The files that a list of patterns means."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError


def matching(root: Path, patterns: Sequence[str]) -> list[str]:
    """The files below `root` that the patterns match, each once: by pattern, then by name; relative paths.

    Raises AfterpushError for a pattern that cannot be used, such as an absolute one.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        try:
            paths = sorted(path for path in root.glob(pattern) if path.is_file())
        except (ValueError, NotImplementedError) as error:
            raise AfterpushError(f"the pattern {pattern!r} cannot be used: {error}") from error
        found.update(dict.fromkeys(path.relative_to(root).as_posix() for path in paths))
    return list(found)
