"""Planning how our lines get into the hooks, and out of them again; nothing of others is overwritten."""

import os
from dataclasses import dataclass
from pathlib import Path

from afterpush.hooks.install import managers, scripts
from afterpush.hooks.install.apply_plan import Plan, Step
from afterpush.hooks.install.managers import ENFORCING, Manager, Owner, find_owner
from afterpush.hooks.install.scripts import text_of
from afterpush.hooks.policy import Policy
from afterpush.hooks.ref_updates import BRANCH_PREFIX
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import common_folder, main_worktree
from afterpush.infra.git.refs import tracking_ref

IGNORED = (
    ".deployment-status-*.log",
    ".deployment-status-*.result",
    ".deployment-monitor-*.pid",
    ".deployment-monitor-*.lock",
)
DEFAULT_HINT = "docs/how-to/adopt.md of afterpush says how to get it"
UNPREPARED = "core.hooksPath does not lead to husky's hooks here; run npx husky in this worktree"
_OUTSIDE = (
    "core.hooksPath is {}, outside of this repository, and not ours to write to; make this the last line of "
    "pre-push there: {}"
)
_NO_FOLDER = (
    "core.hooksPath is {}, which is no folder, so git runs no hook; git config --unset core.hooksPath"
)
_BY_LFS = (
    "git-lfs keeps pre-push to itself, so pushes are watched by the hook reference-transaction; the guards "
    "do not look at them"
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for: `program` is what a trial chose, `hint` what a clone without it prints."""

    manager: str = "auto"
    enforce: bool = False
    program: str | None = None
    hint: str = DEFAULT_HINT


def plan_install(repo: Path, policy: Policy, wanted: Wanted) -> Plan:
    """What has to be written here. Raises AfterpushError for an unknown manager."""
    owner = find_owner(repo, wanted.manager)
    if problem := outside(repo, owner):
        return Plan(owner, problems=[problem], program=wanted.program)
    steps = [*_prepare_husky(repo, owner), *_hooks(repo, policy, owner, wanted)]
    steps += _ignore_state_files(repo, policy)
    is_made = any(step.path.parent == owner.hooks_path for step in steps)
    problems = [UNPREPARED] if not owner.is_prepared and not is_made else []
    advice: list[str] = []
    if owner.manager is Manager.LEFTHOOK:
        problems += managers.lefthook_problems(repo, owner.hooks_path)
        advice += [] if managers.calls_afterpush(repo) else [managers.lefthook_advice(repo)]
    elif owner.is_written_by_line and not is_called(repo, owner):
        problems.append(f"{owner.manager} does not call afterpush yet")
        line = call_line(repo, wanted.program)
        advice.append(managers.simple_git_hooks_advice(repo, line))
    elif owner.manager is Manager.GIT_LFS:
        advice.append(_BY_LFS)
    return Plan(owner, steps, advice, problems, program=wanted.program)


def _hooks(repo: Path, policy: Policy, owner: Owner, wanted: Wanted) -> list[Step]:
    pre_push, post_push = (scripts.block(hook, wanted.hint) for hook in ("pre-push", "post-push"))
    steps: list[Step] = []
    is_carried_by_refs = owner.manager is Manager.GIT_LFS
    if is_carried_by_refs:
        steps += _take_out(owner.hooks_path / "pre-push", "pre-push")
    elif not owner.is_written_by_line:
        steps += _add(owner.pre_push, "pre-push", pre_push, wanted.hint, is_husky=owner.is_husky)
    husky = owner.scripts if owner.is_husky else repo / ".husky"
    if owner.is_husky or _uses_husky(repo):
        steps += _add(husky / "post-push", "post-push", post_push, wanted.hint, is_husky=True)
    if not owner.is_husky and _uses_husky(repo) and owner.manager is not Manager.LEFTHOOK:
        # husky is not active here, but takes over as soon as somebody runs it.
        steps += _add(husky / "pre-push", "pre-push", pre_push, wanted.hint, is_husky=True)
    if wanted.enforce or is_carried_by_refs:
        text = scripts.reference_transaction(watched_tracking_refs(repo, policy))
        steps += _add(owner.hooks_path / ENFORCING, ENFORCING, text, wanted.hint, is_husky=False)
    return steps


def _uses_husky(repo: Path) -> bool:
    return (repo / ".husky").is_dir() or '"husky"' in text_of(repo / "package.json")


def call_line(repo: Path, program: str | None) -> str:
    """One line of sh that calls us from a hook that is not ours to write."""
    root = main_worktree(repo)
    name = program or "afterpush"
    if program and Path(program).is_relative_to(root):
        name = str(Path(program).relative_to(root))
    elif program and any((Path(each) / Path(program).name) == Path(program) for each in os.get_exec_path()):
        name = Path(program).name
    return f'{name} hooks.pre-push --remote "$1" --url "$2" --hook || [ $? -ne 40 ]'


def outside(repo: Path, owner: Owner) -> str | None:
    """What to do by hand where git takes the hooks from a folder that others use too, or from none."""
    path = owner.hooks_path.resolve()
    if path.exists() and not path.is_dir():
        return _NO_FOLDER.format(owner.hooks_path)
    homes = (repo, main_worktree(repo), common_folder(repo))
    is_inside = any(path.is_relative_to(home.resolve()) for home in homes)
    return None if is_inside else _OUTSIDE.format(owner.hooks_path, call_line(repo, None))


def is_called(repo: Path, owner: Owner) -> bool:
    """Whether the pre-push of this repository leads to us, as far as its files show."""
    if owner.manager is Manager.LEFTHOOK:
        return not managers.lefthook_problems(repo, owner.hooks_path)
    return "hooks.pre-push" in text_of(owner.pre_push)


def watched_tracking_refs(repo: Path, policy: Policy) -> list[str]:
    """The refs here that follow the watched branches."""
    refs = (tracking_ref(repo, policy.remote, f"{BRANCH_PREFIX}{branch}") for branch in policy.branches)
    return [ref for ref in refs if ref]


def _prepare_husky(repo: Path, owner: Owner) -> list[Step]:
    """In a linked worktree husky's folder is missing, for git ignores it: the main worktree's is copied."""
    main = main_worktree(repo)
    if not owner.is_husky or owner.is_prepared or main == repo:
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


def _add(path: Path, hook: str, text: str, hint: str, *, is_husky: bool) -> list[Step]:
    """The steps that bring `text` into the hook at `path`, whatever is there. git passes over a hook without
    the execute bit; husky reads its scripts."""
    fresh = scripts.own_script(hook, hint) if hook != ENFORCING else f"#!/bin/sh\n{text}"
    if not path.exists() and not path.is_symlink():
        return [Step("write", path, fresh, 0o755)]
    there = _text_to_change(path)
    if there == fresh or text in there:
        is_run = is_husky or os.access(path, os.X_OK)
        return [] if is_run else [Step("make executable", path, there, 0o755)]
    if scripts.is_ours(there, hook):
        return [Step("renew", path, fresh, 0o755)]
    can_hold_lines = (
        "\n" in there and not path.is_symlink() and os.access(path, os.X_OK) and scripts.is_shell(there)
    )
    if is_husky or can_hold_lines or scripts.BEGIN in there:
        return [Step("add our lines to", path, scripts.with_block(there, text))]
    return _set_aside(path, hook, text)


def _aside(path: Path) -> Path:
    """Where a hook goes that ours then runs: under its own name, in a folder beside that of the hooks."""
    return scripts.aside_folder(path.parent) / path.name


def _set_aside(path: Path, hook: str, text: str) -> list[Step]:
    """The hook keeps its name, and finds what it looks for in `$(dirname "$0")` by links."""
    aside = _aside(path)
    beside = [each for each in path.parent.iterdir() if each != path and each.suffix != ".sample"]
    links = [(aside.with_name(each.name), f"../{path.parent.name}/{each.name}") for each in sorted(beside)]
    return [
        Step("keep what is there, which ours then runs, as", path, moved_to=aside),
        *(
            Step("link for it", link, link_to=to)
            for link, to in links
            if not (link.exists() or link.is_symlink())
        ),
        Step("write", path, scripts.wrapper(text, hook), 0o755),
    ]


def _text_to_change(path: Path) -> str:
    """A script's text. One that is there and cannot be read must not be taken for an empty one."""
    if path.exists() and not os.access(path, os.R_OK):
        raise AfterpushError(f"adding our lines to {path}: it cannot be read; make it readable for you")
    return text_of(path)


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
        (owner.pre_push, ENFORCING if owner.manager is Manager.GIT_LFS else "pre-push"),
        (owner.scripts / "pre-push", "pre-push"),
        (owner.scripts / "pre-push.legacy", "pre-push"),
        (owner.hooks_path / "pre-push", "pre-push"),
        (repo / ".husky" / "pre-push", "pre-push"),
        (owner.scripts / "post-push", "post-push"),
        (repo / ".husky" / "post-push", "post-push"),
        (owner.hooks_path / ENFORCING, ENFORCING),
    ]
    kept, problems = _still_named(repo, owner)
    steps = [
        step for path, hook in dict.fromkeys(places) if path not in kept for step in _take_out(path, hook)
    ]
    return Plan(owner, steps, problems=problems, forgets_program=not kept)


def _still_named(repo: Path, owner: Owner) -> tuple[list[Path], list[str]]:
    """What must stay: lefthook stops a push whose configured script is gone."""
    path = owner.pre_push
    if owner.manager is Manager.LEFTHOOK and managers.calls_afterpush(repo) and path.exists():
        return [path], [managers.STILL_NAMED]
    if owner.is_written_by_line and is_called(repo, owner):
        name = managers.simple_git_hooks(repo) or "its configuration"
        return [], [f"{owner.manager} still calls us; take the line hooks.pre-push out of {name}"]
    return [], []


def _take_out(path: Path, hook: str) -> list[Step]:
    there = text_of(path)
    aside = _aside(path)
    rest = scripts.without_block(there)
    is_whole = scripts.is_ours(there, hook) or (hook == ENFORCING and rest != there and rest == "#!/bin/sh\n")
    if aside.exists() or aside.is_symlink():
        links = [each for each in sorted(aside.parent.iterdir()) if each != aside and each.is_symlink()]
        return [
            Step("remove", path),
            Step(f"bring back as {path}", aside, moved_to=path),
            *(Step("remove", link) for link in links),
        ]
    if is_whole:
        return [Step("remove", path)]
    return [Step("take our lines out of", path, rest)] if rest != there else []
