"""Whose post-push script a watcher runs: the user's own, and after a yes anybody's."""

from afterpush.hooks.post_push_script import is_allowed
from afterpush.hooks.scripts import own_script
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.trust import hook_item, trust_of
from tests.support.repositories import Repository

SCRIPT = ".husky/post-push"


def allowed(repository: Repository, **variables: str) -> bool:
    return is_allowed(repository.path, repository.path / SCRIPT, variables)


def test_what_a_pull_brings_is_not_run_before_a_yes(repository: Repository) -> None:
    theirs = repository.another_clone("theirs")
    theirs.write(SCRIPT, "touch evil\n")
    theirs.commit("Bring a hook")
    theirs.push()
    repository.git("pull", "--quiet")
    assert not allowed(repository)
    assert allowed(repository, AFTERPUSH_TRUST="1")
    here = AppRepository(repository.path)
    trust_of(here).say_yes([item for item in (hook_item(here),) if item])
    assert allowed(repository)
    theirs.write(SCRIPT, "touch other\n")
    theirs.commit("Change it")
    theirs.push()
    repository.git("pull", "--quiet")
    assert not allowed(repository)


def test_what_the_user_wrote_here_needs_none(repository: Repository) -> None:
    repository.write(SCRIPT, "make report\n")
    assert allowed(repository), "not committed yet"
    repository.commit("Add my hook")
    assert allowed(repository)
    theirs = repository.another_clone("theirs")
    theirs.commit("Something else", a_md="a\n")
    theirs.push()
    repository.git("pull", "--quiet", "--rebase")
    assert allowed(repository), "put on top of theirs"


def test_ours_and_huskys_run(repository: Repository) -> None:
    theirs = repository.another_clone("theirs")
    theirs.write(SCRIPT, own_script("post-push", ""))
    theirs.commit("Bring ours")
    theirs.push()
    repository.git("pull", "--quiet")
    assert allowed(repository)
    repository.write(SCRIPT, own_script("post-push", "") + "touch evil\n")
    repository.git("stash", "--quiet")
    repository.git("config", "core.hooksPath", ".husky/_")
    assert allowed(repository)
