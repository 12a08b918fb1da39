"""Putting both sides' commits together in the object store: what a rebase gives, without a work tree."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.merge_tree import Merging
from afterpush.infra.git.objects import scratch_objects
from afterpush.push.rebase_or_merge import Joined, Strategy, choose, join, published_on, stand
from tests.support.repositories import Repository

PLAIN = Merging((), lambda path, base, ours, theirs: (), lambda path: path.endswith("ROADMAP.md"))
NUMBERS = "".join(f"{number}\n" for number in range(1, 21))


def diverged(repository: Repository, mine: dict[str, str], theirs: dict[str, str]) -> str:
    """Their commit is on `upstream`, mine on main; returns theirs."""
    repository.commit("Base", numbers=NUMBERS)
    repository.git("switch", "--quiet", "--create", "upstream")
    their_commit = repository.commit("Theirs", **theirs)
    repository.git("switch", "--quiet", "main")
    repository.commit("Mine", **mine)
    return their_commit


def joined(repository: Repository, upstream: str, strategy: Strategy = "rebase") -> Joined:
    standing = stand(repository.path, upstream, repository.head())
    return join(repository.path, standing, strategy, PLAIN, "Merge it")


def test_the_tip_has_the_tree_that_git_rebase_gives(repository: Repository) -> None:
    upstream = diverged(
        repository,
        {"numbers": NUMBERS.replace("\n3\n", "\nthree\n")},
        {"numbers": NUMBERS.replace("17", "x")},
    )
    repository.commit("Second of mine", numbers=NUMBERS.replace("\n3\n", "\nTHREE\n"))
    tip = joined(repository, upstream).tip
    repository.git("rebase", "--quiet", "upstream")
    assert repository.git("rev-parse", f"{tip}^{{tree}}") == repository.git("rev-parse", "HEAD^{tree}")
    shown = "--format=%an|%ae|%ad|%B"
    assert repository.git("log", shown, f"{upstream}..{tip}") == repository.git(
        "log", shown, f"{upstream}..HEAD"
    )


def test_a_message_in_another_encoding_and_a_foreign_author_survive(repository: Repository) -> None:
    upstream = diverged(repository, {"mine": "1\n"}, {"theirs": "1\n"})
    message = repository.path.parent / "message"
    message.write_bytes("Größe\n\n  indented\n\n# no comment\n".encode("latin-1"))
    repository.write("more", "1\n")
    repository.git("add", "--all")
    repository.git(
        *(
            "-c",
            "i18n.commitEncoding=latin-1",
            "commit",
            "--quiet",
            "--cleanup=verbatim",
            f"--file={message}",
        ),
        *("--author=Ödön von Horváth <o@example.org>", "--date=2001-02-03T04:05:06+0700"),
    )
    before = raw_commit(repository, "HEAD")
    tip = joined(repository, upstream).tip
    assert tip is not None
    assert raw_commit(repository, tip) == before


def raw_commit(repository: Repository, commit: str) -> list[bytes]:
    """Its bytes but for what a rebase changes."""
    words = ["git", "cat-file", "commit", commit]
    raw = subprocess.run(words, cwd=repository.path, capture_output=True, check=True).stdout
    return [line for line in raw.split(b"\n") if not line.startswith((b"tree", b"parent", b"committer"))]


def test_a_commit_that_is_upstream_already_is_left_out_also_when_its_lines_changed_again(
    repository: Repository,
) -> None:
    repository.commit("Base", numbers=NUMBERS)
    repository.git("switch", "--quiet", "--create", "upstream")
    repository.commit("Same change", numbers=NUMBERS.replace("\n3\n", "\nthree\n"))
    upstream = repository.commit("Changed again", numbers=NUMBERS.replace("\n3\n", "\nthird\n"))
    repository.git("switch", "--quiet", "main")
    repository.commit("Same change", numbers=NUMBERS.replace("\n3\n", "\nthree\n"))
    assert joined(repository, upstream) == Joined(upstream)


def test_a_commit_that_was_empty_on_purpose_is_kept(repository: Repository) -> None:
    upstream = diverged(repository, {"mine": "1\n"}, {"theirs": "1\n"})
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Trigger a build")
    tip = joined(repository, upstream).tip
    assert repository.git("log", "--format=%s", f"{upstream}..{tip}").splitlines() == [
        "Trigger a build",
        "Mine",
    ]


def test_a_clash_names_the_commit_and_every_path_and_changes_nothing(repository: Repository) -> None:
    change = {"numbers": NUMBERS.replace("\n3\n", "\n3a\n"), "docs_md": "a\n", "other": "mine\n"}
    upstream = diverged(
        repository, change, {"numbers": NUMBERS.replace("\n3\n", "\n3b\n"), "other": "theirs\n"}
    )
    before = repository.git("for-each-ref") + repository.git("status", "--porcelain")
    clash = joined(repository, upstream).clash
    assert clash is not None
    assert (clash.commit, clash.subject) == (repository.head(), "Mine")
    assert sorted(clash.paths) == ["numbers", "other"]
    assert "Merge conflict in numbers" in clash.paths["numbers"][0]
    assert repository.git("for-each-ref") + repository.git("status", "--porcelain") == before


@pytest.mark.parametrize("by", ["mine", "theirs"])
def test_edit_against_delete_is_a_clash(repository: Repository, by: str) -> None:
    repository.commit("Base", numbers=NUMBERS)
    repository.git("switch", "--quiet", "--create", "upstream")
    (repository.path / "numbers").unlink() if by == "theirs" else repository.write("numbers", "changed\n")
    upstream = repository.commit("Theirs")
    repository.git("switch", "--quiet", "main")
    (repository.path / "numbers").unlink() if by == "mine" else repository.write("numbers", "changed\n")
    repository.commit("Mine")
    clash = joined(repository, upstream).clash
    assert clash is not None and "deleted" in clash.paths["numbers"][0]


def test_a_merge_has_both_parents_and_both_changes(repository: Repository) -> None:
    upstream = diverged(repository, {"mine": "1\n"}, {"theirs": "1\n"})
    head = repository.head()
    tip = joined(repository, upstream, "merge").tip
    assert repository.git("rev-parse", f"{tip}^1", f"{tip}^2").split() == [head, upstream]
    assert {"mine", "theirs"} <= set(repository.git("ls-tree", "--name-only", str(tip)).split())


def test_commits_that_hold_a_merge_or_are_published_elsewhere_are_not_rewritten(
    repository: Repository,
) -> None:
    upstream = diverged(repository, {"mine": "1\n"}, {"theirs": "1\n"})
    target = "refs/remotes/origin/main"
    standing = stand(repository.path, upstream, repository.head())
    assert standing.is_ahead and standing.is_behind
    assert published_on(repository.path, standing, target) is None
    assert choose(standing, "rebase", None) == ("rebase", None)
    repository.push("main:refs/heads/topic")
    repository.git("fetch", "--quiet")
    other = published_on(repository.path, standing, target)
    assert other == "origin/topic" and choose(standing, "rebase", other)[0] == "merge"
    repository.git("switch", "--quiet", "--create", "more", "HEAD~1")
    repository.commit("More", more="1\n")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-edit", "more")
    merged = stand(repository.path, upstream, repository.head())
    assert merged.has_local_merges and choose(merged, "rebase", None)[0] == "merge"


def test_without_common_history_it_says_so(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("Unrelated", unrelated="1\n")
    with pytest.raises(AfterpushError, match="no common history"):
        stand(repository.path, "main", repository.head())


def test_in_a_scratch_store_no_object_is_added(repository: Repository) -> None:
    upstream = diverged(repository, {"mine": "1\n"}, {"theirs": "1\n"})
    before = objects(repository.path)
    with scratch_objects(repository.path) as env:
        merging = replace(PLAIN, env=env)
        standing = stand(repository.path, upstream, repository.head(), env=env)
        assert join(repository.path, standing, "rebase", merging, "").tip
    assert objects(repository.path) == before


def objects(repo: Path) -> set[Path]:
    return {path for path in (repo / ".git" / "objects").rglob("*") if path.is_file()}
