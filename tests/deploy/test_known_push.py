"""With which push a commit came, and what git knows of it: real repositories, real pushes."""

from pathlib import Path

import pytest

from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.kinship import GitKin, KnownPush, known_push
from afterpush.digitalocean.deployed_commits import Kinship
from afterpush.infra.push_record import Push, append_push
from afterpush.infra.state import state_folder
from afterpush.simulator.scenario import build_failure, live
from tests.deploy.conftest import World
from tests.support.repositories import Repository


def of(repository: Repository, sha: str, record: Path | None = None) -> KnownPush | None:
    return known_push(record or repository.path / "none", repository.path, "origin", ["main"], sha)


def test_git_notes_which_push_moved_the_branch_last_and_from_where(repository: Repository) -> None:
    older = repository.commit("older")
    repository.push()
    newer = repository.commit("newer")
    repository.push()
    known = of(repository, newer)
    assert known and known.before == older
    repository.git("reset", "--quiet", "--hard", older)
    repository.push("--force", "main")
    again = of(repository, older)
    assert again and again.before == newer and again.since >= known.since
    assert of(repository, repository.commit("not pushed")) is None


def test_a_commit_that_others_pushed_came_with_no_push_of_ours(repository: Repository) -> None:
    other = repository.another_clone("other")
    other.git("config", "user.name", "b")
    other.git("config", "user.email", "b@example.test")
    sha = other.commit("theirs")
    other.push()
    repository.git("fetch", "--quiet")
    assert of(repository, sha) is None


def test_the_record_of_the_hooks_counts_when_it_is_later(repository: Repository, tmp_path: Path) -> None:
    sha = repository.commit("ours")
    repository.push()
    noted = of(repository, sha)
    assert noted
    record = tmp_path / "pushes.jsonl"
    began = noted.since + 1000
    append_push(record, Push(sha, "refs/heads/other", "origin", began + 90, True, began + 80, None))
    append_push(record, Push(sha, "refs/heads/main", "origin", began + 90, False, began + 80, None))
    assert of(repository, sha, record) == noted, "another branch, and a push that did not land"
    append_push(record, Push(sha, "refs/heads/main", "origin", began + 9, True, began, "0" * 40))
    assert of(repository, sha, record) == KnownPush(began - 5, None)


def test_a_commit_that_was_there_before_the_push_is_no_evidence_that_ours_arrived(
    repository: Repository,
) -> None:
    older, newer = repository.commit("older"), repository.commit("newer")
    plain, pushed_again = GitKin(repository.path, older), GitKin(repository.path, older, before=newer)
    assert plain.kinship(newer[:9]) is Kinship.CONTAINS and plain.full(newer[:9]) == newer
    assert pushed_again.kinship(newer) is Kinship.OTHER
    assert GitKin(repository.path, newer).kinship(older) is Kinship.CONTAINED
    assert plain.kinship(older[:7]) is Kinship.SAME
    assert plain.kinship("f" * 40) is Kinship.UNKNOWN
    latest = repository.commit("latest")
    assert pushed_again.kinship(latest) is Kinship.CONTAINS


def test_an_old_commit_that_is_pushed_again_is_judged_by_its_new_deployment(world: World) -> None:
    older, newer = world.commit("older"), world.commit("newer")
    for sha in (older, newer):
        world.platform.push(sha, plan=live(20, 10))
        world.clock.sleep(600)
    record = state_folder(world.repository.path).ready().pushes
    began = world.clock.now()
    append_push(record, Push(older, "refs/heads/main", "origin", began + 2, True, began, newer))
    states = world.states(older)
    assert next(states).source == "platform"
    world.platform.push(older, plan=build_failure())
    *_, end = states
    assert getattr(end, "verdict", None) is Verdict.FAILED
    assert world.verdict(newer).verdict is Verdict.LIVE, "nobody pushed that one again"


@pytest.mark.parametrize("goes_well", [True, False])
def test_pushed_again_and_nothing_comes(world: World, goes_well: bool) -> None:
    sha = world.commit("ours")
    world.platform.push(sha, plan=live(20, 10) if goes_well else build_failure())
    world.clock.sleep(600)
    record = state_folder(world.repository.path).ready().pushes
    began = world.clock.now()
    append_push(record, Push(sha, "refs/heads/main", "origin", began + 2, True, began, None))
    end = world.verdict(sha)
    if goes_well:
        assert end.verdict is Verdict.LIVE and "as it was before this push" in end.message
    else:
        assert end.verdict is Verdict.NONE
