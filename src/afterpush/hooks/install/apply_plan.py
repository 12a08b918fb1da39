"""What installing changes, as a plan that can be shown before it is carried out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afterpush.hooks.install.managers import Owner
from afterpush.hooks.install.run_script import PROGRAM_KEY
from afterpush.hooks.install.scripts import aside_folder, bytes_of
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic
from afterpush.infra.git import common_folder, git, main_worktree
from afterpush.infra.invocation import command
from afterpush.infra.safe_paths import Gate


@dataclass(frozen=True)
class Step:
    """One file: new content, or a link, or moved to another place, or removed."""

    what: str
    path: Path
    content: str | None = None
    mode: int | None = None
    moved_to: Path | None = None
    link_to: str | None = None


@dataclass(frozen=True)
class Plan:
    """The steps; `advice` is what the user is to add by hand; `problems` keep our hook from running."""

    owner: Owner
    steps: list[Step] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    program: str | None = None
    forgets_program: bool = False


def apply(plan: Plan, repo: Path) -> None:
    """Carries the plan out. Raises AfterpushError naming the file that could not be written.

    What does not stay in the work tree is refused before anything is changed, but for hooks in the folder
    that git takes them from.
    """
    gates = [_gate(repo, plan.owner, step.path) for step in plan.steps]
    for step, gate in zip(plan.steps, gates, strict=True):
        try:
            _take(step, gate)
        except OSError as error:
            raise AfterpushError(f"{step.what}: {step.path}: {error.strerror or error}") from error
    if plan.program:
        git(repo, "config", PROGRAM_KEY, plan.program)
    elif plan.forgets_program:
        git(repo, "config", "--unset-all", PROGRAM_KEY)


def _gate(repo: Path, owner: Owner, path: Path) -> Gate | None:
    """The gate of the work tree, which has let the path pass; None for a hook in a folder that lies outside
    of the work tree, as `.git/hooks` does. (A manager's scripts lie where a committed file says.)"""
    hooks = owner.hooks_path
    is_elsewhere = not hooks.is_relative_to(repo) or hooks.is_relative_to(common_folder(repo))
    if is_elsewhere and path.parent in (hooks, aside_folder(hooks)):
        return None
    main = main_worktree(repo)
    gate = Gate(repo if path.is_relative_to(repo) else main)
    gate.folder(path)
    return gate


def _take(step: Step, gate: Gate | None) -> None:
    if step.moved_to:
        if step.moved_to.exists() or step.moved_to.is_symlink():
            raise FileExistsError(17, f"{step.moved_to.name} is there already")
        step.moved_to.parent.mkdir(parents=True, exist_ok=True)
        step.path.rename(step.moved_to)
    elif step.link_to:
        step.path.symlink_to(step.link_to)
    elif step.content is None:
        step.path.unlink(missing_ok=True)
    elif gate:
        gate.write(step.path, bytes_of(step.content), step.mode)
    else:
        step.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(step.path, bytes_of(step.content), step.mode)


def as_document(plan: Plan, *, dry_run: bool) -> dict[str, Any]:
    """The JSON document of `hooks.install` and `hooks.uninstall`."""
    return {
        "manager": plan.owner.manager,
        "hooks_path": plan.owner.hooks_path,
        "changes": [{"what": step.what, "path": step.path} for step in plan.steps],
        "program": plan.program,
        "advice": plan.advice,
        "problems": plan.problems,
        "dry_run": dry_run,
    }


def describe(plan: Plan, *, dry_run: bool) -> str:
    """The same for people."""
    lines = [f"hooks are run by {plan.owner.manager} from {plan.owner.hooks_path}"]
    lines += [f"{'would ' if dry_run else ''}{step.what}: {step.path}" for step in plan.steps]
    lines += ["nothing to change"] if not plan.steps else []
    lines += plan.advice
    lines += [f"problem: {problem}" for problem in plan.problems]
    if plan.steps and not (dry_run or plan.problems or plan.forgets_program):
        lines.append(f"{command('hooks.status')} proves it")
    return "\n".join(lines)
