"""A push that is killed between any two of its git commands: nothing is lost, the next one goes through."""

import functools
import os
import shutil
import stat
from pathlib import Path

import pytest

from afterpush.infra.errors import AfterpushError
from afterpush.push.journal import PushJournal, PushState
from afterpush.push.recovery import recover
from tests.support.cli import Answer, afterpush
from tests.support.repositories import Repository, copied, lasting_folder, make_repository

NUMBERS = "".join(f"{number}\n" for number in range(1, 21))

# The commands that change something, and which of their calls: the stash is made before the first move.
MOMENTS = [
    ("stash create", 1),
    ("stash store", 1),
    ("reset --hard", 1),
    ("read-tree", 1),
    ("update-ref -m", 1),
    ("push -- origin", 1),
    ("stash apply", 1),
    ("stash drop", 1),
]


def killer(folder: Path, command: str, nth: int, *, before: bool) -> dict[str, str]:
    """An environment in which the nth such git command kills the process that started it."""
    real = shutil.which("git")
    program = folder / "bin" / "git"
    program.parent.mkdir()
    kill = f'case "$*" in *"{command}"*) echo >> {folder}/count;'
    kill += f" [ $(wc -l < {folder}/count) -ne {nth} ] || {{ kill -9 $PPID; exit 1; }};; esac"
    lines = [
        "#!/bin/sh",
        *([kill] if before else []),
        f'{real} "$@"',
        "code=$?",
        *([] if before else [kill]),
        "exit $code",
    ]
    program.write_text("\n".join(lines) + "\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@functools.cache
def prepared() -> Repository:
    """Both sides have new commits, and here are a staged, an unstaged and an untracked change."""
    repository = make_repository(lasting_folder())
    repository.commit("Base", numbers=NUMBERS, gone="1\n", kept="1\n")
    repository.push()
    other = repository.another_clone("other")
    (other.path / "gone").unlink()
    other.write("new/from them", "1\n")
    other.commit("Theirs", numbers=NUMBERS.replace("\n17\n", "\nx\n"))
    other.push()
    repository.commit("Mine", mine="1\n")
    repository.write("kept", "edited\n")
    repository.write("staged", "1\n")
    repository.git("add", "staged")
    repository.write("untracked", "1\n")
    return repository


def push(repository: Repository, env: dict[str, str] | None = None) -> Answer:
    return afterpush("push", "--autostash", "--json", cwd=repository.path, env=env)


def assert_all_is_there(repository: Repository) -> None:
    root = repository.path
    assert repository.git("log", "--format=%s", "-2").splitlines() == ["Mine", "Theirs"]
    assert repository.head() == repository.git("ls-remote", "origin", "main").split()[0]
    assert (root / "kept").read_text() == "edited\n" and (root / "untracked").read_text() == "1\n"
    assert repository.git("status", "--porcelain").splitlines() == ["M kept", "A  staged", "?? untracked"]
    assert not (root / "gone").exists() and (root / "new" / "from them").exists()
    assert repository.git("stash", "list") == ""


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("command", "nth"), MOMENTS, ids=[command for command, _ in MOMENTS])
def test_the_next_push_recovers_from_a_kill(tmp_path: Path, command: str, nth: int, before: bool) -> None:
    repository = copied(prepared(), Repository(tmp_path / "app", tmp_path / "app.git"))
    killed = push(repository, killer(tmp_path, command, nth, before=before))
    assert killed.code == -9
    again = push(repository)
    assert again.code == 0, again.err
    assert_all_is_there(repository)


def half_moved(repository: Repository) -> tuple[PushJournal, str]:
    """As if git itself had been killed while it wrote the work tree: some files new, the index old."""
    repository.commit("Base", numbers=NUMBERS, gone="1\n", kept="1\n")
    original = repository.head()
    repository.write("added", "1\n")
    tip = repository.commit("Tip", numbers=NUMBERS.replace("\n3\n", "\nthree\n"))
    repository.git("reset", "--hard", "--quiet", original)
    journal = PushJournal(repository.path.parent / "journal.json")
    journal.write(PushState("refs/heads/main", original, (tip,)))
    return journal, original


def test_a_half_written_work_tree_is_undone(repository: Repository) -> None:
    journal, original = half_moved(repository)
    repository.write("added", "1\n")
    repository.write("numbers", NUMBERS.replace("\n3\n", "\nthree\n"))
    assert original[:7] in recover(repository.path, journal)[0]
    assert repository.git("status", "--porcelain") == "" and repository.head() == original
    assert not (repository.path / "added").exists() and journal.read() is None


def test_a_work_tree_with_only_added_files_is_undone(repository: Repository) -> None:
    journal, _ = half_moved(repository)
    repository.write("added", "1\n")
    recover(repository.path, journal)
    assert repository.git("status", "--porcelain") == "" and not (repository.path / "added").exists()


def test_what_somebody_has_edited_since_is_never_touched(repository: Repository) -> None:
    journal, _ = half_moved(repository)
    repository.write("numbers", "mine, edited after the kill\n")
    with pytest.raises(AfterpushError, match=r"numbers.*git reset --hard"):
        recover(repository.path, journal)
    assert (repository.path / "numbers").read_text() == "mine, edited after the kill\n"
    assert journal.read() is not None


@pytest.mark.parametrize("arrived", [False, True], ids=["nothing moved", "all moved"])
def test_edits_made_since_where_nothing_was_half_moved_are_nobodys_business(
    repository: Repository, arrived: bool
) -> None:
    journal, original = half_moved(repository)
    entry = journal.read()
    assert entry is not None
    if arrived:
        repository.git("reset", "--hard", "--quiet", entry.moved_to[-1])
        repository.write("numbers", "mine, edited after the kill\n")
    repository.write("kept", "edited too\n")
    head, status = repository.head(), repository.git("status", "--porcelain")
    told = recover(repository.path, journal)
    assert [original[:7] in sentence for sentence in told] == ([True] if arrived else [])
    assert (repository.head(), repository.git("status", "--porcelain")) == (head, status)
    assert journal.read() is None


def test_a_lock_that_a_killed_git_left_is_named(repository: Repository) -> None:
    journal, _ = half_moved(repository)
    (repository.path / ".git" / "index.lock").touch()
    with pytest.raises(AfterpushError, match=r"index\.lock"):
        recover(repository.path, journal)


def test_a_damaged_journal_is_named_and_not_guessed_at(repository: Repository) -> None:
    journal = PushJournal(repository.path.parent / "journal.json")
    journal.path.write_text('{"original": ')
    with pytest.raises(AfterpushError, match="damaged"):
        recover(repository.path, journal)


def test_without_a_journal_there_is_nothing_to_do(repository: Repository) -> None:
    assert recover(repository.path, PushJournal(repository.path.parent / "journal.json")) == []
