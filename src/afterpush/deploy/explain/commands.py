"""Which command failed, and what its work was, where the log says little more than that it failed.

#9 [deps 4/4] RUN pnpm install                     the command begins
#9 4.1 [ERR_PNPM_SOMETHING] no signature fits      the first line that looks like a fault since then
#9 ERROR: process "pnpm install" did not complete  a wrapper: dependency_install, root line 2
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from afterpush.deploy.explain.lines import Excerpt
from afterpush.deploy.explain.recovered_errors import Command, Hit, concerns
from afterpush.deploy.explain.scan import Fault, Findings
from afterpush.deploy.explain.signatures import Commands

_SHELL = r"(?:/bin/\w*sh (?:-\w+ (?:pipefail )?)+)?"
_NAMED = re.compile(
    rf"(?:\b(?:process|command) [\"']{_SHELL}|\bcommand \S+ \(|exit code \d+: |failed running \[{_SHELL}"
    r"|\bRUN |^(?:[$+>]|Run) )(?P<command>\S.*?)(?=[\"'] (?:did|returned|exited)|\) failed|\]: |$)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"&&|\|\|?|;")


@dataclass(frozen=True)
class Failed:
    """What a command that failed tells: the kind of failure and the part of the command that tells it (None:
    not known), and where it began to fail."""

    category: str | None = None
    part: str | None = None
    root: Excerpt | None = None

    def title(self, title: str) -> str:
        """A category's title; with the command that failed where that tells the category."""
        return f"{title.rstrip('.')}: `{self.part}` failed." if self.category else title


def failed_command(wrapper: Hit, findings: Findings, commands: Commands) -> Failed:
    """What is behind a line that says only that a command failed."""
    begun = _begun(wrapper, findings.course.commands)
    command = _NAMED.search(wrapper.said) or (_NAMED.search(begun.text) if begun else None)
    since = begun.number if begun else 0
    covered = {hit.number for hit in findings.hits if hit.signature.wraps}
    between = (
        fault
        for fault in findings.faults
        if since < fault.excerpt.number < wrapper.number
        and fault.excerpt.number not in covered
        and concerns(wrapper.stream, fault.stream)
    )
    root = min(between, key=_telling, default=None)
    category, part = work_of(command["command"], commands) if command else (None, None)
    return Failed(category, part, root.excerpt if root else None)


def work_of(command: str, commands: Commands) -> tuple[str | None, str | None]:
    """The kind of failure that it is when a command fails, and the part of the command that tells it; None
    where it does work of several kinds."""
    parts = (commands.prefix.sub("", part).strip(" :") for part in _PARTS.split(command))
    found = {_work(part, commands): part for part in parts if part and not commands.no_work.match(part)}
    return found.popitem() if len(found) == 1 else (None, None)


def _work(part: str, commands: Commands) -> str | None:
    return next((category for category, work in commands.work.items() if work.match(part)), None)


def _begun(wrapper: Hit, commands: Iterable[Command]) -> Command | None:
    """The last command that began before the wrapper, in its stream."""
    before = (one for one in commands if one.number < wrapper.number and concerns(wrapper.stream, one.stream))
    return max(before, key=lambda one: one.number, default=None)


def _telling(fault: Fault) -> tuple[int, int]:
    """A line with "error" in it before one with "failed", then the first."""
    return max(fault.kind, 1), fault.excerpt.number
