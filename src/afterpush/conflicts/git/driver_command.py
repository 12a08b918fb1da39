"""The merge driver as git knows it: a shell wrapper around afterpush that can never lose a side.

git (2.39, measured) takes what a driver leaves in %A, also when the driver is missing, crashes or is
killed: with "ours" still in it, theirs is lost at the next `git add`. Therefore the wrapper moves ours
out of the way first. Killed at any later moment it leaves no %A, and git then refuses the merge and
keeps everything as it was ("Failed to execute internal merge"). The whole wrapper is in the
configuration, so there is no file of it that could be missing.
"""

import functools
import shlex
from collections.abc import Sequence
from typing import Final

NAME: Final = "afterpush"
TITLE: Final = "afterpush: merges the shared documents by meaning"

# Exit codes of `python -m afterpush.conflicts.git.driver`. Python itself ends a traceback with 1 and a
# usage error with 2: both must not look like an answer.
CLEAN: Final = 0
CONFLICTS: Final = 3

# No % but git's own placeholders: git would expand it. %S, %X and %Y (labels) came with git 2.44;
# older ones leave them as they are.
_WRAPPER: Final = """\
afterpush_merge() {
    base=$1 ours=$2 theirs=$3 size=$4 path=$5 base_name=$6 ours_name=$7 theirs_name=$8
    case $base_name in ""|?S) base_name=base ;; esac
    case $ours_name in ""|?X) ours_name=ours ;; esac
    case $theirs_name in ""|?Y) theirs_name=theirs ;; esac
    mine=$ours.mine result=$ours.result
    if ! mv -f "$ours" "$mine"; then rm -f "$ours"; exit 1; fi
    code=127 why="its Python is gone: run inv conflicts.install again"
    if command -v @PYTHON@ >/dev/null 2>&1; then
        @RUN@ "$base" "$mine" "$theirs" --output="$result" --path="$path" --marker-size="$size" \\
            --base-label="$base_name" --ours-label="$ours_name" --theirs-label="$theirs_name"
        code=$? why="exit code $?"
    fi
    if [ -f "$result" ]; then
        case $code in
            @CLEAN@) mv -f "$result" "$ours" && rm -f "$mine" && exit 0 ;;
            @CONFLICTS@) mv -f "$result" "$ours" && rm -f "$mine" && exit 1 ;;
        esac
    fi
    echo "afterpush: $path could not be merged by meaning ($why); this is git merge-file:" \\
        "check it, then git add it" >&2
    git merge-file -p --marker-size="$size" -L "$ours_name" -L "$base_name" -L "$theirs_name" \\
        "$mine" "$base" "$theirs" >"$result"
    code=$?
    if [ "$code" -gt 127 ]; then
        { echo "<<<<<<< ours" && cat "$mine" && echo && echo "=======" && cat "$theirs" && echo &&
            echo ">>>>>>> theirs"; } >"$result" || rm -f "$result"
    fi
    [ -f "$result" ] && mv -f "$result" "$ours"
    rm -f "$mine" "$result"
    exit 1
}
afterpush_merge %O %A %B %L %P %S %X %Y
"""


def driver_command(python: str) -> str:
    """The value of `merge.afterpush.driver`: runs afterpush with this interpreter."""
    # -P: the folder that git starts a driver in is the user's; its modules must not shadow ours.
    quoted = shlex.quote(python).replace("%", "%%")
    values = {
        "@RUN@": f"{quoted} -P -m afterpush.conflicts.git.driver",
        "@PYTHON@": quoted,
        "@CLEAN@": str(CLEAN),
        "@CONFLICTS@": str(CONFLICTS),
    }
    return functools.reduce(lambda text, name: text.replace(name, values[name]), values, _WRAPPER)


def attribute_lines(patterns: Sequence[str]) -> list[str]:
    """The lines of `.gitattributes` that give these globs (relative to the root) to the driver."""
    return [f"{_attribute_pattern(pattern)} merge={NAME}" for pattern in patterns]


def _attribute_pattern(pattern: str) -> str:
    # Without a slash git would take the name at any depth; the configuration means the root.
    anchored = pattern if "/" in pattern else f"/{pattern}"
    if not any(character.isspace() or character == '"' for character in anchored) and anchored[0] not in "#!":
        return anchored
    escaped = anchored.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
