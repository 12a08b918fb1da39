"""The files that a list of patterns means."""

from collections.abc import Sequence
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
