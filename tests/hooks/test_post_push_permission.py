"""Whose post-push script a watcher runs: the user's own, and after a yes anybody's."""

import shlex
import subprocess

import pytest

from afterpush.hooks.install.apply_plan import Plan, Step, apply
from afterpush.hooks.install.managers import find_owner
from afterpush.hooks.install.plan import Wanted, plan_install
from afterpush.hooks.install.post_push_permission import is_allowed
from afterpush.hooks.install.run_script import run_text
from afterpush.hooks.install.scripts import own_script
from afterpush.hooks.policy import Policy
from afterpush.infra.errors import AfterpushError
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


@pytest.mark.parametrize("link", [".husky", ".husky/post-push"])
def test_a_script_behind_a_link_of_a_commit_is_not_the_users_own(repository: Repository, link: str) -> None:
    theirs = repository.another_clone("theirs")
    theirs.write("tools/post-push", "touch evil\n")
    (theirs.path / link).parent.mkdir(exist_ok=True)
    (theirs.path / link).symlink_to("tools" if link == ".husky" else "../tools/post-push")
    theirs.commit("Bring a link")
    theirs.push()
    repository.git("pull", "--quiet")
    assert (repository.path / SCRIPT).read_text() == "touch evil\n" and not allowed(repository)


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


@pytest.mark.parametrize("start", ["branch", "no branch"])
def test_what_the_user_wrote_in_another_worktree_needs_none(repository: Repository, start: str) -> None:
    """A worktree's log of HEAD begins when it is added, after the commit."""
    if start == "no branch":
        repository.git("checkout", "--quiet", "--detach")
    repository.write(SCRIPT, "make report\n")
    repository.commit("Add my hook")
    linked = repository.path.parent / "linked"
    repository.git("worktree", "add", "--quiet", str(linked))
    assert is_allowed(linked, linked / SCRIPT, {})


def test_what_others_wrote_needs_a_yes_in_another_worktree_too(repository: Repository) -> None:
    theirs = repository.another_clone("theirs")
    theirs.write(SCRIPT, "touch evil\n")
    theirs.commit("Bring a hook")
    theirs.push()
    repository.git("fetch", "--quiet")
    linked = repository.path.parent / "linked"
    repository.git("worktree", "add", "--quiet", "-b", "linked", str(linked), "origin/main")
    assert not is_allowed(linked, linked / SCRIPT, {})


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


@pytest.mark.parametrize(
    "name",
    ["@BRANCHES@", "@CONDITIONS@", "x'; touch ran; '", "$(touch ran)", "`touch ran`", "a\ntouch ran\n"],
)
def test_no_name_of_the_configuration_becomes_a_command_of_the_hooks_file(name: str) -> None:
    """`push.remote: "@BRANCHES@"` with a branch `a` would make `[ "$remote" = a|b ]` of it: a pipe."""
    policy = Policy(remote=name, branches=(name, "b"), state_dir=name)
    text = run_text(policy, shlex.quote(name), shlex.quote(name), shortcut=["false"])
    assert f'[ "$remote" = {shlex.quote(name)} ]' in text and f"program={shlex.quote(name)}\n" in text
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0


def test_a_link_that_leads_out_is_refused_before_anything_is_written(repository: Repository) -> None:
    outside = repository.path.parent / "outside"
    outside.mkdir()
    (repository.path / ".husky").symlink_to(outside)
    owner = find_owner(repository.path)
    steps = [
        Step("writing", repository.path / "first", "x\n"),
        Step("writing", repository.path / ".husky" / "pre-push", "x\n"),
    ]
    with pytest.raises(AfterpushError, match="is outside of the repository through the link"):
        apply(Plan(owner, steps), repository.path)
    assert not (repository.path / "first").exists() and not list(outside.iterdir())


@pytest.mark.parametrize("folder", ["{outside}", "../outside", ".git/hooks", ".git"])
def test_a_folder_of_scripts_that_a_committed_file_names_stays_in_the_work_tree(
    repository: Repository, folder: str
) -> None:
    outside = repository.path.parent / "outside"
    outside.mkdir()
    repository.write("lefthook.yml", f"source_dir: {folder.format(outside=outside)}\n")
    plan = plan_install(repository.path, Policy(), Wanted(program="afterpush"))
    with pytest.raises(AfterpushError, match="nothing is read or written there"):
        apply(plan, repository.path)
    assert not list(outside.iterdir()) and not list((repository.path / ".git").rglob("afterpush"))
