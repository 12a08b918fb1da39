"""Whether a push here is watched: what is installed, and a push that proves it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.hooks import lefthook, scripts
from afterpush.hooks.installing import ENFORCING, UNPREPARED, outside, pre_push_path, watched_tracking_refs
from afterpush.hooks.journal import journal_path
from afterpush.hooks.owners import Manager, Owner, find_owner
from afterpush.hooks.policy import Policy
from afterpush.hooks.prepush import switched_off
from afterpush.hooks.scripts import text_of
from afterpush.hooks.selftest import Evidence, run_self_test
from afterpush.infra.clock import Clock
from afterpush.infra.git import git, main_worktree


@dataclass(frozen=True)
class Status:
    """The keys of the contract; `hooks` maps each hook to the file that holds our part, or None."""

    manager: Manager
    hooks_path: Path
    hooks: dict[str, Path | None]
    armed: bool
    problems: list[str]
    log_path: Path


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
        "pre-push": _ours(pre_push_path(owner)),
        "post-push": _ours(_post_push(repo, owner)),
        ENFORCING: _ours(owner.hooks_path / ENFORCING),
    }
    problems = _problems(repo, owner, policy, hooks, environment)
    evidence = None
    if git(repo, "rev-parse", "--verify", "--quiet", "HEAD").code != 0:
        problems.append("there is no commit yet, so no push could be tried")
    else:
        progress("pushing HEAD into a temporary repository (the hooks of others run too)")
        branch = next((name for name in policy.branches if not set(name) & set("*?[")), "main")
        evidence = run_self_test(repo, branch, environment, clock)
        problems += _seen(evidence, problems, outside(repo, owner))
    is_shadowed = _post_push(repo, owner).is_file() and not hooks["post-push"]
    armed = evidence is not None and evidence.is_armed and not is_shadowed
    return Status(owner.manager, owner.hooks_path, hooks, armed, problems, journal_path(repo))


def _ours(path: Path) -> Path | None:
    text = text_of(path)
    return path if "hooks.p" in text and "afterpush" in text else None


def _post_push(repo: Path, owner: Owner) -> Path:
    return (owner.scripts if owner.manager is Manager.HUSKY else repo / ".husky") / "post-push"


def _problems(
    repo: Path, owner: Owner, policy: Policy, hooks: Mapping[str, Path | None], environment: Mapping[str, str]
) -> list[str]:
    problems = []
    off = switched_off(policy, environment)
    if off:
        problems.append(f"{off} switches the hooks off")
    if not owner.is_prepared:
        in_linked = main_worktree(repo) != repo
        how = (
            "inv hooks.install copies them from the main worktree, npx husky makes them" if in_linked else ""
        )
        problems.append(f"{owner.hooks_path} is missing; {how}" if in_linked else UNPREPARED)
    if owner.manager is Manager.LEFTHOOK:
        problems += lefthook.problems(repo, owner.hooks_path)
    post_push = _post_push(repo, owner)
    if post_push.is_file() and not hooks["post-push"]:
        problems.append(
            f"{post_push} does not call afterpush, and it is what runs after a push; inv hooks.install"
        )
    stale = hooks[ENFORCING]
    if stale and scripts.reference_transaction(watched_tracking_refs(repo, policy)) not in text_of(stale):
        problems.append(f"{stale} watches other branches than the configuration; inv hooks.install --enforce")
    return problems


def _seen(evidence: Evidence, known: list[str], outside: str | None) -> list[str]:
    said = " ".join(evidence.said.split())[-300:]
    if not evidence.hook_ran and outside:
        return [f"a push does not reach us; {outside}"]
    if not evidence.hook_ran and known:
        return []
    if not evidence.hook_ran:
        return [f"a push does not reach us; inv hooks.install{f' (git says: {said})' if said else ''}"]
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
        *(f"problem: {problem}" for problem in status.problems),
        f"log: {status.log_path}",
    ]
    return "\n".join(lines)
