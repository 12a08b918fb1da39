"""What instruction files say of the whole repository and do not agree on: the test command, the branch to
push to."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.scripts import MANAGERS, call_of
from afterpush.documents.instructions.steps import Step, steps_in

_TESTS = re.compile(
    r"(?:^|\b(?:all|the|run|full|whole|unit|before \w+(?: \w+)?:?|must pass:?|with|using"
    r"|by)\W+(?:the )?(?:\w+ )?)tests?(?: suite)?\b[^.;]{0,40}$|^\W*tests?\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """What a file says: the thing in a normal form, as it is written, and where."""

    thing: str
    written: str
    file: str
    line: int
    is_explicit: bool = True


def contradictions(documents: Mapping[str, str], facts: Facts) -> Iterator[tuple[str, int, str]]:
    """File, line and message of every claim that another file of the same folder contradicts.

    A file that makes several claims of one kind lists possibilities, and is left alone.
    """
    for what, claim_of in _KINDS:
        single: dict[str, list[Claim]] = {}
        for path, text in documents.items():
            claims = {one.thing: one for step in steps_in(text) if (one := claim_of(step, path, facts))}
            if len(claims) == 1:
                single.setdefault(_scope(path), []).extend(claims.values())
        for claims_here in single.values():
            first = claims_here[0]
            for other in claims_here[1:]:
                if other.thing != first.thing and not _is_same(first, other):
                    yield (
                        other.file,
                        other.line,
                        f"the {what} is {other.written} here, but {first.written} in"
                        f" {first.file}:{first.line}",
                    )


def _scope(path: str) -> str:
    """The folder that a file speaks of: that of a client's own folder is the one it lies in."""
    return re.sub(r"(?:^|/)\.(?:github|cursor|claude|gemini|codex)(?:/.*)?$", "", path.rpartition("/")[0])


def _test_command(step: Step, path: str, facts: Facts) -> Claim | None:
    """What a file calls its test command; `npm test` is one without a word, `npm test` and `npm run test`
    the same."""
    if step.is_forbidden or step.is_led or step.folder is None:
        return None
    call = call_of(step.words) if step.program in MANAGERS else None
    plain = (
        call and call.script == "test" and not call.folders and not call.workspaces and "--" not in step.words
    )
    is_explicit = not step.is_block and bool(_TESTS.search(step.before))
    written = " ".join(step.words)
    if plain or step.words == ("bun", "test"):
        return Claim(f"{step.program} test", written, path, step.line, is_explicit)
    return Claim(_without_options(step.words), written, path, step.line) if is_explicit else None


def _without_options(words: Sequence[str]) -> str:
    """`python -m pytest -q tests/` is `pytest`: how much of the tests, and how loud, is no other command."""
    if re.fullmatch(r"python[\d.]*", words[0]) and words[1:2] == ("-m",):
        words = words[2:]
    return " ".join(word for word in words if not word.startswith("-") and not re.search(r"[/.]|^run$", word))


def _is_same(one: Claim, other: Claim) -> bool:
    """Whether two commands may do the same: a target or script, and what may be in it."""
    programs = {claim.thing.partition(" ")[0] for claim in (one, other)}
    if programs <= set(MANAGERS):
        return False
    return bool(programs & {"make", "just", "task", "tox", "nox", "inv", *MANAGERS}) or not (
        one.is_explicit and other.is_explicit
    )


def _pushed_branch(step: Step, path: str, facts: Facts) -> Claim | None:
    words = [word for word in step.words[1:] if not word.startswith("-")]
    if step.program != "git" or words[:1] != ["push"] or len(words) != 3 or step.is_forbidden:
        return None
    target = words[2].rpartition(":")[2].removeprefix("refs/heads/")
    return Claim(target, target, path, step.line) if target in _TRUNKS else None


_TRUNKS = ("main", "master", "trunk", "mainline", "develop", "dev", "production", "staging")
_KINDS: tuple[tuple[str, Callable[[Step, str, Facts], Claim | None]], ...] = (
    ("test command", _test_command),
    ("branch to push to", _pushed_branch),
)
