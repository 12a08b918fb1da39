"""The texts of the hooks: what is committed, in plain sh, and how it is put into a script that is there.

A repository's own copy under `.husky/` serves everybody, so it names no path of one machine. Which program
works here, and the shortcut, are in the file `run` of the clone's git folder (`run_script.py`).
"""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from afterpush.infra.files import read_bytes

BEGIN = "# >>> afterpush: written by hooks.install, taken out by hooks.uninstall >>>"
END = "# <<< afterpush <<<"
ASIDE = ".before-afterpush"
"""What the folder is called that keeps the hooks which ours run: `.git/hooks.before-afterpush/pre-push`.

It is a folder beside the hooks, and each keeps its name: a dispatcher goes by `basename $0`, a link such as
`../../tools/dispatch` still leads where it led, and `$(dirname "$0")/..` is what it was.
"""
TRIAL_REFS = "refs/remotes/afterpush-trial/*"
SHELLS = frozenset("sh bash dash ash ksh zsh".split())
PROGRAM_VARIABLE = "AFTERPUSH_INV"
"""What post-push calls: the watcher names the program that works; by hand it is `inv`."""

_OFF = '[ "${AFTERPUSH-}" != 0 ] && [ "${HUSKY-}" != 0 ] || exit 0\n'
_ABOUT = {
    "pre-push": "# afterpush looks at this push and has it watched once it has landed: inv hooks.status\n",
    "post-push": "# afterpush starts the monitor of a landed push. git has no such hook: the watcher that\n"
    "# pre-push arms runs this file, with --sha SHA --ref REF.\n",
}
CANDIDATES = '.venv/bin/inv inv .venv/bin/afterpush "$(git config afterpush.program)" afterpush'
"""What is tried, in this order: words of sh."""
_RUN = """\
run=${GIT_DIR:-.git}/afterpush/hooks/run # the first call makes it
[ -f "$run" ] || { run=$(git rev-parse --git-common-dir)/afterpush/hooks/run; rmdir "$run" 2>/dev/null || :; }
[ -s "$run" ] || for inv in @CANDIDATES@; do
    PYTHONHOME='' "$inv" hooks.pre-push --prepare </dev/null >/dev/null 2>&1 && break; done || :
""".replace("@CANDIDATES@", CANDIDATES)
# A syntax error ends the shell that reads the file: of a damaged one a subshell, and the push goes on.
_PRE_PUSH = (
    _RUN
    + """\
if [ -f "$run" ] && [ -r "$run" ]; then (. "$run") || { [ $? -ne 1 ] || exit 1; rm -f "$run"; }; \
else echo @MISSING@ >&2; fi
"""
)
_POST_PUSH = f""""${{{PROGRAM_VARIABLE}:-inv}}" hooks.post-push "$@"
"""
_MISSING = "afterpush is not here, or may not write to .git/afterpush, so this push is not watched; {}"


def _body(hook: str, hint: str) -> str:
    if hook == "post-push":
        return _OFF + _POST_PUSH
    return _OFF + _PRE_PUSH.replace("@MISSING@", shlex.quote(_MISSING.format(" ".join(hint.split()))))


def text_of(path: Path) -> str:
    """A script's text, empty when it is missing or cannot be read. `bytes_of` gives back the very bytes,
    whatever their encoding and line ends."""
    try:
        return read_bytes(path, limit=1 << 20).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def aside_folder(hooks: Path) -> Path:
    """Where hooks go that ours then run: a folder beside that of the hooks."""
    return hooks.with_name(hooks.name + ASIDE)


def own_script(hook: str, hint: str) -> str:
    """The whole file, for a repository that has no such hook yet; `hint` is for who lacks afterpush."""
    return f"#!/bin/sh\n{_ABOUT[hook]}{_body(hook, hint)}"


def is_ours(script: str, hook: str) -> bool:
    """Whether the whole file is one that we wrote, perhaps an older one."""
    return hook in _ABOUT and script.startswith(f"#!/bin/sh\n{_ABOUT[hook]}") and BEGIN not in script


def block(hook: str, hint: str) -> str:
    """The lines for a script that is there: it then goes on with the same arguments and input."""
    if hook == "post-push":
        return f"{BEGIN}\n(\n{_body(hook, hint)}) </dev/null || :\n{END}\n"
    return (
        f"{BEGIN}\nafterpush_refs=$(cat)\n"
        f"printf '%s\\n' \"$afterpush_refs\" | (\n{_body(hook, hint)}) || exit 1\n"
        'if [ -n "$afterpush_refs" ]; then exec <<AFTERPUSH_REFS\n$afterpush_refs\nAFTERPUSH_REFS\n'
        f"else exec </dev/null; fi\n{END}\n"
    )


def wrapper(text: str, hook: str) -> str:
    """The file that runs the block `text`, and then the hook that was there, set aside under its name."""
    return (
        f'#!/bin/sh\n{text}aside=$(dirname -- "$0"){ASIDE}/{hook}\n'
        'if [ -x "$aside" ]; then exec "$aside" "$@"; fi\n'
    )


# husky 8's scripts source this file, and it runs them a second time: what is above that line runs twice.
_PREAMBLE = re.compile(
    r"\A(#![^\n]*\n)?((?:[ \t\r\f]*(?:#[^\n]*)?\n)*+[ \t]*\.[ \t][^\n]*/husky\.sh[^\n]*\n)?"
)


def with_block(script: str, text: str) -> str:
    """A script with the block `text` under its first lines, in place of an older block. Only a whole line
    is one: to end it would be a change that `without_block` cannot take back."""
    rest = without_block(script)
    found = _PREAMBLE.match(rest)
    at = found.end() if found else 0
    return f"{rest[:at]}{text}{rest[at:]}"


def without_block(script: str) -> str:
    """The script as it was before `with_block`."""
    before, begin, rest = script.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    return before + after if begin and end else script


def is_shell(script: str) -> bool:
    """Whether a script is one that our lines can be in: by its first line, `#!/usr/bin/env -S sh -e`."""
    first = script.partition("\n")[0]
    words = [PurePosixPath(word).name for word in first.removeprefix("#!").split()]
    return first.startswith("#!") and any(word in SHELLS for word in words[:3])


def case_pattern(pattern: str) -> str:
    """A pattern of `fnmatch` as one of sh's `case`: all but its wildcards is quoted, for a branch may be
    named `it's` or `$(date)`. sh takes longer with each further `*`, so that a third one makes the pattern
    wider: what it lets pass is then looked at properly (`is_quick`)."""
    if not is_quick(pattern):
        pattern = pattern.partition("*")[0] + "*"
    parts = _WILDCARD.split(pattern)
    return "".join(part if at % 2 else shlex.quote(part) for at, part in enumerate(parts) if part)


def is_quick(pattern: str) -> bool:
    """Whether sh's `case` matches this pattern without trying many ways."""
    return pattern.count("*") <= 2


_WILDCARD = re.compile(r"([*?]|\[!?[\w.-]+\])")


def reference_transaction(watched: Sequence[str]) -> str:
    """The filter for pushes that pre-push does not see: `watched` are tracking refs, as shell patterns.

    git runs it several times for each commit and fetch, so it leaves at the first sign that nothing was
    pushed; the tracking ref still has its old value in the state "prepared" (githooks(5)).
    """
    return f"""{BEGIN}
if [ "$1" = prepared ]; then
    afterpush_refs=$(cat)
    while read -r _ new ref; do
        case $ref in {"|".join(map(case_pattern, [*watched, TRIAL_REFS]))}) ;; *) continue ;; esac
        parent=$({{ tr '\\0' ' ' </proc/$PPID/cmdline || ps -o args= -p $PPID; }} 2>/dev/null)
        case $parent in *push*) ;; *) continue ;; esac
        [ "$(git rev-parse -q --verify "$ref")" != "$new" ] || continue
        (
{_OFF}{_RUN}trap '' HUP INT
refs="$new $ref" started=
if read -r stat </proc/$PPID/stat; then
    # The fields behind the name; the 22nd of all is the start, in clock ticks (proc_pid_stat(5)).
    set -- ${{stat##*)}}
    shift 19
    started=$1
fi 2>/dev/null
set -- --landing "$PPID@${{started:+${{started}}t}}"
if [ -f "$run" ] && [ -r "$run" ]; then . "$run"; fi
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
