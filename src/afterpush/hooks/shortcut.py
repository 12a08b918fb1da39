"""The shortcut: for a push that there is nothing to say about, pre-push arms the watcher without Python.

Starting Python and Invoke takes longer than a local push does. So the configuration's part of the question
is written out as a few lines of sh in the git folder, with a sound test each: it leaves at the first doubt,
and `inv hooks.pre-push` then looks properly. The watcher, which nobody waits for, keeps the file up to date.
"""

import shlex
import sys
from pathlib import Path

from afterpush.hooks.arming import DELAY_SECONDS
from afterpush.hooks.complaint import NEW
from afterpush.hooks.journal import journal_path
from afterpush.hooks.policy import OFF, Policy
from afterpush.hooks.previous import memory_path
from afterpush.hooks.scripts import case_pattern
from afterpush.hooks.updates import BRANCH_PREFIX
from afterpush.infra.files import write_atomic
from afterpush.infra.git.outgoing import MARKER_LINES
from afterpush.infra.secrets import TOKEN_STEMS
from afterpush.infra.state import StateFolder, room_folder, state_folder

NAME = "shortcut"


def shortcut_path(repo: Path) -> Path:
    return room_folder(repo, "hooks") / NAME


def keep_shortcut(repo: Path, root: Path, policy: Policy) -> None:
    """Writes the file anew when it would differ, with the configuration that it was made from beside it.

    Raises OSError.
    """
    path = shortcut_path(repo)
    if not policy.enabled or not Path("/proc/self/stat").exists():
        path.unlink(missing_ok=True)
        return
    config, copy = root / "config" / "afterpush.yaml", path.with_name(f"{NAME}.yaml")
    if config.exists():
        write_atomic(copy, config.read_bytes(), 0o600)
    state = state_folder(repo, policy.state_dir)
    text = shortcut(policy, config, copy, state, memory_path(repo), journal_path(repo))
    if not path.exists() or path.read_bytes() != text.encode():
        write_atomic(path, text, 0o600)


def shortcut(policy: Policy, config: Path, copy: Path, state: StateFolder, told: Path, log: Path) -> str:
    """The lines that pre-push sources. `$refs` has what git handed over, `$own` the worktree's git folder."""
    stems = [TOKEN_STEMS] if policy.level("secrets") != OFF else []
    stems += [MARKER_LINES] if policy.level("conflict_markers") != OFF else []
    here, there = shlex.quote(str(config)), shlex.quote(str(copy))
    is_same = f"cmp -s {here} {there}" if config.exists() else f"[ ! -e {here} ]"
    values = {
        "REMOTE": shlex.quote(policy.remote),
        "BRANCHES": "|".join(case_pattern(f"{BRANCH_PREFIX}{branch}") for branch in policy.branches),
        "IS_SAME": is_same,
        "STATE": f"{shlex.quote(f'{state.path}/{state.prefix}')}deployment-status-*.result",
        "COMPLAINT": shlex.quote(str(told.with_name(NEW))),
        "TOLD": shlex.quote(str(told)),
        "STEMS": shlex.quote("|".join(stems) or "$^"),
        "PYTHON": shlex.quote(sys.executable),
        "DELAY": f"{DELAY_SECONDS:g}",
        "LOG": shlex.quote(str(log)),
    }
    text = _TEMPLATE
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


_TEMPLATE = """\
# Written by afterpush, read by pre-push: whether there is nothing to say about a push. Each doubt leaves.
afterpush_shortcut() {
    [ -z "${AFTERPUSH_SELF_TEST-}" ] && [ "$1" = @REMOTE@ ] && [ -x @PYTHON@ ] || return 1
    @IS_SAME@ || return 1
    for mark in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD rebase-merge rebase-apply; do
        [ ! -e "$own/$mark" ] || return 1
    done
    [ ! -e @COMPLAINT@ ] || return 1
    for result in @STATE@; do
        [ ! -e "$result" ] || [ @TOLD@ -nt "$result" ] || return 1
    done
    # One watched branch, which the remote has already.
    set -f
    set -- $refs
    set +f
    [ $# -eq 4 ] || return 1
    sha=$2 ref=$3 old=$4
    case $ref in @BRANCHES@) ;; *) return 1 ;; esac
    case $sha:$old in *[!0]*:*[!0]*) ;; *) return 1 ;; esac
    git merge-base --is-ancestor "$old" "$sha" 2>/dev/null || return 1
    [ -z "$(git -c log.showSignature=false log -1 --format=%h --diff-merges=first-parent --no-textconv \\
        --no-ext-diff -G@STEMS@ "$old..$sha" -- 2>&1)" ] || return 1
    # The git above us is the one that pushes: its pid, and its start in clock ticks (proc_pid_stat(5)).
    pid=$PPID started=
    for _ in 1 2 3 4; do
        { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 1
        name=${stat#*(}
        set -- ${stat##*)}
        if [ "${name%)*}" = git ]; then shift 19; started=$1; break; fi
        pid=$2
    done
    [ -n "$started" ] && command -v setsid >/dev/null || return 1
    unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX AFTERPUSH_REPO
    setsid sh -c 'sleep @DELAY@; exec "$@"' sh \\
        @PYTHON@ -P -m afterpush.hooks @REMOTE@ "$pid@${started}t" "$sha:$old:$ref" \\
        </dev/null >>@LOG@ 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
}
if afterpush_shortcut "$@"; then exit 0; fi
"""
