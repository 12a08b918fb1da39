"""Planning how our lines get into the hooks, and out of them again; nothing of others is overwritten."""

import os
import shutil
import sys
from pathlib import Path

from afterpush.ground.git import main_worktree
from afterpush.ground.git.refs import tracking_ref
from afterpush.hooks import scripts
from afterpush.hooks.changes import Plan, Step
from afterpush.hooks.owners import Manager, Owner, find_owner, is_by_pre_commit, text_of
from afterpush.hooks.policy import Policy
from afterpush.hooks.updates import BRANCH_PREFIX

IGNORED = (
    ".deployment-status-*.log",
    ".deployment-status-*.result",
    ".deployment-monitor-*.pid",
    ".deployment-monitor-*.lock",
)
ENFORCING = "reference-transaction"
_LEFTHOOK_ADVICE = (
    "lefthook writes the hooks itself; add this to its configuration, then run lefthook install:\n"
    "  pre-push:\n    commands:\n      afterpush:\n"
    "        run: afterpush hooks.pre-push --remote {1} --url {2}\n        use_stdin: true"
)


def own_program() -> str | None:
    """The console script beside the Python that runs us: the last resort of the hooks of this clone."""
    beside = Path(sys.executable).with_name("afterpush")
    if os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which("afterpush")


def plan_install(repo: Path, policy: Policy, manager: str, *, enforce: bool, program: str | None) -> Plan:
    """What has to be written here. Raises AfterpushError for an unknown `manager`."""
    owner = find_owner(repo, manager)
    outside = owner.manager is Manager.OTHER and not owner.hooks_path.resolve().is_relative_to(repo.resolve())
    if outside:
        problem = f"core.hooksPath is {owner.hooks_path}, outside of this repository; {_by_hand('pre-push')}"
        return Plan(owner, problems=[problem])
    if owner.manager is Manager.LEFTHOOK:
        told = has_lefthook_lines(repo)
        return Plan(
            owner, advice=[] if told else [_LEFTHOOK_ADVICE], problems=[] if told else [_LEFTHOOK_PROBLEM]
        )
    steps = _prepare_husky(repo, owner)
    steps += _add(pre_push_path(owner), "pre-push", scripts.block("pre-push"), is_husky=_is_husky(owner))
    if _is_husky(owner) or (repo / ".husky").is_dir():
        folder = owner.scripts if _is_husky(owner) else repo / ".husky"
        steps += _add(folder / "post-push", "post-push", scripts.block("post-push"), is_husky=True)
    if (repo / ".husky").is_dir() and not _is_husky(owner):
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
    return Plan(owner, steps, problems=[UNPREPARED] if is_left_out else [], program=program)


_LEFTHOOK_PROBLEM = "lefthook does not call afterpush yet"
UNPREPARED = "core.hooksPath does not lead to husky's hooks here; run npx husky in this worktree"


def has_lefthook_lines(repo: Path) -> bool:
    from afterpush.hooks.owners import LEFTHOOK_FILES

    return any("hooks.pre-push" in text_of(repo / name) for name in LEFTHOOK_FILES)


def _by_hand(hook: str) -> str:
    return f'add to {hook} there: afterpush hooks.{hook} --remote "$1" --url "$2"'


def _is_husky(owner: Owner) -> bool:
    return owner.manager is Manager.HUSKY


def pre_push_path(owner: Owner) -> Path:
    """Where our pre-push stands. pre-commit runs what was there before it, and under this name (its
    `_run_legacy`, with the same arguments and input)."""
    path = owner.scripts / "pre-push"
    return path.with_name("pre-push.legacy") if is_by_pre_commit(text_of(path)) else path


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
    """The steps that bring `text` into the hook at `path`, whatever is there."""
    fresh = scripts.own_script(hook) if hook != ENFORCING else f"#!/bin/sh\n{text}"
    there = text_of(path)
    if not path.exists() and not path.is_symlink():
        return [Step("write", path, fresh, 0o755)]
    if there == fresh or text in there:
        return []
    if _is_ours(there, hook):
        return [Step("renew", path, fresh, 0o755)]
    can_hold_lines = (
        bool(there) and not path.is_symlink() and os.access(path, os.X_OK) and scripts.is_shell(there)
    )
    if is_husky or can_hold_lines or scripts.BEGIN in there:
        return [Step("add our lines to", path, scripts.with_block(there, text))]
    aside = path.with_name(path.name + scripts.ASIDE)
    return [
        Step(f"keep as {aside.name}, which ours then runs", path, moved_to=aside),
        Step("write", path, scripts.wrapper(text), 0o755),
    ]


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
        (owner.scripts / "pre-push", "pre-push"),
        (owner.scripts / "pre-push.legacy", "pre-push"),
        (repo / ".husky" / "pre-push", "pre-push"),
        (owner.scripts / "post-push", "post-push"),
        (repo / ".husky" / "post-push", "post-push"),
        (owner.hooks_path / ENFORCING, ENFORCING),
    ]
    steps = [step for path, hook in dict.fromkeys(places) for step in _take_out(path, hook)]
    return Plan(owner, steps, forgets_program=True)


def _take_out(path: Path, hook: str) -> list[Step]:
    there = text_of(path)
    aside = path.with_name(path.name + scripts.ASIDE)
    rest = scripts.without_block(there)
    is_whole = _is_ours(there, hook) or (rest != there and rest == "#!/bin/sh\n")
    if aside.exists() or aside.is_symlink():
        return [Step("remove", path), Step(f"bring back as {path.name}", aside, moved_to=path)]
    if is_whole:
        return [Step("remove", path)]
    return [Step("take our lines out of", path, rest)] if rest != there else []
