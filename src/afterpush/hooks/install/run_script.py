"""The file `run` in the git folder: which program works in this clone, and the shortcut before it.

Starting Python and Invoke takes longer than a local push does. So the configuration's part of the question
is written out here as a few lines of sh, with a sound test each: it leaves at the first doubt, and
`hooks.pre-push` then looks properly. What lies in the repository is named from the git folder's own place,
so that a folder which is renamed, or seen under another path in a container, goes on working.
"""

import contextlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from afterpush.hooks.install.managers import lacks_git_lfs_hook
from afterpush.hooks.install.scripts import CANDIDATES, PROGRAM_VARIABLE, case_pattern, is_quick, text_of
from afterpush.hooks.notes import LAST_PUSH, hooks_folder, hooks_place
from afterpush.hooks.policy import CONFIG_PATH, OFF, Policy
from afterpush.hooks.ref_updates import BRANCH_PREFIX
from afterpush.hooks.request import PYTHON_VARIABLES, WAIT
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes, write_atomic
from afterpush.infra.git import common_folder, config_value, git, main_worktree
from afterpush.infra.git.outgoing import MARKER_LINES
from afterpush.infra.git.tracked_files import TRACKED_IN_SH, is_brought
from afterpush.infra.processes import run
from afterpush.infra.secrets import TOKEN_STEMS

NAME = "run"
PREPARED = "prepared"
"""What a program leaves that was tried as the hook's: without it, it has another task of that name."""
PROGRAM_KEY = "afterpush.program"
TRIAL_SECONDS = 30
TEMPLATE = Path(__file__).with_name("run.sh")


def own_program() -> str | None:
    """The program that runs us (`inv`, `afterpush`), else the console script of our Python."""
    called = Path(sys.argv[0])
    if called.name in ("inv", "invoke", "afterpush") and os.access(called, os.X_OK):
        return str(called.absolute())
    beside = Path(sys.executable).with_name("afterpush")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("afterpush")


def write_run_file(repo: Path, policy: Policy, program: str) -> None:
    """Makes the file for this program and the Python that runs us. Raises AfterpushError."""
    (hooks_folder(repo) / PREPARED).touch()
    home = _Home(repo)
    with contextlib.suppress(OSError):  # A container that mounts a file which is not there makes a folder.
        home.path.rmdir()
    known = home.path.with_name("tasks-of-run")
    if is_invoke(program):
        write_atomic(known, _tasks(home.root), 0o600)
    else:
        known.unlink(missing_ok=True)  # Whatever tasks.py says now, nobody had it run.
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
    return _place(home, word) if word else None


def _place(home: "_Home", word: str) -> str:
    """The path that a word of the file means."""
    return "".join(shlex.split(word)).replace("$root", str(home.root))


def _named(path: Path, name: str) -> str | None:
    """The word of sh that the file sets a name to."""
    lines = (line.partition("=") for line in text_of(path).splitlines())
    return next((word for key, _, word in lines if key == name and word), None)


def choose_program(repo: Path, environment: Mapping[str, str], *, loads_tasks: bool) -> str | None:
    """Tries the candidates in the hook's order; the first that has the hook's task writes the file.

    None of them is a program that a commit brought, and `inv`, which runs tasks.py, is tried only where that
    may be loaded.
    """
    root = main_worktree(repo)
    named = [f"{root}/.venv/bin/inv", _on_path("inv", environment), f"{root}/.venv/bin/afterpush"]
    named += [config_value(repo, PROGRAM_KEY), _on_path("afterpush", environment), own_program()]
    tried = (each for each in dict.fromkeys(filter(None, named)) if loads_tasks or not is_invoke(each))
    return next((each for each in tried if has_hook_task(repo, each, environment)), None)


def is_invoke(program: str) -> bool:
    """Whether a program is Invoke's own, which runs the tasks.py that it finds."""
    return Path(program).name in ("inv", "invoke")


def _is_brought(root: Path, program: Path) -> bool:
    """Whether commits decide what a program does: it, or a file of its environment, came with one."""
    made = _environment_of(program)
    return made.is_relative_to(root) and is_brought(root, made.relative_to(root).as_posix())


def _environment_of(program: Path) -> Path:
    """The virtual environment of a program; elsewhere the program itself."""
    made = program.parent.parent
    return made if (made / "pyvenv.cfg").is_file() else program


def has_hook_task(repo: Path, program: str, environment: Mapping[str, str]) -> bool:
    """The trial: whether a program, called as the hook calls it, has the task. It writes the file then.

    What a commit brought is not tried.
    """
    if _is_brought(main_worktree(repo), Path(program)):
        return False
    env = {name: value for name, value in environment.items() if name not in PYTHON_VARIABLES}
    mark = hooks_place(repo) / PREPARED
    try:
        mark.unlink(missing_ok=True)
        done = run([program, "hooks.pre-push", "--prepare"], cwd=repo, env=env, timeout_seconds=TRIAL_SECONDS)
    except (AfterpushError, OSError):
        return False
    return done.code == 0 and mark.is_file()


def _on_path(name: str, environment: Mapping[str, str]) -> str | None:
    return shutil.which(name, path=environment.get("PATH", os.defpath))


class _Home:
    """Where the file lies, and how places are written in it: from there, as far as they are in the tree."""

    def __init__(self, repo: Path) -> None:
        self.path = hooks_place(repo) / NAME
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
        write_atomic(copy, read_bytes(config, limit=1 << 20), 0o600)
    made = _environment_of(Path(_place(home, python)))
    inside = made.relative_to(home.root).as_posix() if made.is_relative_to(home.root) else ""
    text = run_text(policy, program, python, shortcut=_shortcut(home, policy), made=shlex.quote(inside))
    if text_of(home.path) != text:
        write_atomic(home.path, text, 0o600)


def _tasks(root: Path) -> bytes:
    """What `inv` would load here, in the order in which sh lists it."""
    paths = [root / "tasks.py", *sorted((root / "tasks").glob("*.py"))]
    return b"".join(read_bytes(path, limit=1 << 22) for path in paths if path.is_file())


def _shortcut(home: _Home, policy: Policy) -> Sequence[str]:
    """The conditions that the policy asks for; `false` where the long way is the only one."""
    if lacks_git_lfs_hook(home.root):
        return ["false"]
    forced = git(home.root, "config", "--get-regexp", r"^remote\..*\.(push|mirror)$").text
    is_certain = policy.enabled and home.is_usual and all(map(is_quick, policy.branches))
    if forced or not is_certain or not Path("/proc/self/stat").exists():
        return ["false"]
    config = f'"$root"/{CONFIG_PATH}'
    is_same = f'cmp -s {config} "$here/config-of-run"'
    return [is_same if (home.root / CONFIG_PATH).exists() else f"[ ! -e {config} ]"]


def run_text(policy: Policy, program: str, python: str, *, shortcut: Sequence[str], made: str = "") -> str:
    """The file's text. `program` and `python` are words of sh, `shortcut` its first conditions, `made` the
    path of a virtual environment in the work tree, which no commit may reach."""
    stems = [TOKEN_STEMS] if policy.level("secrets") != OFF else []
    stems += [MARKER_LINES] if policy.level("conflict_markers") != OFF else []
    values = {
        "PROGRAM": program,
        "PYTHON": python,
        "MADE": made,
        "FORGET": " ".join(PYTHON_VARIABLES),
        "CANDIDATES": CANDIDATES,
        "PROGRAM_VARIABLE": PROGRAM_VARIABLE,
        "WAIT": WAIT.rstrip(),
        "TRACKED": TRACKED_IN_SH,
        "CONDITIONS": " && ".join(shortcut),
        "REMOTE": shlex.quote(policy.remote),
        "BRANCHES": "|".join(case_pattern(f"{BRANCH_PREFIX}{branch}") for branch in policy.branches) or "''",
        "RESULT": _results(policy),
        "LAST_PUSH": LAST_PUSH,
        "STEMS": shlex.quote("|".join(stems) or "$^"),
    }
    template = TEMPLATE.read_text(encoding="utf-8")
    # In one pass: a remote named `@BRANCHES@` must not become what the branches are.
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], template)


def _results(policy: Policy) -> str:
    """The start of the names of the monitors' results, as a word of sh."""
    if policy.state_dir is None:
        return '"$here"/../'
    if policy.state_dir == ".":
        return '"$root"/.'
    path = Path(policy.state_dir).expanduser()
    return f"{shlex.quote(str(path))}/" if path.is_absolute() else f'"$root"/{shlex.quote(str(path))}/'
