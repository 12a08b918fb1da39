"""Whether a push here is watched: what is installed, and a push that proves it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.hooks.install import managers, scripts
from afterpush.hooks.install.managers import ENFORCING, Manager, Owner, find_owner
from afterpush.hooks.install.plan import UNPREPARED, is_called, outside, watched_tracking_refs
from afterpush.hooks.install.run_script import PROGRAM_KEY, program_of
from afterpush.hooks.install.scripts import text_of
from afterpush.hooks.journal import journal_path
from afterpush.hooks.notes import unwatched_pushes
from afterpush.hooks.policy import Policy
from afterpush.hooks.trial import Evidence, try_push
from afterpush.infra.clock import Clock
from afterpush.infra.git import config_value, current_branch, git, has_commits, main_worktree, remote_urls
from afterpush.infra.git.refs import is_same_place
from afterpush.infra.git.remotes import missing_remote
from afterpush.infra.invocation import command


@dataclass(frozen=True)
class Status:
    """The keys of the contract; `hooks` maps each hook to the file that holds our part, or None.

    `program` is what the hook calls, `way` how the trial push reached us (shortcut, program or
    reference-transaction), `unwatched` what is still to be reported of earlier pushes.
    """

    manager: Manager
    hooks_path: Path
    hooks: dict[str, Path | None]
    armed: bool
    problems: list[str]
    log_path: Path
    program: str | None = None
    way: str | None = None
    notes: list[str] = field(default_factory=list)
    unwatched: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Goal:
    """Where a push from here goes: the trial stands for it. `note` says what else is to be known."""

    remote: str
    branch: str
    note: str | None = None


def find_out(
    repo: Path,
    policy: Policy,
    manager: str,
    environment: Mapping[str, str],
    clock: Clock,
    progress: Callable[[str], None],
) -> Status:
    """Reads what is there, then pushes into a temporary repository."""
    owner = find_owner(repo, manager)
    hooks = {
        "pre-push": _ours(
            owner.pre_push if owner.manager is not Manager.GIT_LFS else owner.hooks_path / "pre-push"
        ),
        "post-push": _ours(_post_push(repo, owner)),
        ENFORCING: _ours(owner.hooks_path / ENFORCING),
    }
    problems = _problems(repo, owner, policy, hooks, environment)
    goal = goal_of_push(repo, policy)
    evidence = None
    if not has_commits(repo):
        problems.append("there is no commit yet, so no push could be tried")
    else:
        progress("pushing HEAD into a temporary repository (the hooks of others run too)")
        by_ref = owner.manager is Manager.GIT_LFS
        evidence = try_push(repo, goal.branch, goal.remote, environment, clock, moves_tracking_ref=by_ref)
        problems += _seen(evidence, problems, outside(repo, owner))
    no_remote = missing_remote(repo, policy.remote)
    problems += [no_remote] if no_remote else []
    is_shadowed = _post_push(repo, owner).is_file() and not hooks["post-push"]
    armed = evidence is not None and evidence.is_armed and not no_remote and not is_shadowed
    return Status(
        owner.manager,
        owner.hooks_path,
        hooks,
        armed,
        problems,
        journal_path(repo),
        program=program_of(repo),
        way=evidence.way or None if evidence else None,
        notes=[goal.note] if goal.note else [],
        unwatched=unwatched_pushes(repo),
    )


def goal_of_push(repo: Path, policy: Policy) -> Goal:
    """Where `git push` goes from the checked-out branch, by git's own settings (git-config(1), push.default).

    From a branch that is not watched, while one that is watched is here as well, that one is tried: a topic
    branch says nothing of main. Else the trial shows that nothing is watched.
    """
    branch = current_branch(repo)
    usual = next((name for name in policy.branches if not set(name) & set("*?[")), "main")
    if branch is None:
        return Goal(policy.remote, usual)
    keys = (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote")
    remote = next((value for key in keys if (value := config_value(repo, key))), policy.remote)
    if remote != policy.remote and _is_same_remote(repo, remote, policy.remote):
        remote = policy.remote
    merge = config_value(repo, f"branch.{branch}.merge") or ""
    follows = merge.startswith("refs/heads/") and config_value(repo, "push.default") in (
        "upstream",
        "tracking",
    )
    there = merge.removeprefix("refs/heads/") if follows else branch
    if remote == policy.remote and policy.is_watched(there):
        return Goal(remote, there)
    note = (
        f"{remote}/{there}, where a push from here goes, is not watched: push.remote is {policy.remote}, "
        f"deploy.branches is {', '.join(policy.branches)}"
    )
    names = git(repo, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/").text.splitlines()
    is_other_here = any(policy.is_watched(name) for name in names if name != branch)
    return Goal(policy.remote, usual, note) if is_other_here else Goal(remote, there, note)


def lost_hook(repo: Path) -> str | None:
    """That the hook which was installed here is gone, if it is: a manager that came later has written the
    hooks again, as simple-git-hooks does at each npm install."""
    owner = find_owner(repo)
    if not config_value(repo, PROGRAM_KEY) or is_called(repo, owner):
        return None
    return (
        f"pushes are not watched: {owner.pre_push} does not call afterpush any more; "
        f"{command('hooks.install')} writes it, or says what to tell {owner.manager}"
    )


def _is_same_remote(repo: Path, one: str, other: str) -> bool:
    urls = remote_urls(repo, one, push=True) or [one]
    others = remote_urls(repo, other, push=True)
    return any(is_same_place(url, each, repo) for url in urls for each in others)


def _ours(path: Path) -> Path | None:
    text = text_of(path)
    return path if "hooks.p" in text and "afterpush" in text else None


def _post_push(repo: Path, owner: Owner) -> Path:
    return (owner.scripts if owner.is_husky else repo / ".husky") / "post-push"


def _problems(
    repo: Path, owner: Owner, policy: Policy, hooks: Mapping[str, Path | None], environment: Mapping[str, str]
) -> list[str]:
    problems = []
    off = policy.switched_off(environment)
    if off:
        problems.append(f"{off} switches the hooks off")
    if not owner.is_prepared:
        in_linked = main_worktree(repo) != repo
        how = f"{command('hooks.install')} copies them from the main worktree, npx husky makes them"
        problems.append(f"{owner.hooks_path} is missing; {how}" if in_linked else UNPREPARED)
    if owner.manager is Manager.LEFTHOOK:
        problems += managers.lefthook_problems(repo, owner.hooks_path)
    if managers.lacks_git_lfs_hook(repo):
        problems.append(managers.no_lfs_hook())
    post_push = _post_push(repo, owner)
    if post_push.is_file() and not hooks["post-push"]:
        problems.append(
            f"{post_push} does not call afterpush, and it is what runs after a push; "
            f"{command('hooks.install')}"
        )
    stale = hooks[ENFORCING]
    if stale and scripts.reference_transaction(watched_tracking_refs(repo, policy)) not in text_of(stale):
        cure = command("hooks.install --enforce")
        problems.append(f"{stale} watches other branches than the configuration; {cure}")
    return problems


def _seen(evidence: Evidence, known: list[str], outside: str | None) -> list[str]:
    said = " ".join(evidence.said.split())[-300:]
    if not evidence.hook_ran and outside:
        return [f"a push does not reach us; {outside}"]
    if not evidence.hook_ran and known:
        return []
    if not evidence.hook_ran:
        install = command("hooks.install")
        return [f"a push does not reach us; {install}{f' (git says: {said})' if said else ''}"]
    if evidence.reason:
        return [f"a push from here is not watched: {evidence.reason}; set that key in config/afterpush.yaml"]
    if evidence.push_code != 0:
        return [f"our hook ran, but the trial push was refused: {said}"]
    if not evidence.post_push_ran:
        return [f"our hook ran, but the watcher did not get as far as post-push: {said}"]
    return []


def describe(status: Status) -> str:
    """The same for people."""
    lines = [
        f"pushes are {'watched' if status.armed else 'NOT watched'} here (a trial push shows it)",
        f"run by {status.manager} from {status.hooks_path}",
        *(f"{hook}: {path or '-'}" for hook, path in status.hooks.items()),
        f"program: {status.program or '-'}; the trial push went by the {status.way or '-'}",
        *(f"problem: {problem}" for problem in status.problems),
        *(f"note: {text}" for text in status.notes),
        *status.unwatched,
        f"log: {status.log_path}",
    ]
    return "\n".join(lines)
