"""The merge driver under real git: one text from every operation, and never a bare "ours"."""

import shlex
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from afterpush.conflicts.git.driver_command import driver_command
from afterpush.conflicts.git.install import apply_plan, plan_install
from afterpush.conflicts.git.probe import probe_driver
from afterpush.conflicts.merge import merge_document
from afterpush.infra.configuration.settings import Documents
from tests.support.conflicting import (
    BASE,
    DOCUMENT,
    OPERATIONS,
    diverge,
    document,
    merge,
    python,
    run_git,
)
from tests.support.merge_cases import merge_cases
from tests.support.repositories import Repository

OURS = document(status="in-progress", more="\n### CORE-002: Ours\n\n**Status:** ready\n")
THEIRS = document(owner="ben", more="\n### CORE-003: Theirs\n\n**Status:** ready\n")
CLASHING = document(owner="ann")


def install(repository: Repository, interpreter: str | None = None) -> None:
    apply_plan(repository.path, plan_install(repository.path, [DOCUMENT], interpreter or python()))


def script(folder: Path, body: str) -> str:
    """A program that stands for an interpreter gone wrong."""
    path = folder / "broken python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def leftovers(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(".merge_file")]


@pytest.mark.parametrize("linked", [False, True], ids=["main checkout", "linked worktree"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_every_operation_gives_the_text_of_the_engine(
    repository: Repository, operation: Callable[[Path], int], linked: bool
) -> None:
    install(repository)
    diverge(repository, OURS, THEIRS)
    folder = repository.path
    if linked:
        folder = repository.path.parent / "linked"
        repository.git("worktree", "add", "--quiet", "-b", "linked", str(folder), "main")
    assert operation(folder) == 0
    expected = merge_document(
        BASE.encode(), OURS.encode(), THEIRS.encode(), path=DOCUMENT, documents=Documents()
    )
    assert expected.is_clean
    assert (folder / DOCUMENT).read_bytes() == expected.text
    assert leftovers(folder) == []


def all_cases(repository: Repository) -> dict[str, bytes]:
    """Clean roadmaps and registries as documents changed on both sides; the right texts."""
    known = [case for case in merge_cases() if case.name.startswith(("roadmap-", "sessions-"))]
    cases = [case for case in known if case.is_clean]
    paths = {f"docs/{case.name}.md": case for case in cases}
    apply_plan(repository.path, plan_install(repository.path, ["docs/*.md"], python()))
    for side, switch in (("base", ["main"]), ("theirs", ["--create", "side"]), ("ours", ["main"])):
        repository.git("switch", "--quiet", *switch)
        for path, case in paths.items():
            repository.write(path, getattr(case, side).decode())
        repository.commit(side)
    return {path: case.merged for path, case in paths.items()}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_documents_have_one_text_whichever_operation_meets_them(
    repository: Repository, operation: str
) -> None:
    expected = all_cases(repository)
    tree = repository.git("merge-tree", "--write-tree", "main", "side")
    assert OPERATIONS[operation](repository.path) == 0
    for path, text in expected.items():
        assert (repository.path / path).read_bytes() == text, path
        said = subprocess.run(
            ["git", "show", f"{tree}:{path}"], cwd=repository.path, capture_output=True, check=True
        )
        assert said.stdout == text, path


def test_merge_tree_gives_the_same_text(repository: Repository) -> None:
    install(repository)
    diverge(repository, OURS, THEIRS)
    tree = repository.git("merge-tree", "--write-tree", "main", "side")
    merged = run_git(repository.path, "show", f"{tree}:{DOCUMENT}").stdout
    assert merge(repository.path) == 0
    assert (repository.path / DOCUMENT).read_text() == merged


def test_a_disagreement_exits_1_with_markers_of_the_asked_size(repository: Repository) -> None:
    install(repository)
    repository.write(".gitattributes", f"{DOCUMENT} merge=afterpush conflict-marker-size=11\n")
    diverge(repository, CLASHING, THEIRS)
    assert merge(repository.path) == 1
    text = (repository.path / DOCUMENT).read_text()
    assert "<" * 11 + " " in text and "**Owner:** ann" in text and "**Owner:** ben" in text


FAULTS = {
    "missing": "/nowhere/python",
    "raises": "echo 'Traceback (most recent call last): boom' >&2; exit 1",
    "usage error": "exit 2",
    "killed": "kill -9 $$",
    "killed after half an answer": (
        'for word; do case $word in --output=*) echo half >"${word#--output=}";; esac; done; kill -9 $$'
    ),
    "says clean and writes nothing": "exit 0",
    "says conflicts and writes nothing": "exit 3",
    "answer with the code of a traceback": (
        'for word; do case $word in --output=*) echo half >"${word#--output=}";; esac; done; exit 1'
    ),
}


@pytest.mark.parametrize(
    ("fault", "operation"),
    [(fault, "merge") for fault in FAULTS]
    + [
        (fault, operation)
        for fault in ("missing", "killed")
        for operation in OPERATIONS
        if operation != "merge"
    ],
)
def test_no_fault_of_afterpush_leaves_a_bare_ours(repository: Repository, fault: str, operation: str) -> None:
    body = FAULTS[fault]
    install(repository, body if body.startswith("/") else script(repository.path.parent, body))
    diverge(repository, OURS, CLASHING)
    assert OPERATIONS[operation](repository.path) != 0
    text = (repository.path / DOCUMENT).read_text()
    assert all(line in text for line in ("in-progress", "CORE-002: Ours", "**Owner:** ann")), text
    assert repository.git("ls-files", "--unmerged") != ""
    assert leftovers(repository.path) == []


def test_a_full_disk_for_afterpush_falls_back_to_git(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import errno, os\n"
        "def full(descriptor):\n    raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.fsync = full\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    install(repository)
    diverge(repository, CLASHING, THEIRS)
    done = run_git(repository.path, "merge", "side")
    assert done.returncode == 1 and "No space left on device" in done.stderr
    text = (repository.path / DOCUMENT).read_text()
    assert "<<<<<<<" in text and "**Owner:** ann" in text and "**Owner:** ben" in text


def driver_words(folder: Path, interpreter: str) -> list[str]:
    """The registered command as git expands it (sh -c), for three files in the folder."""
    for name, text in (("O", BASE), ("A", OURS), ("B", THEIRS)):
        (folder / name).write_text(text)
    command = driver_command(interpreter)
    for sign, value in {"%O": "O", "%A": "A", "%B": "B", "%L": "7", "%P": shlex.quote(DOCUMENT)}.items():
        command = command.replace(sign, value)
    return ["sh", "-c", command]


def test_where_nothing_at_all_can_be_written_git_is_left_without_a_file_and_stops(tmp_path: Path) -> None:
    words = driver_words(tmp_path, python())
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "limited", *words],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert not (tmp_path / "A").exists()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_a_killed_wrapper_makes_git_stop_and_keep_everything(
    repository: Repository, operation: Callable[[Path], int]
) -> None:
    install(repository, script(repository.path.parent, "kill -9 $PPID"))
    diverge(repository, OURS, CLASHING)
    assert operation(repository.path) != 0
    assert (repository.path / DOCUMENT).read_text() == (
        OURS if operation is not OPERATIONS["rebase"] else CLASHING
    )
    assert repository.git("ls-files", "--unmerged") == ""
    if operation is OPERATIONS["stash pop"]:
        assert repository.git("stash", "list") != ""
    if operation is OPERATIONS["rebase"]:
        repository.git("rebase", "--abort")
        assert (repository.path / DOCUMENT).read_text() == OURS


def test_modules_of_the_users_repository_do_not_shadow_ours(repository: Repository) -> None:
    for name in ("msgspec.py", "secrets.py", "afterpush.py"):
        repository.write(name, "raise RuntimeError('imported from the work tree')\n")
    install(repository)
    diverge(repository, OURS, THEIRS)
    done = run_git(repository.path, "merge", "--no-edit", "side")
    assert done.returncode == 0, done.stderr


def test_paths_with_spaces_and_quotes_reach_the_driver(repository: Repository) -> None:
    path = 'docs/the team\'s "map"/x y.md'
    repository.write(".gitattributes", "*.md merge=afterpush\n")
    install(repository)
    diverge(repository, document(owner="ben"), CLASHING, path=path)
    done = run_git(repository.path, "merge", "side")
    assert done.returncode == 1 and f"afterpush: {path}" in done.stderr
    assert "**Owner:** ann" in (repository.path / path).read_text()


def test_both_added_files_keep_every_line(repository: Repository) -> None:
    install(repository)
    diverge(repository, OURS, THEIRS, base=None)
    merge(repository.path)
    text = (repository.path / DOCUMENT).read_text()
    assert set(OURS.splitlines()) | set(THEIRS.splitlines()) <= set(text.splitlines())


def test_a_signal_to_the_whole_group_loses_nothing(repository: Repository) -> None:
    install(repository, script(repository.path.parent, "kill -TERM 0"))
    diverge(repository, OURS, CLASHING)
    started = subprocess.Popen(
        ["git", "merge", "side"], cwd=repository.path, start_new_session=True, stderr=subprocess.DEVNULL
    )
    assert started.wait(timeout=300) in (-signal.SIGTERM, 1, 2, 128)
    (repository.path / ".git" / "index.lock").unlink(missing_ok=True)
    assert (repository.path / DOCUMENT).read_text() == OURS


@pytest.mark.parametrize(
    ("body", "why"),
    [(None, "its Python is gone: run inv conflicts.install again"), ("exit 9", "exit code 9")],
)
def test_the_fallback_names_its_cause_and_nothing_of_the_wrapper(
    repository: Repository, tmp_path: Path, body: str | None, why: str
) -> None:
    install(repository, script(tmp_path, body) if body else str(tmp_path / "gone"))
    diverge(repository, OURS, THEIRS)
    done = run_git(repository.path, "merge", "--no-edit", "side")
    assert done.returncode == 1 and "<<<<<<< " in (repository.path / DOCUMENT).read_text()
    assert f"{DOCUMENT} could not be merged by meaning ({why})" in done.stderr
    assert "afterpush_merge" not in done.stderr
    [probe] = probe_driver(repository.path, [DOCUMENT], Documents())
    assert not probe.is_live and why in probe.why and "afterpush_merge" not in probe.why
