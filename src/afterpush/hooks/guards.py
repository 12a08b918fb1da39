"""What a push is looked at for: each guard turns facts into findings, and its level decides."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from afterpush.hooks.policy import BLOCK, OFF, Policy
from afterpush.infra.secrets import TOKEN_SHAPES

ALLOW_VARIABLE = "AFTERPUSH_ALLOW"


@dataclass(frozen=True)
class Finding:
    """Something that a guard saw. `cure` says what to do about it."""

    guard: str
    message: str
    cure: str


@dataclass(frozen=True)
class Judgement:
    """What the user reads, and whether the push is stopped."""

    lines: list[str]
    blocked: bool


def judge(findings: Iterable[Finding], policy: Policy, allowed: Sequence[str]) -> Judgement:
    """Warnings and refusals in the words of the user. `allowed` names guards that are overridden once."""
    lines: list[str] = []
    stopping: list[str] = []
    for finding in findings:
        level = policy.level(finding.guard)
        if level == OFF or finding.guard in allowed or "all" in allowed:
            continue
        lines.append(f"afterpush: {finding.message}; {finding.cure}")
        if level == BLOCK and finding.guard not in stopping:
            stopping.append(finding.guard)
    if stopping:
        keys = " and ".join(f"hooks.guards.{guard}" for guard in stopping)
        once = f"{ALLOW_VARIABLE}={','.join(stopping)} git push ..."
        lines.append(f"afterpush: push stopped by {keys}: block; to push anyway, this once: {once}")
    return Judgement(lines, bool(stopping))


def marker_finding(path: str, line: int, branch: str) -> Finding:
    return Finding(
        "conflict_markers",
        f"{path} line {line} has conflict markers in the version pushed to {branch}",
        "resolve them (inv conflicts.resolve), commit, push again",
    )


def force_finding(branch: str, lost: int | None) -> Finding:
    what = f"{lost} commit{'' if lost == 1 else 's'}" if lost else "commits that are not here"
    return Finding(
        "force_push", f"this push takes {what} off the remote's {branch}", "inv push would keep them"
    )


def unfinished_finding(operation: str) -> Finding:
    return Finding(
        "unfinished_merge",
        f"a {operation} is under way in this worktree, and what it changed is not in this push",
        f"finish it (git {operation} --continue) or undo it (git {operation} --abort)",
    )


def secret_findings(patches: str) -> list[Finding]:
    """Token shapes in added lines of `git log` patches with `NUL sha` headers; the value is not shown."""
    found: list[tuple[str, str, str]] = []
    for patch in patches.split("\0")[1:]:
        for path, added in _added_lines(patch):
            found += [(patch[:7], path, shape) for shape in _shapes_in(added)]
    return [
        Finding(
            "secrets",
            f"{path} in commit {sha} adds what looks like a secret: {', '.join(name for *_, name in places)}",
            "if it is real, take it out of the commit and renew it",
        )
        for (sha, path), places in groupby(dict.fromkeys(found), key=lambda place: place[:2])
    ]


# What manuals and `.env.example` files have where a secret would be.
_PLACEHOLDERS = frozenset(
    "password passwd pass pwd pw secret guest root admin user username changeme change-me example test "
    "postgres mysql dummy foo bar todo".split()
)
_URL = re.compile(r"://(?P<user>[^\s:/@]*):(?P<word>[^\s/@]+)@(?P<host>[^\s:/?\"'`]*)")
_NO_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[?::1\]?|host(name)?|(.*\.)?example(\.\w+)?)", re.IGNORECASE)


def _shapes_in(added: str) -> Iterable[str]:
    """The kinds of secret in a text that at least one text of that kind is no placeholder of."""
    for shape, form in TOKEN_SHAPES.items():
        if any(not _is_placeholder(found) for found in form.finditer(added)):
            yield shape


def _is_placeholder(found: re.Match[str]) -> bool:
    """Whether this is an example: AWS's own, a password that is a word for one, a host of nobody."""
    if found[0].endswith(("EXAMPLE", "EXAMPLEKEY")):
        return True
    url = _URL.search(found.string, found.start(), min(found.end() + 200, len(found.string)))
    if url is None or url.start() > found.end():
        return False
    word = url["word"].lower()
    is_word = word in _PLACEHOLDERS or word == url["user"].lower() or set(word) <= set("*x.-_")
    return is_word or bool(_NO_HOST.fullmatch(url["host"]))


def _added_lines(patch: str) -> Iterable[tuple[str, str]]:
    """Each file of a patch without context, with its added lines in one text."""
    path = ""
    added: list[str] = []
    in_header = False
    for line in patch.split("\n"):
        if line.startswith("diff "):
            if added:
                yield path, "\n".join(added)
            path, added, in_header = "", [], True
        elif line.startswith("@@"):
            in_header = False
        elif in_header and line.startswith("+++ "):
            path = re.sub('^("?)b/', r"\1", line[4:].rstrip("\t"))
        elif not in_header and line.startswith("+"):
            added.append(line[1:])
    if added:
        yield path, "\n".join(added)
