"""Carrying out a resolution: the work tree first, the index last, lock files at the very end."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from afterpush.conflicts.git.resolve import Action, Plan, Step, open_paths
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.objects import write_blob
from afterpush.infra.git.unmerged import smudged, stage
from afterpush.infra.processes import run
from afterpush.infra.safe_paths import Gate
from afterpush.text.conflict_markers import has_markers

REGENERATE_SECONDS = 600
_NO_MANIFESTS = frozenset({"version.json", "CHANGELOG", "README", "LICENSE"})
_MANIFESTS = frozenset({"package.json", "pyproject.toml", "Cargo.toml", "composer.json", "go.mod"})


@dataclass(frozen=True)
class Owners:
    """How lock files are made anew: with which variables, and why a command may not run (None: it may)."""

    environment: Mapping[str, str]
    refusal: Callable[[str, Sequence[str]], str | None]
    find: Callable[[str], str | None] = shutil.which


def apply_resolution(repo: Path, plan: Plan, owners: Owners) -> tuple[Step, ...]:
    """Carries the plan out and returns the steps as they ended.

    A killed run leaves a path unmerged or resolved, never staged with old text in the work tree.
    """
    still_open = open_paths(plan.steps)
    ended = {step.path: _carry_out(repo, step) for step in plan.steps if step.action is not Action.REGENERATE}
    for step in plan.steps:
        if step.action is Action.REGENERATE:
            ended[step.path] = _regenerate(repo, step, still_open, owners)
    return tuple(ended[step.path] for step in plan.steps)


def _carry_out(repo: Path, step: Step) -> Step:
    if step.action is Action.LEAVE:
        return step
    _write(repo, step)
    if step.action is Action.STAGE:
        stage(repo, step.path, step.mode, write_blob(repo, step.content))
    return step


def _write(repo: Path, step: Step) -> None:
    text = smudged(repo, step.path, step.content)
    try:
        Gate(repo).write(step.path, text, 0o755 if step.mode == "100755" else None)
    except OSError as error:
        raise AfterpushError(
            f"writing {repo / step.path}: {error.strerror}; nothing was staged for it"
        ) from error


def _regenerate(repo: Path, step: Step, still_open: set[str], owners: Owners) -> Step:
    """One side's lock file is in place; its owner makes it anew from what it locks, or we say why not."""
    _write(repo, step)
    command = " ".join(step.regenerate)
    folder = PurePosixPath(step.path).parent
    beside = sorted(path for path in still_open if _may_be_read(PurePosixPath(path), folder))
    if not step.regenerate:
        return _open(step, "one side was taken whole and no command is configured to make it anew")
    if beside:
        return _open(step, f"{beside[0]} is still in conflict; after that: {command}")
    refusal = owners.refusal(step.path, step.regenerate)
    if refusal is not None:
        return _open(step, f"one side was taken; {refusal}, or run: {command}")
    if owners.find(step.regenerate[0]) is None:
        return _open(step, f"one side was taken; {step.regenerate[0]} is not installed here; run: {command}")
    said = _run_owner(repo / folder, step.regenerate, owners.environment)
    if said is not None:
        return _open(step, f"one side was taken; {command} failed ({said}); run it again")
    if has_markers(Gate(repo).read(step.path)):
        return _open(step, f"{command} left conflict markers in it; run it again")
    _add(repo, step.path)
    return replace(
        step, action=Action.STAGE, decisions=(*step.decisions, f"made anew by {command}"), reasons=()
    )


def _may_be_read(path: PurePosixPath, folder: PurePosixPath) -> bool:
    """Whether a lock file's owner may read the path: its manifests lie beside it, a workspace's below."""
    if path.name in _NO_MANIFESTS or path.suffix in (".md", ".lock"):
        return False
    return path.parent == folder or (path.is_relative_to(folder) and path.name in _MANIFESTS)


def _open(step: Step, reason: str) -> Step:
    return replace(step, action=Action.LEAVE, reasons=(*step.reasons, f"{reason}; then git add {step.path}"))


def _run_owner(folder: Path, command: Sequence[str], env: Mapping[str, str]) -> str | None:
    """None when it succeeded, else the last thing it said."""
    try:
        done = run(command, cwd=folder, env=env, timeout_seconds=REGENERATE_SECONDS)
    except AfterpushError as error:
        return str(error)
    lines = (done.error_text or done.text.strip()).splitlines()
    return None if done.code == 0 else (lines[-1] if lines else f"exit code {done.code}")


def _add(repo: Path, path: str) -> None:
    from afterpush.infra.git import git_text

    git_text(repo, "add", "--", path, doing=f"staging {path}")
