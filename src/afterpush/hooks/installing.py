"""Planning how our lines get into the hooks, and out of them again; nothing of others is overwritten."""

import os
import shutil
import sys
from pathlib import Path

from afterpush.hooks import lefthook, scripts
from afterpush.hooks.changes import Plan, Step
from afterpush.hooks.owners import Manager, Owner, find_owner, is_by_pre_commit
from afterpush.hooks.policy import Policy
from afterpush.hooks.scripts import text_of
from afterpush.hooks.updates import BRANCH_PREFIX
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import common_folder, main_worktree
from afterpush.infra.git.refs import tracking_ref

IGNORED = (
    ".deployment-status-*.log",
    ".deployment-status-*.result",
    ".deployment-monitor-*.pid",
    ".deployment-monitor-*.lock",
)
ENFORCING = "reference-transaction"


def own_program() -> str | None:
    """The console script beside the Python that runs us: the last resort of the hooks of this clone."""
    beside = Path(sys.executable).with_name("afterpush")
    if os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which("afterpush")


def plan_install(repo: Path, policy: Policy, manager: str, *, enforce: bool, program: str | None) -> Plan:
    """What has to be written here. Raises AfterpushError for an unknown `manager`."""
    owner = find_owner(repo, manager)
    if problem := outside(repo, owner):
        return Plan(owner, problems=[problem])
    steps = _prepare_husky(repo, owner)
    steps += _add(pre_push_path(owner), "pre-push", scripts.block("pre-push"), is_husky=_is_husky(owner))
    if _is_husky(owner) or (repo / ".husky").is_dir():
        folder = owner.scripts if _is_husky(owner) else repo / ".husky"
        steps += _add(folder / "post-push", "post-push", scripts.block("post-push"), is_husky=True)
    if (repo / ".husky").is_dir() and not _is_husky(owner) and owner.manager is not Manager.LEFTHOOK:
        # husky is not active here, but takes over as soon as somebody runs it.
        steps += _add(repo / ".husky" / "pre-push", "pre-push", scripts.block("pre-push"), is_husky=True)
    if enforce:
        text = scripts.reference_transaction(watched_tracking_refs(repo, policy))
        steps += _add(owner.hooks_path / ENFORCING, ENFORCING, text, is_husky=False)
    steps += _ignore_state_files(repo, policy)
    is_left_out = (
        _is_husky(owner)
        and not owner.is_prepared
        and not any(s.path.parent == owner.hooks_path for s in steps)
    )
    problems = [UNPREPARED] if is_left_out else []
    advice = []
    if owner.manager is Manager.LEFTHOOK:
        problems += lefthook.problems(repo, owner.hooks_path)
        advice += [] if lefthook.calls_afterpush(repo) else [lefthook.ADVICE]
    return Plan(owner, steps, advice, problems, program=program)


_OUTSIDE = (
    "core.hooksPath is {}, outside of this repository, and not ours to write to; make this the last line of "
    'pre-push there: afterpush hooks.pre-push --remote "$1" --url "$2" --hook || [ $? -ne 40 ]'
)
_NO_FOLDER = (
    "core.hooksPath is {}, which is no folder, so git runs no hook; git config --unset core.hooksPath"
)
UNPREPARED = "core.hooksPath does not lead to husky's hooks here; run npx husky in this worktree"


def outside(repo: Path, owner: Owner) -> str | None:
    """What to do by hand where git takes the hooks from a folder that others use too, or from none."""
    path = owner.hooks_path.resolve()
    if path.exists() and not path.is_dir():
        return _NO_FOLDER.format(owner.hooks_path)
    homes = (repo, main_worktree(repo), common_folder(repo))
    is_inside = any(path.is_relative_to(home.resolve()) for home in homes)
    return None if is_inside else _OUTSIDE.format(owner.hooks_path)


def _is_husky(owner: Owner) -> bool:
    return owner.manager is Manager.HUSKY


def pre_push_path(owner: Owner) -> Path:
    """Where our pre-push stands. pre-commit runs what was there before it, and under this name (its
    `_run_legacy`, with the same arguments and input)."""
    if owner.manager is Manager.LEFTHOOK:
        return owner.scripts / lefthook.SCRIPT
    path = owner.scripts / "pre-push"
    return path.with_name("pre-push.legacy") if is_by_pre_commit(text_of(path)) else path


def is_called(repo: Path, owner: Owner) -> bool:
    """Whether the pre-push of this repository leads to us, as far as its files show."""
    if owner.manager is Manager.LEFTHOOK:
        return not lefthook.problems(repo, owner.hooks_path)
    return "hooks.pre-push" in text_of(pre_push_path(owner))


def watched_tracking_refs(repo: Path, policy: Policy) -> list[str]:
    """The refs here that follow the watched branches."""
    refs = (tracking_ref(repo, policy.remote, f"{BRANCH_PREFIX}{branch}") for branch in policy.branches)
    return [ref for ref in refs if ref]


def _prepare_husky(repo: Path, owner: Owner) -> list[Step]:
    """In a linked worktree husky's folder is missing, for git ignores it: the main worktree's is copied."""
    main = main_worktree(repo)
    if not _is_husky(owner) or owner.is_prepared or main == repo:
        return []
    try:
        source = main / owner.hooks_path.relative_to(repo)
        files = sorted(path for path in source.iterdir() if path.is_file())
    except (OSError, ValueError):
        return []
    return [
        Step("copy husky's file", owner.hooks_path / path.name, text_of(path), path.stat().st_mode & 0o777)
        for path in files
    ]


def _add(path: Path, hook: str, text: str, *, is_husky: bool) -> list[Step]:
    """The steps that bring `text` into the hook at `path`, whatever is there. git passes over a hook without
    the execute bit; husky reads its scripts."""
    fresh = scripts.own_script(hook) if hook != ENFORCING else f"#!/bin/sh\n{text}"
    if not path.exists() and not path.is_symlink():
        return [Step("write", path, fresh, 0o755)]
    there = _text_to_change(path)
    if there == fresh or text in there:
        is_run = is_husky or os.access(path, os.X_OK)
        return [] if is_run else [Step("make executable", path, there, 0o755)]
    if _is_ours(there, hook):
        return [Step("renew", path, fresh, 0o755)]
    can_hold_lines = (
        "\n" in there and not path.is_symlink() and os.access(path, os.X_OK) and scripts.is_shell(there)
    )
    if is_husky or can_hold_lines or scripts.BEGIN in there:
        return [Step("add our lines to", path, scripts.with_block(there, text))]
    aside = path.with_name(path.name + scripts.ASIDE)
    return [
        Step(f"keep as {aside.name}, which ours then runs", path, moved_to=aside),
        Step("write", path, scripts.wrapper(text), 0o755),
    ]


def _text_to_change(path: Path) -> str:
    """A script's text. One that is there and cannot be read must not be taken for an empty one."""
    if path.exists() and not os.access(path, os.R_OK):
        raise AfterpushError(f"adding our lines to {path}: it cannot be read; make it readable for you")
    return text_of(path)


def _is_ours(script: str, hook: str) -> bool:
    """Whether the whole file is one that we wrote, perhaps an older one."""
    about = scripts.about(hook)
    return bool(about) and script.startswith(f"#!/bin/sh\n{about}") and scripts.BEGIN not in script


def _ignore_state_files(repo: Path, policy: Policy) -> list[Step]:
    """Files in the repository's root must not be committed by accident."""
    if policy.state_dir != ".":
        return []
    path = main_worktree(repo) / ".gitignore"
    there = text_of(path)
    missing = [line for line in IGNORED if line not in there.splitlines()]
    if not missing:
        return []
    separator = "" if not there or there.endswith("\n") else "\n"
    return [Step("ignore the monitors' files in", path, there + separator + "\n".join(missing) + "\n")]


def plan_uninstall(repo: Path, manager: str) -> Plan:
    """What has to be undone here."""
    owner = find_owner(repo, manager)
    places = [
        (pre_push_path(owner), "pre-push"),
        (owner.scripts / "pre-push", "pre-push"),
        (owner.scripts / "pre-push.legacy", "pre-push"),
        (owner.hooks_path / "pre-push", "pre-push"),
        (repo / ".husky" / "pre-push", "pre-push"),
        (owner.scripts / "post-push", "post-push"),
        (repo / ".husky" / "post-push", "post-push"),
        (owner.hooks_path / ENFORCING, ENFORCING),
    ]
    kept = _still_named(repo, owner)
    steps = [
        step for path, hook in dict.fromkeys(places) if path not in kept for step in _take_out(path, hook)
    ]
    return Plan(owner, steps, problems=[lefthook.STILL_NAMED] if kept else [], forgets_program=not kept)


def _still_named(repo: Path, owner: Owner) -> list[Path]:
    """What must stay: lefthook stops a push whose configured script is gone."""
    path = pre_push_path(owner)
    is_named = owner.manager is Manager.LEFTHOOK and lefthook.calls_afterpush(repo)
    return [path] if is_named and path.exists() else []


def _take_out(path: Path, hook: str) -> list[Step]:
    there = text_of(path)
    aside = path.with_name(path.name + scripts.ASIDE)
    rest = scripts.without_block(there)
    is_whole = _is_ours(there, hook) or (hook == ENFORCING and rest != there and rest == "#!/bin/sh\n")
    if aside.exists() or aside.is_symlink():
        return [Step("remove", path), Step(f"bring back as {path.name}", aside, moved_to=path)]
    if is_whole:
        return [Step("remove", path)]
    return [Step("take our lines out of", path, rest)] if rest != there else []
