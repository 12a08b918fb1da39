"""The texts of the hooks that git and husky run: POSIX sh, a few lines each.

A repository's own copy under `.husky/` is committed and serves everybody, so it names no path of one
machine; the last resort, `git config afterpush.program`, is local to a clone.
"""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from afterpush.infra.files import read_bytes

BEGIN = "# >>> afterpush: written by hooks.install, taken out by hooks.uninstall >>>"
END = "# <<< afterpush <<<"
ASIDE = ".before-afterpush"
SHELLS = frozenset("sh bash dash ash ksh zsh".split())

_OFF = """[ "${AFTERPUSH-}" != 0 ] && [ "${HUSKY-}" != 0 ] || exit 0
"""
_FIND = """inv=
if grep -qs afterpush tasks.py tasks/__init__.py; then
    for inv in .venv/bin/inv ./inv "$(command -v inv)"; do
        if [ -f "$inv" ] && [ -x "$inv" ]; then break; else inv=; fi
    done
fi
if [ -z "$inv" ] && [ -x .venv/bin/afterpush ]; then inv=.venv/bin/afterpush; fi
inv=${inv:-$(command -v afterpush || git config afterpush.program)} || :
"""
_MISSING = """if [ ! -x "$inv" ]; then
    echo "afterpush is not here, so this push is not watched; get it: ./inv, or pipx install afterpush" >&2
    exit 0
fi
"""
# Only 40 stops a push: it is what hooks.pre-push --hook ends with when a guard blocks. A broken Python,
# a faulty configuration and a missing task end otherwise, and the push goes on.
_PRE_PUSH = """code=0
printf %s "$refs" | "$inv" hooks.pre-push --remote "$1" --url "$2" --hook || code=$?
[ "$code" -ne 40 ]
"""
# What `hooks.shortcut` wrote for this clone: it ends the hook when there is nothing to say about a push.
_SHORTCUT = """refs=
while IFS= read -r line; do refs="$refs$line
"; done
own=.git
[ -d .git ] || { read -r _ own <.git; } 2>/dev/null || :
shortcut=${own%/worktrees/*}/afterpush/hooks/shortcut
if [ -r "$shortcut" ]; then . "$shortcut"; fi
"""
_POST_PUSH = """"$inv" hooks.post-push "$@"
"""
_BODY = {
    "pre-push": _OFF + _SHORTCUT + _FIND + _MISSING + _PRE_PUSH,
    "post-push": _OFF + _FIND + _MISSING + _POST_PUSH,
}
_ABOUT = {
    "pre-push": "# afterpush looks at this push and has it watched once it has landed: inv hooks.status\n",
    "post-push": "# afterpush starts the monitor of a landed push. git has no such hook: the watcher that\n"
    "# pre-push arms runs this file, with --sha SHA --ref REF.\n",
}


def text_of(path: Path) -> str:
    """A script's text, empty when it is missing or cannot be read. `bytes_of` gives back the very bytes,
    whatever their encoding and line ends."""
    try:
        return read_bytes(path, limit=1 << 20).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def own_script(hook: str) -> str:
    """The whole file, for a repository that has no such hook yet."""
    return f"#!/bin/sh\n{_ABOUT[hook]}{_BODY[hook]}"


def about(hook: str) -> str:
    """The comment that a file of ours starts with; empty for a hook that is always a block."""
    return _ABOUT.get(hook, "")


def block(hook: str) -> str:
    """The lines for the top of a script that is there: it then goes on with the same arguments and input."""
    body = _BODY[hook]
    if hook == "post-push":
        return f"{BEGIN}\n(\n{body}) </dev/null || :\n{END}\n"
    return (
        f"{BEGIN}\nafterpush_refs=$(cat)\n"
        f"printf '%s\\n' \"$afterpush_refs\" | (\n{body}) || exit 1\n"
        'if [ -n "$afterpush_refs" ]; then exec <<AFTERPUSH_REFS\n$afterpush_refs\nAFTERPUSH_REFS\n'
        f"else exec </dev/null; fi\n{END}\n"
    )


def wrapper(text: str) -> str:
    """The file that runs the block `text`, and then the hook that was there, beside it under `ASIDE`."""
    return f'#!/bin/sh\n{text}if [ -x "$0{ASIDE}" ]; then exec "$0{ASIDE}" "$@"; fi\n'


def with_block(script: str, text: str) -> str:
    """A script with the block `text` under its first line, in place of an older block. Only a whole line
    is one: to end it would be a change that `without_block` cannot take back."""
    shebang, rest = "", without_block(script)
    if rest.startswith("#!") and "\n" in rest:
        shebang, _, rest = rest.partition("\n")
        shebang += "\n"
    return f"{shebang}{text}{rest}"


def without_block(script: str) -> str:
    """The script as it was before `with_block`."""
    before, begin, rest = script.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    return before + after if begin and end else script


def is_shell(script: str) -> bool:
    """Whether a script is one that our lines can stand in: by its first line, `#!/usr/bin/env -S sh -e`."""
    first = script.partition("\n")[0]
    words = [PurePosixPath(word).name for word in first.removeprefix("#!").split()]
    return first.startswith("#!") and any(word in SHELLS for word in words[:3])


def case_pattern(pattern: str) -> str:
    """A pattern of `fnmatch` as one of sh's `case`: all but its wildcards is quoted, for a branch may be
    named `it's` or `$(date)`."""
    parts = _WILDCARD.split(pattern)
    return "".join(part if at % 2 else shlex.quote(part) for at, part in enumerate(parts) if part)


_WILDCARD = re.compile(r"([*?]|\[!?[\w.-]+\])")


def reference_transaction(watched: Sequence[str]) -> str:
    """The filter for `--enforce`: `watched` are tracking refs, as shell patterns.

    git runs it several times for each commit and fetch, so it leaves at the first sign that nothing was
    pushed; the tracking ref still has its old value in the state "prepared" (githooks(5)).
    """
    return f"""{BEGIN}
if [ "$1" = prepared ]; then
    afterpush_refs=$(cat)
    while read -r _ new ref; do
        case $ref in {"|".join(map(case_pattern, watched))}) ;; *) continue ;; esac
        parent=$({{ tr '\\0' ' ' </proc/$PPID/cmdline || ps -o args= -p $PPID; }} 2>/dev/null)
        case $parent in *push*) ;; *) continue ;; esac
        [ "$(git rev-parse -q --verify "$ref")" != "$new" ] || continue
        (
{_OFF}{_FIND}[ -x "$inv" ] || exit 0
trap '' HUP INT
started=
if read -r stat </proc/$PPID/stat; then
    # The fields behind the name; the 22nd of all is the start, in clock ticks (proc_pid_stat(5)).
    set -- ${{stat##*)}}
    shift 19
    started=$1
fi 2>/dev/null
printf '%s\\n' "$new $ref" | "$inv" hooks.pre-push --landing "$PPID@$started" >/dev/null 2>&1 &
        )
    done <<AFTERPUSH_REFS
$afterpush_refs
AFTERPUSH_REFS
    exec <<AFTERPUSH_REFS
$afterpush_refs
AFTERPUSH_REFS
fi
{END}
"""
