"""Plain git's own three-way merge of one file's texts."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import temporary_folder
from afterpush.infra.processes import run

LABELS = ("ours", "base", "theirs")
MARKER_SIZE = 7


@dataclass(frozen=True)
class TextMerge:
    """What git made of three texts, and how many conflicts are between markers in it."""

    text: bytes
    conflicts: int

    @property
    def is_clean(self) -> bool:
        return self.conflicts == 0


def merge_file(
    base: bytes,
    ours: bytes,
    theirs: bytes,
    *,
    labels: Sequence[str] = LABELS,
    marker_size: int = MARKER_SIZE,
) -> TextMerge:
    """`git merge-file -p`: clean text, or text with markers labelled (ours, base, theirs).

    Raises AfterpushError when git refuses: binary content, or no git.
    """
    options = [f"--marker-size={marker_size}", *(word for label in labels for word in ("-L", label))]
    with temporary_folder() as folder:
        paths = [folder / name for name in ("ours", "base", "theirs")]
        for path, text in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(text)
        done = run(("git", "merge-file", "-p", *options, *paths))
    # Up to 127 conflicts are counted in the exit code; 255 is an error (git 2.39, merge-file(1)).
    if not 0 <= done.code < 128:
        raise AfterpushError(f"merging three texts: git merge-file says: {done.error_text or done.code}")
    return TextMerge(done.stdout, done.code)
