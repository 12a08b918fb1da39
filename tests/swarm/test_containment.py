"""A branch counts as contained only when nothing of it would be lost."""

import pytest

from afterpush.infra.git.containment import is_contained
from tests.support.repositories import Repository


def branched(repository: Repository) -> str:
    """A branch with two commits in one file; main stays."""
    repository.git("switch", "-q", "-c", "side")
    repository.commit("One", a_txt="1\n")
    tip = repository.commit("Two", a_txt="1\n2\n")
    repository.git("switch", "-q", "main")
    return tip


@pytest.mark.parametrize("then_changed", [False, True])
@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_merged_squashed_and_rebased_work_is_contained(
    repository: Repository, how: str, then_changed: bool
) -> None:
    tip = branched(repository)
    repository.commit("Meanwhile", b_txt="b\n")
    if how == "merge":
        repository.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    elif how == "squash":
        repository.git("merge", "-q", "--squash", "side")
        repository.commit("Squashed")
    else:
        repository.git("cherry-pick", "main..side")
    if then_changed:
        repository.commit("Changed", a_txt="something else\n")
    assert is_contained(repository.path, tip, repository.head())


def test_what_was_only_partly_taken_or_squashed_and_reverted_unmerged_is_not(repository: Repository) -> None:
    tip = branched(repository)
    assert not is_contained(repository.path, tip, repository.head())
    repository.git("cherry-pick", "side~1")
    assert not is_contained(repository.path, tip, repository.head())


def test_unrelated_histories_are_doubt(repository: Repository) -> None:
    main = repository.head()
    repository.git("checkout", "-q", "--orphan", "other")
    assert not is_contained(repository.path, repository.commit("Other", a_txt="x"), main)
