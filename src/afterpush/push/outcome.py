"""How a push ended, for people and for `--json`."""

from dataclasses import dataclass
from typing import Any

from afterpush.infra.errors import ExitCode
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.invocation import program
from afterpush.push.rebase_or_merge import CommitConflict


@dataclass(frozen=True)
class PushResult:
    """The end of one `inv push`; `sha` is what was pushed, else where the branch is."""

    target: Target
    sha: str
    pushed: bool
    attempts: int
    message: str
    exit_code: ExitCode = ExitCode.GOOD
    commits: int = 0
    resolved: tuple[str, ...] = ()
    clash: CommitConflict | None = None
    recovery_ref: str | None = None
    dry_run: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The `--json` document."""
        return {
            "pushed": self.pushed,
            "sha": self.sha,
            "attempts": self.attempts,
            "resolved": list(self.resolved),
            **_clash_keys(self.clash, "unresolved"),
            "remote": self.target.remote,
            "branch": self.target.branch,
            "commits": self.commits,
            "recovery_ref": self.recovery_ref,
            "message": self.message,
            "dry_run": self.dry_run,
        }

    @property
    def text(self) -> str:
        """The answer with the conflict, if any, explained."""
        lines = [self.message]
        lines += [f"merged by meaning: {path}" for path in self.resolved]
        if self.clash:
            lines += clash_lines(self.clash)
            lines += how_to_settle(self.target)
        if self.recovery_ref:
            where = "before this push your branch was at" if self.pushed else "your commits are also at"
            lines.append(f"{where} {self.recovery_ref}")
        return "\n".join(lines)


def _clash_keys(clash: CommitConflict | None, name: str) -> dict[str, Any]:
    """The paths in conflict under this name, why, and the commit that does not fit."""
    reasons = clash.paths if clash else {}
    return {name: list(reasons), "reasons": reasons, "conflicting_commit": clash.commit if clash else None}


def clash_lines(clash: CommitConflict) -> list[str]:
    """Which commit does not fit, and for each path why."""
    lines = [f"in conflict: {clash.commit[:7]} ({clash.subject})"]
    for path, reasons in clash.paths.items():
        lines.append(f"  {path}")
        lines += [f"    {reason.removeprefix(f'{path}: ')}" for reason in reasons]
    return lines


def how_to_settle(target: Target) -> list[str]:
    """What to type to settle the conflict by hand."""
    return [
        "to settle it:",
        f"  git rebase {target}     (or git merge {target})",
        f"  {program()} conflicts.resolve     then edit what is left between markers, and git add it",
        "  GIT_EDITOR=true git rebase --continue     (or git commit --no-edit)",
        f"  {program()} push",
    ]


@dataclass(frozen=True)
class Prediction:
    """What `inv push` would meet now."""

    target: Target
    behind: int
    ahead: int
    sha: str
    resolved: tuple[str, ...] = ()
    clash: CommitConflict | None = None
    note: str | None = None

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.BAD_ANSWER if self.clash else ExitCode.GOOD

    @property
    def document(self) -> dict[str, Any]:
        """The `--json` document of `push.check`."""
        return {
            "behind": self.behind,
            "ahead": self.ahead,
            **_clash_keys(self.clash, "conflicts"),
            "resolved": list(self.resolved),
            "remote": self.target.remote,
            "branch": self.target.branch,
            "sha": self.sha,
        }

    @property
    def text(self) -> str:
        """The same for people."""
        lines = [f"{self.target}: {self.behind} behind, {self.ahead} ahead"]
        lines += [self.note] if self.note else []
        lines += [f"would be merged by meaning: {path}" for path in self.resolved]
        if self.clash:
            return "\n".join([*lines, *clash_lines(self.clash), *how_to_settle(self.target)])
        return "\n".join([*lines, f"{program()} push would go through" if self.ahead else "nothing to push"])
