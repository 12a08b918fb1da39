"""The manual: built from the documents, and held against the code."""

from typing import Annotated as Flag

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, answer, task
from afterpush.workflows.app_repository import app_repository


@task()
def build(
    dry_run: Flag[bool, "show what would be written and built, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Write the reference from the code and build the site; offline, warnings are errors."""
    from afterpush.documents.manual.broken_links import broken_links
    from afterpush.documents.manual.report import BuildAnswer
    from afterpush.documents.manual.site import build as build_site
    from afterpush.documents.manual.site import require_replaceable
    from afterpush.documents.manual.sphinx import require_sphinx
    from afterpush.infra.safe_paths import Gate
    from afterpush.workflows import manual

    here = app_repository()
    output = Gate(here.repo).folder(here.settings.docs.output)
    require_replaceable(output)
    documents = manual.tree_here(here)
    reference = manual.reference_here(here, documents)
    tree = reference.over(documents)
    layout = manual.layout_here(here, tree, reference)
    broken = broken_links(tree, layout.pages)
    if not dry_run:
        reference.write(here.repo)  # Before anything that needs Sphinx: the reference alone does not.
    require_sphinx()
    warnings, external = ((), ()) if dry_run or broken else build_site(tree, layout, output)
    is_built = not (dry_run or broken or warnings)
    folder = here.settings.docs.output
    done = BuildAnswer(
        layout.count, folder, reference.outdated, broken, warnings, external, is_built, dry_run
    )
    return answer(done, BuildAnswer.text, json=json, is_good=done.is_good)


@task()
def check(json: Json = False) -> ExitCode:
    """Find stale documents, broken links, and instructions that are false, lose work or hang."""
    from afterpush.documents.manual.broken_links import broken_links, unknown_commands
    from afterpush.documents.manual.report import DocumentsReport
    from afterpush.tasks._task_catalog import catalog
    from afterpush.workflows import manual

    here = app_repository()
    tree = manual.tree_here(here)
    stale = manual.stale_here(here, tree)
    known = catalog(here.repo)
    unknown = unknown_commands(tree, known)
    wrong = manual.bad_instructions(here, tree, manual.facts_here(here, tree.files, known))
    broken = [*broken_links(tree, tree.documents), *unknown, *wrong]
    checked = DocumentsReport(len(tree.documents), stale, broken, unknown)
    return answer(checked, DocumentsReport.text, json=json, is_good=checked.is_good)


ns = Collection("docs", build, check)
