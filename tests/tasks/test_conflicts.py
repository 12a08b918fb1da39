"""`conflicts.*` as a user meets it, with real git in every operation that can stop at a conflict."""

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import AFTERPUSH, Answer, afterpush
from tests.support.conflicting import BASE, DOCUMENT, OPERATIONS, diverge, document, merge, run_git
from tests.support.repositories import Repository
from tests.support.snapshots import snapshot

OURS = document(status="in-progress", more="\n### CORE-002: Ours\n\n**Status:** ready\n")
THEIRS = document(owner="ben", more="\n### CORE-003: Theirs\n\n**Status:** ready\n")
CLASHING = document(owner="ann")


def conflicts(task: str, *flags: str, cwd: Path, **options: object) -> Answer:
    return afterpush(f"conflicts.{task}", *flags, cwd=cwd, **options)  # type: ignore[arg-type]


@pytest.fixture
def three(tmp_path: Path) -> Callable[[str, str, str], list[str]]:
    """Writes three texts; returns their paths."""

    def write(base: str, ours: str, theirs: str) -> list[str]:
        for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
            (tmp_path / name).write_bytes(text.encode())
        return [str(tmp_path / name) for name in ("base", "ours", "theirs")]

    return write


def test_merge_prints_the_merged_bytes_and_nothing_else(
    repository: Repository, three: Callable[[str, str, str], list[str]]
) -> None:
    files = three(BASE, OURS, THEIRS)
    answer = conflicts("merge", *files, f"--path={DOCUMENT}", cwd=repository.path)
    assert answer.code == 0
    assert all(word in answer.out for word in ("in-progress", "ben", "CORE-002", "CORE-003"))
    assert "<<<<" not in answer.out and answer.err == ""


def test_merge_needs_neither_a_repository_nor_a_path(
    repository: Repository, three: Callable[[str, str, str], list[str]], tmp_path: Path
) -> None:
    files = three(BASE, OURS, THEIRS)
    outside = tmp_path / "outside"
    outside.mkdir()
    for cwd, flags in ((outside, [f"--path={DOCUMENT}"]), (outside, []), (repository.path, [])):
        answer = conflicts("merge", *files, *flags, cwd=cwd)
        assert answer.code == 0 and "CORE-002" in answer.out and "CORE-003" in answer.out, answer.err
    absolute = f"--path={repository.path / DOCUMENT}"
    assert conflicts("merge", *files, absolute, cwd=repository.path).out == answer.out


def test_merge_keeps_carriage_returns_bom_and_a_missing_last_newline(
    repository: Repository, three: Callable[[str, str, str], list[str]]
) -> None:
    text = "\ufeff" + OURS.replace("\n", "\r\n").rstrip()
    files = three(text, text, text)
    words = [*AFTERPUSH, "conflicts.merge", *files]
    done = subprocess.run(
        [*words, f"--path={DOCUMENT}"], cwd=repository.path, capture_output=True, check=False
    )
    assert done.returncode == 0 and done.stdout == text.encode()


def test_merge_of_a_disagreement_exits_1_with_markers_and_reasons(
    repository: Repository, three: Callable[[str, str, str], list[str]]
) -> None:
    files = three(BASE, CLASHING, THEIRS)
    answer = conflicts("merge", *files, f"--path={DOCUMENT}", cwd=repository.path)
    assert answer.code == 1
    assert "<<<<<<<" in answer.out and ">>>>>>>" in answer.out
    assert answer.err.strip() and "Traceback" not in answer.err
    told = conflicts("merge", *files, f"--path={DOCUMENT}", "--json", cwd=repository.path).json()
    assert told["text"] == answer.out and told["clean"] is False and told["reasons"]


def test_merge_of_a_missing_file_is_one_line_and_exit_2(repository: Repository) -> None:
    answer = conflicts("merge", "nowhere", "nowhere", "nowhere", f"--path={DOCUMENT}", cwd=repository.path)
    assert answer.code == 2 and "cannot read nowhere" in answer.err and len(answer.err.splitlines()) == 1


def linked(repository: Repository) -> Path:
    folder = repository.path.parent / "linked"
    repository.git("worktree", "add", "--quiet", "-b", "linked", str(folder), "main")
    return folder


@pytest.mark.parametrize("where", ["main checkout", "linked worktree"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_resolve_settles_documents_in_the_middle_of_everything(
    repository: Repository, operation: str, where: str
) -> None:
    diverge(repository, OURS, THEIRS)
    folder = linked(repository) if where == "linked worktree" else repository.path
    assert OPERATIONS[operation](folder) != 0
    answer = conflicts("resolve", "--json", cwd=folder)
    told = answer.json()
    assert answer.code == 0, answer.out
    assert (told["resolved"], told["unresolved"]) == ([DOCUMENT], [])
    assert told["operation"] == operation
    assert told["decisions"][DOCUMENT]
    text = (folder / DOCUMENT).read_text()
    assert all(word in text for word in ("in-progress", "ben", "CORE-002", "CORE-003")) and "<<<<" not in text
    assert run_git(folder, "ls-files", "--unmerged").stdout == ""
    assert run_git(folder, "show", f":{DOCUMENT}").stdout == text


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_it_says_to_type_next_ends_the_operation(
    repository: Repository, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "false")
    diverge(repository, OURS, THEIRS)
    OPERATIONS[operation](repository.path)
    told = conflicts("resolve", "--json", cwd=repository.path).json()
    if operation == "stash pop":
        assert "git stash drop" in told["next"]
        return
    command = told["next"].removeprefix("go on: ")
    done = subprocess.run(["sh", "-c", command], cwd=repository.path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert conflicts("resolve", "--json", cwd=repository.path).json()["operation"] is None


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick"])
def test_the_operation_can_still_be_given_up_afterwards(repository: Repository, operation: str) -> None:
    repository.write("src/app.py", "base\n")
    diverge(repository, OURS, THEIRS)
    repository.git("switch", "--quiet", "side")
    repository.write("src/app.py", "theirs\n")
    repository.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repository.git("switch", "--quiet", "main")
    repository.write("src/app.py", "ours\n")
    repository.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    before = snapshot(repository.path)
    OPERATIONS[operation](repository.path)
    assert conflicts("resolve", "--json", cwd=repository.path).json()["resolved"] == [DOCUMENT]
    repository.git(operation, "--abort")
    assert snapshot(repository.path) == before


def test_in_a_rebase_the_sides_are_named_for_what_they_are(repository: Repository) -> None:
    diverge(repository, CLASHING, THEIRS)
    OPERATIONS["rebase"](repository.path)
    answer = conflicts("resolve", cwd=repository.path)
    assert answer.code == 1
    text = (repository.path / DOCUMENT).read_text()
    upper, _, lower = text.partition("=======")
    assert "Their change" in upper and "**Owner:** ben" in upper
    assert "your commit" in lower and "(Our change)" in lower and "**Owner:** ann" in lower


def test_a_disagreement_stays_unmerged_between_markers_with_its_reason(repository: Repository) -> None:
    diverge(repository, CLASHING, THEIRS)
    merge(repository.path)
    answer = conflicts("resolve", "--json", cwd=repository.path)
    told = answer.json()
    assert answer.code == 1 and told["resolved"] == []
    [left] = told["unresolved"]
    assert left["path"] == DOCUMENT and left["reasons"]
    assert "<<<<<<<" in (repository.path / DOCUMENT).read_text()
    assert repository.git("ls-files", "--unmerged") != ""
    shown = conflicts("resolve", cwd=repository.path).out
    assert DOCUMENT in shown and "git merge --abort" in shown


def test_dry_run_says_the_same_and_touches_nothing(repository: Repository) -> None:
    diverge(repository, OURS, THEIRS)
    merge(repository.path)
    before = snapshot(repository.path)
    answer = conflicts("resolve", "--dry-run", "--json", cwd=repository.path)
    assert answer.code == 0 and answer.json()["resolved"] == [DOCUMENT]
    assert snapshot(repository.path) == before


def test_without_a_conflict_there_is_nothing_to_do(repository: Repository) -> None:
    answer = conflicts("resolve", "--json", cwd=repository.path)
    assert answer.code == 0
    assert (answer.json()["resolved"], answer.json()["unresolved"]) == ([], [])


def test_files_that_are_no_shared_documents_are_left_alone(repository: Repository) -> None:
    diverge(repository, "ours\n", "theirs\n", path="src/app.py", base="base\n")
    merge(repository.path)
    before = snapshot(repository.path)
    answer = conflicts("resolve", "--json", cwd=repository.path)
    assert answer.code == 1
    assert [entry["path"] for entry in answer.json()["unresolved"]] == ["src/app.py"]
    assert snapshot(repository.path) == before


@pytest.mark.parametrize("deleter", ["ours", "theirs"])
def test_edit_against_delete_is_left_to_a_person(repository: Repository, deleter: str) -> None:
    diverge(repository, OURS, THEIRS)
    repository.git("switch", "--quiet", "main" if deleter == "ours" else "side")
    (repository.path / DOCUMENT).unlink()
    repository.commit("Delete")
    repository.git("switch", "--quiet", "main")
    merge(repository.path)
    before = snapshot(repository.path)
    answer = conflicts("resolve", "--json", cwd=repository.path)
    [left] = answer.json()["unresolved"]
    assert answer.code == 1 and "deleted by" in left["reasons"][0] and "changed by" in left["reasons"][0]
    assert snapshot(repository.path) == before


@pytest.mark.parametrize("still_has_markers", [True, False])
def test_what_somebody_has_edited_by_hand_is_not_overwritten(
    repository: Repository, still_has_markers: bool
) -> None:
    diverge(repository, OURS, THEIRS)
    merge(repository.path)
    marked = (repository.path / DOCUMENT).read_text()
    repository.write(DOCUMENT, marked + "edited\n" if still_has_markers else "decided by hand\n")
    before = snapshot(repository.path)
    answer = conflicts("resolve", "--json", cwd=repository.path)
    assert answer.code == 1 and "edited by hand" in answer.json()["unresolved"][0]["reasons"][0]
    assert snapshot(repository.path) == before
    repository.git("checkout", "--merge", "--", DOCUMENT)
    assert conflicts("resolve", cwd=repository.path).code == 0


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_every_style_of_markers_counts_as_untouched(repository: Repository, style: str) -> None:
    repository.git("config", "merge.conflictStyle", style)
    diverge(repository, OURS, THEIRS)
    merge(repository.path)
    assert conflicts("resolve", cwd=repository.path).code == 0


def test_a_bare_ours_that_a_broken_driver_left_is_mended(repository: Repository) -> None:
    repository.write(".gitattributes", f"{DOCUMENT} merge=broken\n")
    repository.git("config", "merge.broken.driver", "exit 1")
    diverge(repository, OURS, THEIRS)
    merge(repository.path)
    assert (repository.path / DOCUMENT).read_text() == OURS
    assert conflicts("resolve", cwd=repository.path).code == 0
    assert "CORE-003: Theirs" in (repository.path / DOCUMENT).read_text()


def test_windows_line_endings_of_the_work_tree_are_kept(repository: Repository) -> None:
    repository.write(".gitattributes", "*.md text eol=crlf\n")
    diverge(repository, OURS, THEIRS)
    merge(repository.path)
    assert conflicts("resolve", cwd=repository.path).code == 0
    content = (repository.path / DOCUMENT).read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 0
    assert repository.git("diff", "--stat") == ""


LOCK = "package-lock.json"


def npm(folder: Path, body: str) -> dict[str, str]:
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_a_lock_file_is_made_anew_by_its_owner(repository: Repository, tmp_path: Path) -> None:
    diverge(repository, '{"a": 1}\n', '{"b": 1}\n', path=LOCK, base="{}\n")
    merge(repository.path)
    env = npm(tmp_path, """[ "$1" = install ] && echo '{"a": 1, "b": 1}' > package-lock.json""")
    answer = conflicts("resolve", "--json", cwd=repository.path, env=env)
    assert answer.code == 0 and answer.json()["resolved"] == [LOCK]
    assert json.loads(repository.git("show", f":{LOCK}")) == {"a": 1, "b": 1}


def test_an_owner_with_settings_of_the_repository_needs_a_yes(repository: Repository, tmp_path: Path) -> None:
    """npm runs the program that `git=` in .npmrc names, and sends variables to the registry that it names."""
    repository.write(".npmrc", "git=./evil.sh\n")
    repository.commit("Settings")
    diverge(repository, '{"a": 1}\n', '{"b": 1}\n', path=LOCK, base="{}\n")
    merge(repository.path)
    env = npm(tmp_path, "echo '{}' > package-lock.json")
    answer = conflicts("resolve", "--json", cwd=repository.path, env=env)
    [left] = answer.json()["unresolved"]
    assert (
        answer.code == 1
        and ".npmrc: git=./evil.sh" in left["reasons"][0]
        and "env.trust" in left["reasons"][0]
    )
    assert afterpush("env.trust", cwd=repository.path).code == 0
    assert conflicts("resolve", cwd=repository.path, env=env).code == 0


@pytest.mark.parametrize(
    "body", ["echo ETARGET no such version >&2; exit 1", "echo '<<<<<<< x' > package-lock.json"]
)
def test_a_lock_file_whose_owner_fails_stays_unmerged(
    repository: Repository, tmp_path: Path, body: str
) -> None:
    diverge(repository, '{"a": 1}\n', '{"b": 1}\n', path=LOCK, base="{}\n")
    merge(repository.path)
    answer = conflicts("resolve", "--json", cwd=repository.path, env=npm(tmp_path, body))
    [left] = answer.json()["unresolved"]
    assert answer.code == 1 and left["path"] == LOCK and "npm install" in left["reasons"][-1]
    assert repository.git("ls-files", "--unmerged") != ""


def test_a_lock_file_waits_for_the_manifest_beside_it(repository: Repository, tmp_path: Path) -> None:
    repository.write("package.json", "base\n")
    repository.git("add", "--all")
    diverge(repository, '{"a": 1}\n', '{"b": 1}\n', path=LOCK, base="{}\n")
    repository.git("switch", "--quiet", "side")
    repository.commit("Theirs", package_json="theirs\n")
    repository.git("switch", "--quiet", "main")
    repository.commit("Ours", package_json="ours\n")
    merge(repository.path)
    answer = conflicts("resolve", "--json", cwd=repository.path, env=npm(tmp_path, "touch ran"))
    reasons = {entry["path"]: entry["reasons"] for entry in answer.json()["unresolved"]}
    assert answer.code == 1 and "package.json is still in conflict" in reasons[LOCK][-1]
    assert not (repository.path / "ran").exists()


def test_a_lock_file_does_not_wait_for_what_its_owner_never_reads(
    repository: Repository, tmp_path: Path
) -> None:
    for name in ("version.json", "NOTES.md"):
        repository.write(name, "base\n")
    diverge(repository, '{"a": 1}\n', '{"b": 1}\n', path=LOCK, base="{}\n")
    for branch in ("side", "main"):
        repository.git("switch", "--quiet", branch)
        for name in ("version.json", "NOTES.md"):
            repository.write(name, f"{branch}\n")
        repository.commit(branch)
    merge(repository.path)
    env = npm(tmp_path, "echo '{}' > package-lock.json")
    answer = conflicts("resolve", "--json", cwd=repository.path, env=env)
    assert answer.code == 1 and answer.json()["resolved"] == [LOCK]


def test_renumber_is_taken_up_where_resolve_has_proposed_it(repository: Repository) -> None:
    diverge(repository, document(more="\n### CORE-002: Ours\n"), document(more="\n### CORE-002: Theirs\n"))
    merge(repository.path)
    [left] = conflicts("resolve", "--json", cwd=repository.path).json()["unresolved"]
    assert "--renumber" in left["reasons"][0]
    answer = conflicts("resolve", "--renumber", "--json", cwd=repository.path)
    assert answer.code == 0 and answer.json()["resolved"] == [DOCUMENT]
    assert "### CORE-003: Theirs" in (repository.path / DOCUMENT).read_text()


def check(folder: Path) -> Answer:
    return conflicts("check", "--json", cwd=folder)


def test_check_is_live_only_after_install_and_names_what_is_missing(repository: Repository) -> None:
    before = check(repository.path)
    assert before.code == 1 and before.json()["driver_live"] is False
    assert "conflicts.install" in before.json()["problems"][0]
    assert conflicts("install", cwd=repository.path).code == 0
    after = check(repository.path)
    assert after.code == 0 and after.json()["driver_live"] is True and after.json()["markers"] == []


def break_by_no_attribute(repository: Repository) -> None:
    (repository.path / ".gitattributes").unlink()


def break_by_one_line_missing(repository: Repository) -> None:
    path = repository.path / ".gitattributes"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))


def break_by_another_driver(repository: Repository) -> None:
    with (repository.path / ".gitattributes").open("a") as file:
        file.write("*.md merge=union\n")


def break_by_no_command(repository: Repository) -> None:
    repository.git("config", "--remove-section", "merge.afterpush")


def break_by_a_command_that_does_nothing(repository: Repository) -> None:
    repository.git("config", "merge.afterpush.driver", "true")


def break_by_a_missing_interpreter(repository: Repository) -> None:
    command = repository.git("config", "merge.afterpush.driver")
    repository.git("config", "merge.afterpush.driver", command.replace(" -P -m", "-is-gone -P -m"))


@pytest.mark.parametrize(
    "break_it",
    [
        break_by_no_attribute,
        break_by_one_line_missing,
        break_by_another_driver,
        break_by_no_command,
        break_by_a_command_that_does_nothing,
        break_by_a_missing_interpreter,
    ],
)
def test_check_sees_every_way_in_which_a_driver_can_be_dead(
    repository: Repository, break_it: Callable[[Repository], None]
) -> None:
    conflicts("install", cwd=repository.path)
    break_it(repository)
    answer = check(repository.path)
    assert answer.code == 1 and answer.json()["driver_live"] is False and answer.json()["problems"]


def test_check_judges_this_worktree_and_not_the_clone(repository: Repository) -> None:
    folder = linked(repository)
    conflicts("install", cwd=repository.path)
    repository.commit("Give documents to afterpush")
    assert check(repository.path).code == 0
    assert check(folder).json()["driver_live"] is False
    run_git(folder, "merge", "--quiet", "main")
    assert check(folder).json()["driver_live"] is True


def test_check_leaves_no_trace(repository: Repository) -> None:
    conflicts("install", cwd=repository.path)
    before = snapshot(repository.path), repository.git("count-objects", "-v")
    check(repository.path)
    assert (snapshot(repository.path), repository.git("count-objects", "-v")) == before


def test_check_finds_markers_that_somebody_committed(repository: Repository) -> None:
    conflicts("install", cwd=repository.path)
    repository.write(DOCUMENT, BASE + "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> side\n")
    repository.commit("Oops")
    answer = check(repository.path)
    assert answer.code == 1 and answer.json()["markers"] == [DOCUMENT]
    assert DOCUMENT in conflicts("check", cwd=repository.path).out


def test_install_writes_each_line_once_and_keeps_the_others(repository: Repository) -> None:
    kept = "# ours\r\n*.png binary\r\ndocs/ROADMAP.md merge=afterpush\r\n*.sh text eol=lf"
    repository.write(".gitattributes", kept)
    conflicts("install", cwd=repository.path)
    first = (repository.path / ".gitattributes").read_bytes()
    assert first.endswith(b"# ours\r\n*.png binary\r\n*.sh text eol=lf")
    assert first.count(b"docs/ROADMAP.md merge=afterpush") == 1
    assert first.count(b"\n") == first.count(b"\r\n")
    again = conflicts("install", cwd=repository.path)
    assert (repository.path / ".gitattributes").read_bytes() == first and "already installed" in again.out


def test_a_line_of_the_users_own_decides_wherever_it_is(repository: Repository) -> None:
    repository.write(".gitattributes", "CHANGELOG.md merge=union\nnotes/*.md -merge\n")
    conflicts("install", cwd=repository.path)
    asked = ("CHANGELOG.md", "notes/a.md", "README.md")
    answers = repository.git("check-attr", "merge", "--", *asked).splitlines()
    assert [line.rpartition(" ")[2] for line in answers] == ["union", "unset", "afterpush"]
    assert check(repository.path).json()["driver_live"] is True


def test_install_and_uninstall_show_first_what_they_would_do(repository: Repository) -> None:
    answer = conflicts("install", "--dry-run", "--json", cwd=repository.path)
    assert answer.json()["changed"] is True and answer.json()["attributes_added"]
    assert not (repository.path / ".gitattributes").exists()
    assert repository.git("config", "merge.afterpush.driver", check=False) == ""


def test_uninstall_takes_only_our_lines_and_configuration_away(repository: Repository) -> None:
    repository.write(".gitattributes", "*.png binary\n*.md text merge=afterpush\n")
    repository.git("config", "merge.other.driver", "other %A")
    conflicts("install", cwd=repository.path)
    assert conflicts("install", "--uninstall", cwd=repository.path).code == 0
    assert (repository.path / ".gitattributes").read_text() == "*.png binary\n*.md text merge=afterpush\n"
    assert repository.git("config", "merge.other.driver") == "other %A"
    assert repository.git("config", "--get-regexp", r"merge\.afterpush", check=False) == ""
