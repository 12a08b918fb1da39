"""One command line of a shell, and what is left of it without the commands that run the old way."""

import re
from collections.abc import Callable

# `&` sends to the background, but not in `>&2`, `2>&1` and `&>file`. A pipe belongs to its command.
_JOINTS = re.compile(r"((?:(?<!\s)\s+)?(?:&&|\|\||;|(?<![>&])&(?![>&\d]))\s*)")
_QUIET = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\$\([^()]*\)|`[^`]*`")
_SAID = re.compile(
    r"\s*(?:echo|printf)\b(?:[^;&|`<>$]|\$(?!\())*(?:>\s*&2)?\s*|\s*exit(?:\s+\d+)?\s*|\s*(?:true|:)\s*"
)


def is_said(command: str) -> bool:
    """Whether a command only says something, or ends the script."""
    return bool(_SAID.fullmatch(command))


def without_old(text: str, is_old: Callable[[str], bool]) -> tuple[str, str]:
    """What must stay of a line of commands, and why nothing can be taken out of it.

    The first is empty when nothing else is done there, the second when the old commands can go.
    """
    text = text.replace("\\\r\n", " ").replace("\\\n", " ")
    commands, joints = _split(text)
    old = [number for number, command in enumerate(commands) if is_old(command)]
    others = [
        command for number, command in enumerate(commands) if number not in old and command.strip(" {}\t")
    ]
    if all(is_said(command.strip(" {}\t")) for command in others):
        return "", ""
    if len(old) != 1:
        return "", "the line does more than this"
    first = last = old[0]
    while last < len(joints) and joints[last].strip() == "||" and is_said(commands[last + 1].strip(" {}")):
        last += 1
    before, after = (joints[at].strip() if 0 <= at < len(joints) else "" for at in (first - 1, last))
    if before not in ("", "&&", ";") or after not in ("", "&&", ";"):
        wrong = before if before not in ("", "&&", ";") else after
        return "", f"the line does more than this ({wrong})"
    indent = text[: len(text) - len(text.lstrip())]
    return indent + _joined(commands, joints, first, last).strip(), ""


def _split(text: str) -> tuple[list[str], list[str]]:
    """The commands and what joins them; what is quoted joins nothing."""
    quiet = _QUIET.sub(lambda found: "x" * len(found[0]), text)
    commands, joints, at = [], [], 0
    for joint in _JOINTS.finditer(quiet):
        commands.append(text[at : joint.start()])
        joints.append(joint[0])
        at = joint.end()
    return [*commands, text[at:]], joints


def _joined(commands: list[str], joints: list[str], first: int, last: int) -> str:
    """All commands but those from `first` to `last`, without the joint that led to or from them."""
    parts: list[str] = []
    for number, command in enumerate(commands):
        if first <= number <= last:
            continue
        parts.append(command)
        if number < len(joints) and not (last == len(commands) - 1 and number == first - 1):
            parts.append(joints[number])
    return "".join(parts)
