"""Which branch a red log names: a guess that costs one check run, and saves a bisection when it is right."""

from collections import Counter
from pathlib import Path, PurePosixPath

from afterpush.infra.files import read_tail
from afterpush.infra.git import git
from afterpush.swarm.merge_queue.model import Candidate

_TAIL_BYTES = 16384
_SHORTEST_NAME = 4
_MOST_NAMED = 3


def named_branch(repo: Path, candidate: Candidate, log: Path) -> str:
    """The first branch that alone changes a file that the end of the log names; "" when none, or many, do."""
    text = read_tail(log, _TAIL_BYTES).decode("utf-8", "replace")
    changed = _changed(repo, candidate) if text.strip() else {}
    counts = Counter(path for paths in changed.values() for path in paths)
    named = [
        link.branch
        for link in candidate.links
        if any(counts[path] == 1 and _is_named(path, text) for path in changed.get(link.commit, ()))
    ]
    return named[0] if 0 < len(named) <= _MOST_NAMED else ""


def _is_named(path: str, text: str) -> bool:
    name = PurePosixPath(path).name
    return path in text or (len(name) >= _SHORTEST_NAME and name in text)


def _changed(repo: Path, candidate: Candidate) -> dict[str, list[str]]:
    """The paths that each merge of the candidate changes, by its commit."""
    words = ("log", "--first-parent", "-m", "--name-only", "-z", "--format=%x01%H")
    text = git(repo, *words, candidate.commit, f"^{candidate.base}").text
    parts = (part.replace("\n", "").split("\0") for part in text.split("\x01") if part)
    return {words[0]: [word for word in words[1:] if word] for words in parts}
