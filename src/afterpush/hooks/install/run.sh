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
made=@MADE@

# A tasks.py that is not the one of `hooks.install` may be anybody's: our own program has the same task.
has_known_tasks() { (LC_ALL=C; cat tasks.py tasks/*.py 2>/dev/null) | cmp -s - "$here/tasks-of-run"; }
name_program() {
    case ${program##*/} in inv | invoke) has_known_tasks || program=${python%/*}/afterpush ;; esac
    export @PROGRAM_VARIABLE@="$program"
}

# Git tracks nothing there: what a commit puts into a virtual environment, Python would run.
is_untracked() { e=$1; [ -z "$(@TRACKED@)" ]; }
runs_our_own() { [ -z "$made" ] || is_untracked "$root/$made"; }

find_program() {
    rm -f "$here/prepared"
    for inv in @CANDIDATES@; do
        inv=$(command -v "$inv") || continue
        case $inv in "$root"/.venv/* | .venv/*) is_untracked "$root/.venv" || continue ;; esac
        case $inv in *inv) has_known_tasks || continue ;; esac
        "$inv" hooks.pre-push --prepare </dev/null >/dev/null 2>&1 && [ -e "$here/prepared" ] && return
    done
    return 1
}

# Started as the watcher of a push: remote, pid@start of the push, sha:old:ref.
if [ "${1-}" = --watch ]; then
    shift
    name_program
    pid=${2%@*}
@WAIT@
    code=0
    if runs_our_own; then "$python" -P -m afterpush.hooks "$@" || code=$?; else code=127; fi
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
    # The push above us, by its command line (sh drops the NULs) and its start in ticks (proc_pid_stat(5)).
    name=$1 pid=$PPID started=
    for _ in 1 2 3 4 5 6 7 8; do
        line=
        { read -r stat <"/proc/$pid/stat" && IFS= read -r line <"/proc/$pid/cmdline" || [ -n "$line" ]; } \
            2>/dev/null || return 1
        set -- ${stat##*)}
        case $line in gitpush* | */gitpush*) shift 19; started=$1; break ;; esac
        pid=$2
    done
    [ -n "$started" ] && command -v setsid >/dev/null || return 1
    # Not forced, and no dry run: `git push -q origin main` leaves nothing here but `main`. git then hands over
    # no branch that would lose commits, unless these are not here, which git log below cannot get over.
    rest=${line#*gitpush}
    while :; do
        case $rest in
        -[quv]*) rest=${rest#-?} ;;
        --quiet*) rest=${rest#--quiet} ;;
        --set-upstream*) rest=${rest#--set-upstream} ;;
        *) break ;;
        esac
    done
    case $rest in '') ;; "$name"*) rest=${rest#"$name"} ;; *) return 1 ;; esac
    case $rest in *[-+]*) return 1 ;; esac
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
    [ -z "$(timeout 0.5 git -c log.showSignature=false log -1 --format=%h --diff-merges=first-parent \
        --no-textconv --no-ext-diff -G@STEMS@ "$old..$sha" -- 2>&1 || echo late)" ] || return 1
    umask 077
    push=$pid@${started}t
    # What fails in the background would be silent: the log is opened before. (`:` would end the shell.)
    { true >>"$notes/watcher.log" && printf '%s\n' "$to $sha $old $ref" >>"$notes/push-$push"; } 2>/dev/null ||
        return 1
    [ "$notes" = "$here" ] || echo shortcut >"$notes/hook"
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
        refs=$(printf '%s\n%s\n' "$refs" "$line"; cat)
    fi
fi
if [ "${1-}" = --landing ]; then
    name_program
    # The subshell opens the log itself: around a { } sh would keep the output of git open in the background,
    # and `git push | cat` would wait for the watcher.
    (
        runs_our_own || exit
        printf '%s\n' "$refs" | "$python" -P -m afterpush.hooks "$@" ||
            printf '%s\n' "$refs" | "$program" hooks.pre-push "$@"
    ) >>"${AFTERPUSH_SELF_TEST-$here}/watcher.log" 2>&1 &
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
# Everybody on this machine can read a command line: the password or token of a URL stays out of it.
plain() {
    case $1 in http://*@* | https://*@*) ;; *) printf %s "$1" && return ;; esac
    rest=${1#*://} && host=${rest%%/*}
    printf %s "${1%%://*}://${host##*@}${rest#"$host"}"
}
name_program
code=0
said=$(
    runs_our_own || { echo "git tracks files in $made, which nobody here put there" && exit 127; }
    printf '%s\n' "$refs" | "$program" hooks.pre-push --remote "$(plain "$1")" --url "$(plain "$2")" --hook 2>&1
) || code=$?
case $code in
0 | 40) ;;
*)
    if [ -z "${AFTERPUSH_AGAIN-}" ] && find_program; then AFTERPUSH_AGAIN=1; . "$run"; fi
    said="afterpush could not look at this push, which is not watched: ${said##*
}"
    ;;
esac
[ -z "$said" ] || printf '%s\n' "$said" >&2
[ "$code" -ne 40 ] || exit 1
exit 0
