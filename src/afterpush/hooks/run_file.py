"""The file `run` in the git folder: which program works in this clone, and the shortcut before it.

Starting Python and Invoke takes longer than a local push does. So the configuration's part of the question
is written out here as a few lines of sh, with a sound test each: it leaves at the first doubt, and
`hooks.pre-push` then looks properly. What lies in the repository is named from the git folder's own place,
so that a folder which is renamed, or seen under another path in a container, goes on working.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from afterpush.hooks.managers import lacks_git_lfs_hook
from afterpush.hooks.notes import LAST_PUSH, hooks_folder
from afterpush.hooks.policy import CONFIG_PATH, OFF, Policy
from afterpush.hooks.request import PYTHON_VARIABLES, WAIT
from afterpush.hooks.scripts import PROGRAM_VARIABLE, case_pattern, text_of
from afterpush.hooks.updates import BRANCH_PREFIX
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic
from afterpush.infra.git import common_folder, config_value, main_worktree
from afterpush.infra.git.outgoing import MARKER_LINES
from afterpush.infra.processes import run
from afterpush.infra.secrets import TOKEN_STEMS

NAME = "run"
PROGRAM_KEY = "afterpush.program"
TRIAL_SECONDS = 30
CANDIDATES = '.venv/bin/inv inv .venv/bin/afterpush "$(git config afterpush.program)" afterpush'


def own_program() -> str | None:
    """The program that runs us (`inv`, `afterpush`), else the console script of our Python."""
    called = Path(sys.argv[0])
    if called.name in ("inv", "invoke", "afterpush") and os.access(called, os.X_OK):
        return str(called.absolute())
    beside = Path(sys.executable).with_name("afterpush")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("afterpush")


def write_run_file(repo: Path, policy: Policy, program: str) -> None:
    """Makes the file for this program and the Python that runs us. Raises AfterpushError."""
    home = _Home(repo)
    _write(home, policy, home.word(program), home.word(sys.executable))


def renew_run_file(repo: Path, policy: Policy) -> None:
    """Writes it again when the policy has changed, with the program and the Python that it has."""
    home = _Home(repo)
    program, python = (_named(home.path, name) for name in ("program", "python"))
    if program and python:
        _write(home, policy, program, python)


def program_of(repo: Path) -> str | None:
    """The program that the file names, as a path; None where there is no such file."""
    home = _Home(repo)
    word = _named(home.path, "program")
    return "".join(shlex.split(word)).replace("$root", str(home.root)) if word else None


def _named(path: Path, name: str) -> str | None:
    """The word of sh that the file sets a name to."""
    lines = (line.partition("=") for line in text_of(path).splitlines())
    return next((word for key, _, word in lines if key == name and word), None)


def choose_program(repo: Path, environment: Mapping[str, str]) -> str | None:
    """Tries the candidates in the hook's order; the first that has the hook's task writes the file."""
    (hooks_folder(repo) / NAME).unlink(missing_ok=True)
    root = main_worktree(repo)
    named = [f"{root}/.venv/bin/inv", _on_path("inv", environment), f"{root}/.venv/bin/afterpush"]
    named += [config_value(repo, PROGRAM_KEY), _on_path("afterpush", environment), own_program()]
    for candidate in dict.fromkeys(filter(None, named)):
        if has_hook_task(repo, candidate, environment):
            return candidate
    return None


def has_hook_task(repo: Path, program: str, environment: Mapping[str, str]) -> bool:
    """The trial: whether a program, called as the hook calls it, has the task. It writes the file then."""
    env = {name: value for name, value in environment.items() if name not in PYTHON_VARIABLES}
    try:
        done = run([program, "hooks.pre-push", "--prepare"], cwd=repo, env=env, timeout_seconds=TRIAL_SECONDS)
    except AfterpushError:
        return False
    return done.code == 0 and (hooks_folder(repo) / NAME).is_file()


def _on_path(name: str, environment: Mapping[str, str]) -> str | None:
    return shutil.which(name, path=environment.get("PATH", os.defpath))


class _Home:
    """Where the file lies, and how places are written in it: from there, as far as they are in the tree."""

    def __init__(self, repo: Path) -> None:
        self.path = hooks_folder(repo) / NAME
        self.root = main_worktree(repo)
        self.is_usual = common_folder(repo) == self.root / ".git"

    def word(self, place: str | Path) -> str:
        """A word of sh. `$root` is the main worktree's root there."""
        path = Path(place).absolute()
        if self.is_usual and path.is_relative_to(self.root):
            return f'"$root"/{shlex.quote(str(path.relative_to(self.root)))}'
        return shlex.quote(str(path))


def _write(home: _Home, policy: Policy, program: str, python: str) -> None:
    config, copy = home.root / CONFIG_PATH, home.path.with_name("config-of-run")
    if config.exists():
        write_atomic(copy, config.read_bytes(), 0o600)
    text = run_text(policy, program, python, shortcut=_shortcut(home, policy))
    if text_of(home.path) != text:
        write_atomic(home.path, text, 0o600)


def _shortcut(home: _Home, policy: Policy) -> Sequence[str]:
    """The conditions that the policy asks for; `false` where the long way is the only one."""
    if lacks_git_lfs_hook(home.root):
        return ["false"]
    if not policy.enabled or not home.is_usual or not Path("/proc/self/stat").exists():
        return ["false"]
    config = f'"$root"/{CONFIG_PATH}'
    is_same = f'cmp -s {config} "$here/config-of-run"'
    return [is_same if (home.root / CONFIG_PATH).exists() else f"[ ! -e {config} ]"]


def run_text(policy: Policy, program: str, python: str, *, shortcut: Sequence[str]) -> str:
    """The file's text. `program` and `python` are words of sh, `shortcut` its first conditions."""
    stems = [TOKEN_STEMS] if policy.level("secrets") != OFF else []
    stems += [MARKER_LINES] if policy.level("conflict_markers") != OFF else []
    values = {
        "PROGRAM": program,
        "PYTHON": python,
        "FORGET": " ".join(PYTHON_VARIABLES),
        "CANDIDATES": CANDIDATES,
        "PROGRAM_VARIABLE": PROGRAM_VARIABLE,
        "WAIT": WAIT.rstrip(),
        "CONDITIONS": " && ".join(shortcut),
        "REMOTE": shlex.quote(policy.remote),
        "BRANCHES": "|".join(case_pattern(f"{BRANCH_PREFIX}{branch}") for branch in policy.branches) or "''",
        "RESULT": _results(policy),
        "LAST_PUSH": LAST_PUSH,
        "STEMS": shlex.quote("|".join(stems) or "$^"),
    }
    text = _TEMPLATE
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _results(policy: Policy) -> str:
    """The start of the names of the monitors' results, as a word of sh."""
    if policy.state_dir is None:
        return '"$here"/../'
    if policy.state_dir == ".":
        return '"$root"/.'
    path = Path(policy.state_dir).expanduser()
    return f"{shlex.quote(str(path))}/" if path.is_absolute() else f'"$root"/{shlex.quote(str(path))}/'


_TEMPLATE = """\
# Written by afterpush for the hooks of this clone, which read it; written again when something has changed.
# A push that there is nothing to say about gets its watcher from here. At the first doubt the program looks
# at it; when that does not run, the next one that has the task takes its place here.
[ -z "${ZSH_VERSION-}" ] || emulate sh
unset @FORGET@
if [ "${1-}" = --watch ]; then run=$0; fi
case $run in /*) ;; *) run=$PWD/$run ;; esac
here=${run%/run}
root=${run%/*/afterpush/hooks/run}
program=@PROGRAM@
python=@PYTHON@
export @PROGRAM_VARIABLE@="$program"

find_program() {
    rm -f "$run"
    for inv in @CANDIDATES@; do
        "$inv" hooks.pre-push --prepare </dev/null >/dev/null 2>&1 && [ -r "$run" ] && return
    done
    return 1
}

# Started as the watcher of a push: remote, pid@start of the push, sha:old:ref.
if [ "${1-}" = --watch ]; then
    shift
    pid=${2%@*}
@WAIT@
    code=0
    "$python" -P -m afterpush.hooks "$@" || code=$?
    case $code in 1 | 126 | 127) ;; *) exit "$code" ;; esac
    [ -z "${AFTERPUSH_AGAIN-}" ] && find_program && AFTERPUSH_AGAIN=1 exec sh "$run" --watch "$@"
    exit "$code"
fi

watch_without_python() {
    @CONDITIONS@ || return 1
    remote=$1 to=$1 notes=$here
    if [ -n "${AFTERPUSH_SELF_TEST-}" ] && [ "$2" = "$AFTERPUSH_SELF_TEST/remote.git" ]; then
        remote=${AFTERPUSH_SELF_TEST_REMOTE-} to=$2 notes=$AFTERPUSH_SELF_TEST
    fi
    [ "$remote" = @REMOTE@ ] && [ -z "${GIT_WORK_TREE-}" ] || return 1
    own=.git
    if [ -f .git ]; then read -r _ own <.git || return 1; fi
    [ -d "$own" ] && [ "${GIT_DIR:-$own}" = "$own" ] || return 1
    for mark in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD rebase-merge rebase-apply; do
        [ ! -e "$own/$mark" ] || return 1
    done
    # Something to tell: a push that was not watched, or the outcome of the last one.
    for note in "$here"/push-* "$here/unwatched"; do [ ! -e "$note" ] || return 1; done
    if [ -r "$own/@LAST_PUSH@" ]; then
        read -r last <"$own/@LAST_PUSH@" || return 1
        [ ! -e @RESULT@"deployment-status-${last%"${last#???????}"}.result" ] || return 1
    fi
    # One watched branch, which the remote has already.
    set -f
    set -- $refs
    set +f
    [ $# -eq 4 ] || return 1
    sha=$2 ref=$3 old=$4
    case $ref in @BRANCHES@) ;; *) return 1 ;; esac
    case $sha:$old in *[!0]*:*[!0]*) ;; *) return 1 ;; esac
    # Nothing is fetched for the sake of a look.
    export GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none
    git merge-base --is-ancestor "$old" "$sha" 2>/dev/null || return 1
    [ -z "$(timeout 0.5 git -c log.showSignature=false log -1 --format=%h --diff-merges=first-parent \\
        --no-textconv --no-ext-diff -G@STEMS@ "$old..$sha" -- 2>&1 || echo late)" ] || return 1
    # The push above us, by its command line (sh drops the NULs) and its start in ticks (proc_pid_stat(5)).
    pid=$PPID started=
    for _ in 1 2 3 4 5 6 7 8; do
        line=
        { read -r stat <"/proc/$pid/stat" && IFS= read -r line <"/proc/$pid/cmdline" || [ -n "$line" ]; } \\
            2>/dev/null || return 1
        set -- ${stat##*)}
        case $line in *--dry-run*) return 1 ;; esac
        case $line in gitpush* | */gitpush*) shift 19; started=$1; break ;; esac
        pid=$2
    done
    [ -n "$started" ] && command -v setsid >/dev/null || return 1
    umask 077
    push=$pid@${started}t
    { printf '%s\\n' "$to $sha $old $ref" >"$notes/push-$push-$sha"; } 2>/dev/null || return 1
    [ "$notes" = "$here" ] || echo shortcut >"$notes/hook"
    # The log is opened before anything is put into the background: what fails there would be silent.
    {
        (
            unset GIT_DIR GIT_INDEX_FILE GIT_PREFIX GIT_NO_LAZY_FETCH GIT_ALLOW_PROTOCOL AFTERPUSH_REPO
            exec setsid sh "$run" --watch "$to" "$push" "$sha:$old:$ref"
        ) &
    } 2>/dev/null </dev/null >>"$notes/watcher.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# git's lines: most pushes have one. The others are read as a whole, for sh reads byte by byte.
if [ -z "${refs+read}" ]; then
    refs=
    if IFS= read -r refs && IFS= read -r line; then
        refs=$(printf '%s\\n%s\\n' "$refs" "$line"; cat)
    fi
fi
if [ "${1-}" = --landing ]; then
    printf '%s\\n' "$refs" | "$program" hooks.pre-push "$@" >/dev/null 2>&1 &
    exit 0
fi
if [ -z "${AFTERPUSH_AGAIN-}" ] && watch_without_python "$@"; then exit 0; fi
unset GIT_NO_LAZY_FETCH GIT_ALLOW_PROTOCOL
if [ ! -e .git ] && [ "$here" = "$root/.git/afterpush/hooks" ]; then
    # Pushed from another place: the program is to find tasks.py and the configuration.
    GIT_DIR=$(git rev-parse --absolute-git-dir)
    export GIT_DIR
    cd "$root" || exit 0
fi
code=0
said=$(printf '%s\\n' "$refs" | "$program" hooks.pre-push --remote "$1" --url "$2" --hook 2>&1) || code=$?
case $code in
0 | 40) ;;
*)
    if [ -z "${AFTERPUSH_AGAIN-}" ] && find_program; then AFTERPUSH_AGAIN=1; . "$run"; fi
    said="afterpush could not look at this push, which is not watched: ${said##*
}"
    ;;
esac
[ -z "$said" ] || printf '%s\\n' "$said" >&2
[ "$code" -ne 40 ] || exit 1
exit 0
"""
