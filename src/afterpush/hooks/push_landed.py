"""Whether a ref really arrived at the remote: git's exit code is not ours to see, so we look."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from afterpush.hooks.ref_updates import RefUpdate

RECENT_SECONDS = 60.0
Contains = Callable[[str, str], bool]
"""Whether the second commit contains the first one; False when git here does not know."""


def moved_here(update: RefUpdate, before: str | None, now: str | None, contains: Contains) -> bool:
    """Whether the tracking ref proves the push: git moves it when the remote took the ref, and then only.

    A ref that was there before proves nothing: a dry run of what is already pushed, or a forced step
    back that the server refused, look just so.
    """
    if now is None or now in (before, update.old):
        return False
    return now == update.sha or contains(update.sha, now)


@dataclass(frozen=True)
class Answer:
    """What is known of a push, as a sentence: it landed, it did not (yet), or neither (`is_open`)."""

    landed: bool
    sentence: str
    is_open: bool = False
    may_come: bool = False


def there(update: RefUpdate, value: str | None, contains: Contains) -> Answer:
    """Whether the remote's own value of the ref proves the push.

    What the remote had before may mean that it refused, or that `git push` was ended while the remote still
    works on it (Ctrl-C; over ssh its side goes on).
    """
    if value == update.sha:
        return Answer(True, "is there")
    if value is None:
        return Answer(False, "did not land: the remote has no such branch", may_come=True)
    if value == update.old:
        return Answer(False, "did not land: the remote still has what it had", may_come=True)
    if contains(update.sha, value):
        return Answer(True, f"is there, below {value[:7]}")
    return Answer(False, f"cannot be proved: the remote has {value[:7]}", is_open=True)


def closed_by_log(
    answer: Answer, update: RefUpdate, pushes: Iterable[tuple[str, float]], now: float
) -> Answer:
    """An open answer, judged by the log of the tracking ref, where git notes each push that the remote took.

    The push is in it: it landed. Nothing is in it, and the remote answered with another commit: others were
    first, and git said so. Another commit is in it: a server that lands its own rewriting of what it gets.
    """
    recent = [(sha, at) for sha, at in pushes if now - at < RECENT_SECONDS]
    if any(sha == update.sha for sha, _ in recent):
        return Answer(True, "landed (git noted it here)")
    if not recent and "the remote has" in answer.sentence:
        return Answer(False, answer.sentence.replace("cannot be proved", "did not land"))
    return answer
