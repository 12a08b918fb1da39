"""Steps that never come back to an agent: editors and pagers, watch modes, logs that are followed,
polling."""

import re
from collections.abc import Iterator

from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Step

_EDITORS = frozenset("vi vim nvim nano emacs pico joe".split())
_PAGERS = frozenset("less more most man top htop".split())
_FOLLOWS = (
    ("tail", r" (?:-[a-zA-Z0-9]*[fF]\b|--follow)", "tail -n 100"),
    ("journalctl", r" (?:-[a-z]*f\b|--follow)", "journalctl -n 100"),
    ("docker", r"\blogs\b.* (?:-[a-z]*f\b|--follow)", "docker logs --tail 100"),
    ("docker-compose", r"\blogs\b.* (?:-[a-z]*f\b|--follow)", "docker-compose logs --tail 100"),
    ("kubectl", r"\blogs\b.* (?:-[a-z]*f\b|--follow)", "kubectl logs --tail 100"),
)
_EDITING = (("crontab", " -e"), ("kubectl", " edit"), ("visudo", ""), ("sudoedit", ""))
_WATCHERS = frozenset("watch watchexec ptw pytest-watch nodemon entr".split())
_WATCH_FLAG = re.compile(r"^--watch(?:-?all)?(?:=true)?$", re.IGNORECASE)
_WATCH_NAME = re.compile(r"^(?:watch|[\w-]+:watch|watch:[\w:-]+|test-watch)$")
# The author knows, and so will the reader.
_KNOWN = re.compile(
    r"watch[- ]?mod|\(watch|(?:hot|live).reload|re-?runs?\b|on (?:file )?(?:change|save)|continuous"
    r"|interactive"
    r"|background|terminal|dev(?:elopment)?[- ]server|ctrl|stop (?:it|with)|tmux|\bhumans?\b|yourself",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:run|use|execute|type|open|edit|change|start|call|try|look|read|see|check|view|watch|squash"
    r"|then|before|after|first|finally|must|always|with|steps?|next)\b",
    re.IGNORECASE,
)
_LONG_SECONDS = 120


def waiting(step: Step, facts: Facts) -> Iterator[str]:
    """A command that waits for a key, or watches for ever, where nothing around it says so."""
    program, text = step.program, " " + " ".join(step.words[1:])
    if (
        not _is_ordered(step)
        or _KNOWN.search(_without_code(step.said))
        or step.command.reader
        or "&" in step.words
    ):
        return
    is_editing = any(program == name and text.startswith(start) for name, start in _EDITING)
    if is_editing or (program in _EDITORS and len(step.words) > 1):
        yield f"{program} waits for keys, and an agent for ever; say what to change in the file"
    elif program in _PAGERS:
        instead = _INSTEAD.get(program, "use cat, head or tail")
        yield f"{program} waits for keys, and an agent for ever; {instead}"
    for name, arguments, instead in _FOLLOWS:
        if program == name and re.search(arguments, text):
            yield f"{name} follows a log for ever, so that an agent never comes back; use {instead}"
    if program in _WATCHERS or _watches(step):
        yield f"{' '.join(step.words)} watches for ever, so that an agent never comes back; run it once"


_INSTEAD = {"top": "use ps", "htop": "use ps", "man": "use --help, or man -P cat"}


def _watches(step: Step) -> bool:
    words = step.words[1:]
    if step.program == "gh":
        return False  # It ends with the run that it watches.
    is_short = step.program in ("tsc", "kubectl") and "-w" in words
    if is_short or any(_WATCH_FLAG.match(word) for word in words) or step.words[:2] == ("cargo", "watch"):
        return True
    runs = [word for word in words if word not in ("run", "run-script") and not word.startswith("-")]
    return step.program in ("npm", "pnpm", "yarn", "bun") and bool(runs) and bool(_WATCH_NAME.match(runs[-1]))


def _is_ordered(step: Step) -> bool:
    """Whether somebody is to do it: a list of the commands that there are only tells of it."""
    return step.is_told and (step.is_alone or bool(_ORDER.search(_without_code(step.before))))


def polling(step: Step, facts: Facts) -> Iterator[str]:
    """`sleep` in a loop without an end, or for minutes: what is waited for has a command that waits."""
    if step.program != "sleep" or len(step.words) < 2:
        return
    found = re.fullmatch(r"(\d+)([smh]?)", step.words[1])
    seconds = int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else 0
    polls = re.search(r"\b(?:poll|every|again|repeat|until|keep)\b", _without_code(step.said))
    if step.command.loop == "while":
        yield "this polls with sleep in a loop that nothing ends; use a command that waits, with a time limit"
    elif step.is_told and (seconds >= _LONG_SECONDS or (not step.is_block and polls)):
        yield "sleep waits blindly, and too short or too long; use a command that waits, with a time limit"


def _without_code(text: str) -> str:
    return re.sub(r"`[^`]*`", "", text)
