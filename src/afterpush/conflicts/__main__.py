"""`python -m afterpush.conflicts BASE OURS THEIRS --path P`: one merge, without loading Invoke.

What the git merge driver runs: the merged text goes to stdout, or over OURS with `--in-place`; what was
decided goes to stderr. Exit 0: clean; 1: markers; 2: wrong usage.
"""

import sys
from pathlib import Path

from afterpush.conflicts.merge import merge_document
from afterpush.ground.config import load_settings
from afterpush.ground.errors import AfterpushError, ExitCode
from afterpush.ground.files import write_atomic

USAGE = (
    "usage: python -m afterpush.conflicts BASE OURS THEIRS [--path PATH] [--root FOLDER] [--in-place] "
    "[--renumber] [--marker-size N] [--labels OURS,BASE,THEIRS]"
)


def main(words: list[str]) -> int:
    """Runs the command line."""
    try:
        files, options = _parsed(words)
        return _merge(files, options)
    except AfterpushError as error:
        print(f"afterpush: {error}", file=sys.stderr)
        return int(error.exit_code)


def _parsed(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Three files, and the options: a flag alone means "1"."""
    files, options, rest = [], {}, list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            files.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name in ("in-place", "renumber"):
            options[name] = "1"
        elif name in ("path", "root", "marker-size", "labels") and (equals or rest):
            options[name] = value if equals else rest.pop(0)
        else:
            raise AfterpushError(f"{word}: unknown flag or no value; {USAGE}")
    if len(files) != 3 or not options.get("marker-size", "7").isdigit():
        raise AfterpushError(USAGE)
    return files, options


def _merge(files: list[str], options: dict[str, str]) -> int:
    base, ours, theirs = (_read(name) for name in files)
    labels = (options.get("labels") or "ours,base,theirs").split(",")
    merged = merge_document(
        base or None,
        ours,
        theirs,
        path=options.get("path", ""),
        documents=load_settings(Path(options.get("root", "."))).documents,
        renumber="renumber" in options,
        labels=(labels[0], labels[len(labels) // 2], labels[-1]),
        marker_size=int(options.get("marker-size", "7")),
    )
    for line in (*merged.reasons, *merged.warnings):
        print(f"afterpush: {line}", file=sys.stderr)
    if "in-place" in options:
        write_atomic(Path(files[1]), merged.text)
    else:
        sys.stdout.buffer.write(merged.text)
        sys.stdout.flush()
    return int(ExitCode.GOOD if merged.is_clean else ExitCode.BAD_ANSWER)


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise AfterpushError(f"reading {name} for a merge: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
