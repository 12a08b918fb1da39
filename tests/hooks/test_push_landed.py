"""Whether a push landed is decided by what moved, never by what merely looks right."""

import pytest

from afterpush.hooks.push_landed import closed_by_log, moved_here, there
from afterpush.hooks.ref_updates import RefUpdate
from afterpush.infra.git.refs import pushes_noted
from tests.support.repositories import Repository

OLD, NEW, LATER, STRANGE = "0a" * 20, "1b" * 20, "2c" * 20, "3d" * 20
UPDATE = RefUpdate(NEW, "refs/heads/main", OLD)


def contains(older: str, newer: str) -> bool:
    order = [OLD, NEW, LATER]
    return older in order and newer in order and order.index(older) <= order.index(newer)


@pytest.mark.parametrize(
    ("before", "now", "proved"),
    [
        (OLD, NEW, True),
        (None, NEW, True),
        (OLD, LATER, True),
        (OLD, OLD, False),
        (NEW, NEW, False),
        (LATER, LATER, False),
        (OLD, STRANGE, False),
        (OLD, None, False),
        (NEW, OLD, False),
    ],
)
def test_a_tracking_ref_proves_a_push_only_when_it_moved_to_it(
    before: str | None, now: str | None, proved: bool
) -> None:
    assert moved_here(UPDATE, before, now, contains) is proved


def test_a_refused_step_back_is_not_proved_by_the_commits_that_stay() -> None:
    back = RefUpdate(OLD, "refs/heads/main", NEW)
    assert not moved_here(back, NEW, NEW, contains)
    assert not there(back, NEW, contains).landed
    assert there(back, OLD, contains).landed


@pytest.mark.parametrize(
    ("value", "landed", "said"),
    [
        (NEW, True, "is there"),
        (LATER, True, "is there, below 2c2c2c2"),
        (OLD, False, "did not land: the remote still has what it had"),
        (None, False, "did not land: the remote has no such branch"),
        (STRANGE, False, "cannot be proved: the remote has 3d3d3d3"),
    ],
)
def test_the_remotes_own_word(value: str | None, landed: bool, said: str) -> None:
    answer = there(UPDATE, value, contains)
    assert (answer.landed, answer.sentence) == (landed, said)


def test_what_git_noted_proves_this_push_and_no_old_one() -> None:
    answer = there(UPDATE, STRANGE, contains)
    assert answer.is_open and not there(UPDATE, OLD, contains).is_open
    assert closed_by_log(answer, UPDATE, [(LATER, 1000.0), (NEW, 990.0)], now=1001.0).landed
    assert not closed_by_log(answer, UPDATE, [(NEW, 100.0)], now=1001.0).landed
    assert not closed_by_log(answer, UPDATE, [(OLD, 1000.0)], now=1001.0).landed


def test_git_notes_pushes_that_landed_and_no_fetches(repository: Repository) -> None:
    tracking = "refs/remotes/origin/main"
    sha = repository.commit()
    repository.push()
    other = repository.another_clone("other")
    other.commit()
    other.push()
    repository.git("fetch", "--quiet")
    repository.git("reset", "--hard", "HEAD~1")
    repository.git("push", "--dry-run", "--force", "origin", "main")
    assert [pushed for pushed, _ in pushes_noted(repository.path, tracking)][:1] == [sha]
    assert pushes_noted(repository.path, "refs/remotes/origin/none") == []
