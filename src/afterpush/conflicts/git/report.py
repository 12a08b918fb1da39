"""What was resolved and why, for people and for `--json`."""

from collections.abc import Sequence
from typing import Any

from afterpush.conflicts.git.install import InstallPlan
from afterpush.conflicts.git.probe import Probe
from afterpush.conflicts.git.resolve import Action, Plan, Step
from afterpush.infra.console import table


def is_settled(steps: Sequence[Step]) -> bool:
    """Whether nothing stays open (in a dry run: whether nothing would)."""
    return all(map(_will_be_resolved, steps))


def resolution_document(plan: Plan, steps: Sequence[Step], *, dry_run: bool) -> dict[str, Any]:
    """The `--json` document of `conflicts.resolve`."""
    is_in_conflict = bool(steps or plan.operation)
    return {
        "operation": plan.name if is_in_conflict else None,
        "ours": plan.sides.ours,
        "theirs": plan.sides.theirs if is_in_conflict else None,
        "resolved": [step.path for step in steps if _will_be_resolved(step)],
        "unresolved": [
            {"path": step.path, "reasons": list(step.reasons)}
            for step in steps
            if not _will_be_resolved(step)
        ],
        "decisions": {step.path: list(step.decisions) for step in steps if step.decisions},
        "next": _next(plan, steps) if is_in_conflict else "no path is in conflict here",
        "dry_run": dry_run,
    }


def _will_be_resolved(step: Step) -> bool:
    return step.action in (Action.STAGE, Action.REGENERATE)


def resolution_text(plan: Plan, steps: Sequence[Step], *, dry_run: bool) -> str:
    """The table of what was resolved and why, and what to type next."""
    if not steps:
        return (
            "no path is in conflict here"
            if plan.operation is None
            else (f"no path is in conflict any more; go on: {plan.sides.next}")
        )
    rows = [row for step in steps for row in _rows(step)]
    heading = f"{plan.name}: ours = {plan.sides.ours}; theirs = {plan.sides.theirs}"
    last = "(dry run: nothing was changed)" if dry_run else _next(plan, steps)
    return "\n".join([heading, "", table(("path", "result", "why"), rows), "", last])


def _rows(step: Step) -> list[tuple[str, str, str]]:
    sentences = [*step.reasons, *step.decisions] or [""]
    first = (step.path, step.action.value, sentences[0].removeprefix(f"{step.path}: "))
    return [first, *(("", "", sentence.removeprefix(f"{step.path}: ")) for sentence in sentences[1:])]


def _next(plan: Plan, steps: Sequence[Step]) -> str:
    if is_settled(steps):
        return f"go on: {plan.sides.next}"
    left = sum(not _will_be_resolved(step) for step in steps)
    return (
        f"{left} left: settle what is between the markers, git add each file, then {plan.sides.next} "
        f"(or give up: {plan.sides.undo})"
    )


def install_text(plan: InstallPlan, *, dry_run: bool, uninstall: bool) -> str:
    """What was written to `.gitattributes` and to the configuration."""
    tense = "would be " if dry_run else ""
    lines = [f".gitattributes: {tense}added: {line}" for line in plan.added_lines]
    lines += [f".gitattributes: {tense}removed: {line}" for line in plan.removed_lines]
    lines += [
        f"git config {key}: {tense}{'removed' if value is None else 'set'}"
        for key, value in plan.config_changes.items()
    ]
    if not lines:
        return "nothing to remove" if uninstall else "already installed; inv conflicts.check proves it"
    if plan.writes_attributes and not dry_run:
        lines.append("commit .gitattributes, so that every branch and worktree has it")
    if not uninstall and not dry_run:
        lines.append("inv conflicts.check proves that git calls the driver here")
    return "\n".join(lines)


def install_document(plan: InstallPlan, *, dry_run: bool) -> dict[str, Any]:
    """The `--json` document of `conflicts.install`."""
    return {
        "attributes_added": plan.added_lines,
        "attributes_removed": plan.removed_lines,
        "config": sorted(plan.config_changes),
        "changed": plan.writes_attributes or bool(plan.config_changes),
        "dry_run": dry_run,
    }


def check_document(probes: Sequence[Probe], markers: dict[str, list[int]]) -> dict[str, Any]:
    """The `--json` document of `conflicts.check`."""
    return {
        "driver_live": is_live(probes),
        "markers": list(markers),
        "marker_lines": markers,
        "probes": list(probes),
        "problems": [f"{probe.pattern}: {probe.why}" for probe in probes if not probe.is_live],
    }


def check_text(probes: Sequence[Probe], markers: dict[str, list[int]]) -> str:
    """The same for people."""
    rows = [(probe.pattern, "live" if probe.is_live else "NOT LIVE", probe.why) for probe in probes]
    lines = [table(("documents", "driver", "why"), rows)]
    lines += [
        f"{path}: conflict markers in line {', '.join(map(str, found))}" for path, found in markers.items()
    ]
    return "\n".join(lines)


def is_live(probes: Sequence[Probe]) -> bool:
    """Whether git merged every probe through the driver; with no documents configured nothing is live."""
    return bool(probes) and all(probe.is_live for probe in probes)
