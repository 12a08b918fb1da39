"""The workflows of the manual: the documents here, and the reference that the code gives."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.documents.instructions import check as instructions
from afterpush.documents.instructions.files import for_agents, is_record
from afterpush.documents.instructions.repository import Facts
from afterpush.documents.manual.documents import DocumentProblem, Tree, read_tree
from afterpush.documents.manual.layout import SiteLayout, lay_out
from afterpush.documents.manual.reference import (
    PAGES,
    ReferenceInputs,
    TaskFacts,
    is_generated,
    reference_pages,
    stale_pages,
)
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text
from afterpush.infra.git.tracked_files import files_of
from afterpush.infra.globs import matching
from afterpush.infra.invocation import program_in
from afterpush.infra.processes import run
from afterpush.infra.safe_paths import Gate
from afterpush.text.task_catalog import Catalog
from afterpush.text.task_source import our_modules_in, task_files
from afterpush.workflows.app_repository import DEFAULTS, AppRepository
from afterpush.workflows.trust import may_load_tasks

OURS = "ours"  # Instead of a folder: what `tasks/_task_help.py` prints the tasks of.


@dataclass(frozen=True)
class Reference:
    """The reference pages by their path, and what the repository has in their place."""

    pages: Mapping[str, str]
    present: Mapping[str, str]
    is_kept: bool

    @property
    def outdated(self) -> tuple[str, ...]:
        """The pages that are missing or say something else; none where the repository keeps no reference."""
        return tuple(stale_pages(self.pages, self.present)) if self.is_kept else ()

    @property
    def stale(self) -> tuple[str, ...]:
        """The same, once the repository has begun to keep a reference."""
        return self.outdated if self.present else ()

    def write(self, root: Path) -> None:
        """Brings the files up to date."""
        for path in self.outdated:
            try:
                Gate(root).write(path, self.pages[path])
            except OSError as error:
                raise AfterpushError(f"writing the reference {path}: {error.strerror}") from error

    def over(self, tree: Tree) -> Tree:
        """The documents with the reference as it is after writing."""
        return Tree(tree.root, tree.files | set(self.pages), dict(tree.documents) | dict(self.pages))


def tree_here(here: AppRepository) -> Tree:
    """The documents of this worktree, without those that docs.ignore names."""
    return read_tree(here.repo, files_of(here.repo), matching(here.repo, here.settings.docs.ignore))


def facts_here(here: AppRepository, files: Iterable[str], catalog: Catalog) -> Facts:
    """What instructions are held against in this repository."""
    branches = {*here.settings.deploy.branches, here.settings.push.branch}
    return Facts(here.repo, frozenset(files), catalog, frozenset(branches))


def for_agents_here(here: AppRepository) -> dict[str, str]:
    """The instruction files of agents, without those that docs.ignore names; one that is no text is left
    out."""
    ignored, gate = set(matching(here.repo, here.settings.docs.ignore)), Gate(here.repo)
    paths = [path for path in for_agents(gate.inside(files_of(here.repo))) if path not in ignored]
    return {
        path: gate.read(path).decode("utf-8", "replace")
        for path in paths
        if not (here.repo / path).is_symlink()
    }


def bad_instructions(here: AppRepository, tree: Tree, facts: Facts) -> list[DocumentProblem]:
    """What is wrong in the instructions of this repository: those of agents, the prompts, the documents of
    the manual."""
    told = for_agents_here(here)
    source, output = here.settings.docs.source.strip("/"), here.settings.prompts.output.strip("/")
    prompts = {path for path in tree.documents if path.startswith(f"{output}/")}
    manual = {
        path
        for path in tree.documents
        if (source in ("", ".") or path.startswith(f"{source}/")) and not is_record(path)
    }
    documents = {path: tree.documents[path] for path in manual | prompts}
    found = instructions.findings(documents | told, facts, frozenset(prompts | set(told)))
    return [
        DocumentProblem(path, one.line, one.message) for path, ones in sorted(found.items()) for one in ones
    ]


def stale_here(here: AppRepository, tree: Tree) -> tuple[str, ...]:
    """The reference pages that are not what the code says; none before the repository keeps any."""
    folder, gate = here.settings.docs.reference.strip("/"), Gate(here.repo)
    is_begun = folder and any(gate.exists(f"{folder}/{name}") for name in PAGES)
    return reference_here(here, tree).stale if is_begun else ()


def reference_here(here: AppRepository, tree: Tree) -> Reference:
    """The reference of this repository, kept in it where it has a folder of documents.

    Raises AfterpushError when somebody else wrote a file that is in its place.
    """
    docs = here.settings.docs
    if not docs.reference:
        return Reference({}, {}, is_kept=False)
    folder = docs.reference.strip("/")
    pages = {f"{folder}/{name}": text for name, text in reference_pages(_sources(here)).items()}
    gate = Gate(here.repo)
    present = {path: gate.read_text(path, "reading the reference") for path in pages if gate.exists(path)}
    for path, text in present.items():
        if not is_generated(text):
            raise AfterpushError(
                f"{path} was written by hand (it has no marker of docs.build); move it, or set docs.reference"
            )
    source = docs.source.strip("/")
    return Reference(pages, present, is_kept=("" if source == "." else source) in tree.folders)


def layout_here(here: AppRepository, tree: Tree, reference: Reference) -> SiteLayout:
    """The pages of the site of this repository."""
    docs = here.settings.docs
    left_out = (here.settings.prompts.output, docs.output)
    return lay_out(
        tree, docs.source.strip("/") or ".", here.root.name, left_out, tuple(reference.pages), docs.title
    )


def _sources(here: AppRepository) -> ReferenceInputs:
    from afterpush.workflows.json_documents import DOCUMENTS  # Half of the features come with it.

    program, tasks = _described_in(here.repo, load=may_load_tasks(here))
    return ReferenceInputs(
        program=program,
        tasks=tasks,
        configuration=read_text(DEFAULTS / "afterpush.yaml", "reading the documented configuration"),
        variables=read_text(DEFAULTS / "env.example", "reading the documented variables"),
        documents=DOCUMENTS,
    )


def _described_in(root: Path, *, load: bool) -> tuple[str, list[TaskFacts]]:
    """The program that runs the tasks in the repository at `root` (`inv` or `afterpush`), and the tasks.

    Its own tasks are among them only with `load`, which runs its tasks.py; else those that it takes from us.
    """
    import msgspec

    what = [root] if load else [OURS, *sorted(our_modules_in(task_files(root)))]
    done = run([sys.executable, "-P", "-m", "afterpush.tasks._task_help", *what], cwd=root)
    lines = done.text.splitlines()
    if done.code != 0 or not lines:
        said = done.error_text.splitlines()[-1:] or ["nothing was listed"]
        raise AfterpushError(
            f"loading the tasks of {root}: {said[0]}; correct them, then `inv --list` shows them"
        )
    program, tasks = msgspec.json.decode(lines[-1], type=tuple[str, list[TaskFacts]])
    return program if load else program_in(root), tasks
