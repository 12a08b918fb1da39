"""conflicts.*: the shared documents merged by meaning, as a task, as git's merge driver, and by hand."""

import sys
from pathlib import Path
from typing import Annotated as Flag

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, answer, task
from afterpush.workflows.app_repository import app_repository


@task(positional=["base", "ours", "theirs"])
def merge(
    base: Flag[str, "file with the common ancestor's text (empty or /dev/null: both sides added the file)"],
    ours: Flag[str, "file with our text"],
    theirs: Flag[str, "file with their text"],
    path: Flag[
        str | None, "the document's path in the repository: decides how it is merged (default: OURS)"
    ] = None,
    renumber: Flag[bool, "give the second of two tasks under one new ID a free ID"] = False,
    marker_size: Flag[str | None, "length of conflict markers (default 7)"] = None,
    json: Flag[bool, "print one JSON document on stdout, the merged text in it"] = False,
) -> ExitCode:
    """Merge three versions of a document; the text goes to stdout, exit 1 with markers in it."""
    from afterpush.conflicts.git.files import merge_files, path_in
    from afterpush.infra.configuration.settings import Settings
    from afterpush.infra.console import note, print_json
    from afterpush.tasks._task import whole_number
    from afterpush.workflows.app_repository import app_repository_if_any

    here = app_repository_if_any()
    merged = merge_files(
        Path(base),
        Path(ours),
        Path(theirs),
        path=path_in(here.repo if here else Path.cwd(), path or ours),
        documents=(here.settings if here else Settings()).documents,
        renumber=renumber,
        marker_size=whole_number(marker_size, "--marker-size", default=7, least=1),
    )
    if json:
        print_json(merged.document)
    else:
        sys.stdout.buffer.write(merged.text)
        sys.stdout.buffer.flush()
    if merged.said:
        note(merged.said)
    return ExitCode.GOOD if merged.is_clean else ExitCode.BAD_ANSWER


@task()
def resolve(
    dry_run: Flag[bool, "show what would be resolved; change nothing"] = False,
    renumber: Flag[bool, "give the second of two tasks under one new ID a free ID"] = False,
    json: Json = False,
) -> ExitCode:
    """Resolve the shared documents in the middle of a merge, rebase, cherry-pick or stash pop."""
    from afterpush.conflicts.git.apply import apply_resolution
    from afterpush.conflicts.git.report import is_settled, resolution_document, resolution_text
    from afterpush.conflicts.git.resolve import plan_resolution
    from afterpush.infra.clock import SystemClock
    from afterpush.infra.git.leftovers import remove_sides
    from afterpush.workflows.lock_file_trust import lock_file_owners

    here = app_repository()
    if not dry_run:
        remove_sides(here.repo, SystemClock().now())
    plan = plan_resolution(here.repo, here.settings.documents, renumber=renumber)
    steps = plan.steps if dry_run else apply_resolution(here.repo, plan, lock_file_owners(here))
    return answer(
        resolution_document(plan, steps, dry_run=dry_run),
        lambda _: resolution_text(plan, steps, dry_run=dry_run),
        json=json,
        is_good=is_settled(steps),
    )


@task()
def install(
    dry_run: Flag[bool, "show what would be written; write nothing"] = False,
    uninstall: Flag[bool, "take our lines and our configuration away again"] = False,
    json: Json = False,
) -> ExitCode:
    """Make git merge the shared documents by meaning: .gitattributes and the merge driver."""
    from afterpush.conflicts.git.install import apply_plan, plan_install, plan_uninstall
    from afterpush.conflicts.git.report import install_document, install_text
    from afterpush.conflicts.git.shared_files import driver_patterns

    here = app_repository()
    plan = (
        plan_uninstall(here.repo)
        if uninstall
        else plan_install(here.repo, driver_patterns(here.settings.documents), sys.executable)
    )
    if not dry_run:
        apply_plan(here.repo, plan)
    return answer(
        install_document(plan, dry_run=dry_run),
        lambda _: install_text(plan, dry_run=dry_run, uninstall=uninstall),
        json=json,
    )


@task()
def check(json: Json = False) -> ExitCode:
    """Prove with a trial merge that git calls our driver here; find left-over conflict markers."""
    from afterpush.conflicts.git.probe import probe_driver
    from afterpush.conflicts.git.report import check_document, check_text, is_live
    from afterpush.conflicts.git.shared_files import driver_patterns, left_markers

    here = app_repository()
    documents = here.settings.documents
    probes = probe_driver(here.repo, driver_patterns(documents), documents)
    markers = left_markers(here.repo, documents)
    return answer(
        check_document(probes, markers),
        lambda _: check_text(probes, markers),
        json=json,
        is_good=is_live(probes) and not markers,
    )


ns = Collection("conflicts", merge, resolve, install, check)
