"""Setting clients up in a repository, taking that back, and proving that it works."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from afterpush.agents import json_text
from afterpush.agents.clients import (
    PROGRAM_KEY,
    TARGETS,
    BlockPiece,
    Piece,
    configured_command,
    instruction_file,
    pieces,
    server_file,
    server_words,
)
from afterpush.agents.edit import Change, Repository, is_installed
from afterpush.agents.guidance import instructions
from afterpush.agents.probe import why_silent
from afterpush.infra.console import note, print_json, say
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import common_folder, git
from afterpush.infra.invocation import program_in
from afterpush.infra.state import feature_folder
from afterpush.infra.toml_data import load_toml
from afterpush.workflows.app_repository import AppRepository, app_repository


@dataclass(frozen=True)
class TargetStatus:
    """One client: whether it is set up here, whether its server answers, and the files it was set up in."""

    target: Annotated[str, "the client: `claude`, `codex`, `cursor`, `copilot` or `gemini`"]
    installed: Annotated[bool, "whether the client's configuration names our server"]
    answers: Annotated[bool, "whether the configured command was started and answered with its tools"]
    files: Annotated[list[str], "the files that hold entries of ours"]
    problem: Annotated[str | None, "why it does not answer; null when it does, or is not installed"] = None


@dataclass(frozen=True)
class Statuses:
    """The answer of `agents.status`."""

    targets: list[TargetStatus]


@dataclass(frozen=True)
class ChangedFile:
    """A file and what was done with it."""

    what: Annotated[str, "what was done, or would be: `write`, `change`, `remove` or `unchanged`"]
    path: Annotated[str, "the file, from the repository's root"]


@dataclass(frozen=True)
class Installation:
    """The answer of `agents.install` and `agents.uninstall`."""

    targets: Sequence[str]
    changes: Sequence[ChangedFile]
    problems: Annotated[Sequence[str], "what keeps the server from running here"]
    dry_run: bool


def install_clients(target: str, *, allow_push: bool, dry_run: bool, json: bool) -> ExitCode:
    """Writes what each client reads. Raises AfterpushError before anything is changed."""
    targets, here = _targets(target, needed=True), app_repository()
    files = _files(here)
    wanted = [piece for one in targets for piece in _pieces(here, files, one, allow_push=allow_push)]
    changes = files.installing(_unique(wanted))
    if not dry_run:
        files.apply(changes, is_install=True)
        git(here.repo, "config", PROGRAM_KEY, _own_program())
    problems = [] if _has_sdk() else [_no_sdk()]
    return _report(targets, changes, problems, dry_run=dry_run, json=json)


def uninstall_clients(target: str, *, dry_run: bool, json: bool) -> ExitCode:
    """Takes our entries out; what other clients that are set up share with these stays."""
    here = app_repository()
    files, targets = _files(here), _targets(target, needed=False)
    others = [one for one in TARGETS if one not in targets and _is_set_up(here, files, one)]
    kept = {
        piece.file for one in others for piece in _pieces(here, files, one) if isinstance(piece, BlockPiece)
    }
    mine = [piece for one in targets for piece in _pieces(here, files, one) if piece.file not in kept]
    changes = files.removing(_unique(mine))
    if not dry_run:
        files.apply(changes, is_install=False)
        if not others and not (common_folder(here.repo) / "worktrees").is_dir():  # They share the key.
            git(here.repo, "config", "--unset-all", PROGRAM_KEY)
    return _report(targets, changes, [], dry_run=dry_run, json=json)


def show_status(target: str, *, json: bool) -> ExitCode:
    """Starts what each client is configured to start, and asks it for its tools."""
    here = app_repository()
    files = _files(here)
    found = [_status(here, files, one) for one in _targets(target, needed=False)]
    print_json(Statuses(found)) if json else say("\n".join(map(_line, found)))
    is_good = all(one.answers for one in found if one.installed or target)
    return ExitCode.GOOD if is_good else ExitCode.BAD_ANSWER


def _targets(text: str, *, needed: bool) -> list[str]:
    named = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not text and not needed:
        return list(TARGETS)
    unknown = [word for word in named if word not in TARGETS]
    if unknown or not named:
        raise AfterpushError(f"--target={text}: expected one of {', '.join(TARGETS)}")
    return named


def _files(here: AppRepository) -> Repository:
    return Repository(here.repo, feature_folder(here.repo, "agents"))


def _pieces(here: AppRepository, files: Repository, target: str, *, allow_push: bool = False) -> list[Piece]:
    file = files.real_name(instruction_file(target))
    if "@AGENTS.md" in (files.text(file) or ""):  # It takes the other file in.
        file = files.real_name("AGENTS.md")
    text = instructions(program_in(here.root))
    return pieces(target, instructions=file, text=text, allow_push=allow_push)


def _unique(wanted: Sequence[Piece]) -> list[Piece]:
    """Without the block that several clients read in one file."""
    kept: list[Piece] = []
    for piece in wanted:
        kept += [] if piece in kept else [piece]
    return kept


def _is_set_up(here: AppRepository, files: Repository, target: str) -> bool:
    try:
        return _configured(files, target) is not None
    except AfterpushError:  # Faulty: one that others wrote does not keep us from undoing what we wrote.
        return files.mentions(server_file(target), "agents.serve")


def _configured(files: Repository, target: str) -> list[str] | None:
    """The command that the client would start as our server. Raises AfterpushError for a faulty file."""
    file = server_file(target)
    text = files.text(file)
    if not text or not text.strip():
        return None
    try:
        document = load_toml(text) if file.endswith(".toml") else json_text.loads(text)
    except ValueError as error:
        raise AfterpushError(f"reading {file}: {error}; correct it by hand") from error
    return configured_command(target, document)


def _status(here: AppRepository, files: Repository, target: str) -> TargetStatus:
    mine = _pieces(here, files, target)
    written = [piece.file for piece in mine if is_installed(files.text(piece.file) or "", piece)]
    try:
        words = _configured(files, target)
    except AfterpushError as error:
        return TargetStatus(target, False, False, list(dict.fromkeys(written)), str(error))
    if words is None:
        return TargetStatus(target, False, False, [])
    # A repository may bring any command under our name: only our own is started.
    is_ours = words in (server_words(allow_push=False), server_words(allow_push=True))
    problem = why_silent(words, here.repo) if is_ours else "its command is not ours, and was not started"
    return TargetStatus(target, True, problem is None, list(dict.fromkeys(written)), problem)


def _line(found: TargetStatus) -> str:
    if not found.installed:
        return f"{found.target}: not installed" + (f": {found.problem}" if found.problem else "")
    answer = "its server answers" if found.answers else f"its server does not answer: {found.problem}"
    return f"{found.target}: installed ({', '.join(found.files)}); {answer}"


def _own_program() -> str:
    """The console script beside the Python that runs us."""
    beside = Path(sys.executable).with_name("afterpush")
    return str(beside) if beside.exists() else "afterpush"


def _has_sdk() -> bool:
    from importlib.util import find_spec

    return find_spec("mcp") is not None


def _no_sdk() -> str:
    from afterpush.agents.serve import NO_SDK

    return NO_SDK


def _report(
    targets: Sequence[str], changes: Sequence[Change], problems: Sequence[str], *, dry_run: bool, json: bool
) -> ExitCode:
    if json:
        told = [ChangedFile(one.what, one.file) for one in changes]
        print_json(Installation(targets, told, problems, dry_run))
    else:
        lines = [f"{'would ' if dry_run else ''}{one.what}: {one.file}" for one in changes]
        if dry_run:
            lines += [line for one in changes if one.after for line in ("", f"{one.file}:", one.after)]
        say("\n".join(lines or ["nothing to change"]))
    for problem in problems:
        note(f"afterpush: {problem}")
    return ExitCode.BAD_ANSWER if problems else ExitCode.GOOD
