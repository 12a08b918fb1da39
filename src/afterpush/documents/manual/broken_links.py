"""Broken links and anchors, and commands that do not exist, in the documents of a repository."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from afterpush.documents.instructions.our_tasks import findings
from afterpush.documents.manual.documents import DocumentProblem, Tree
from afterpush.documents.manual.links_in_text import Link, anchors_in, links_in
from afterpush.infra.time_limit import reading
from afterpush.text.task_catalog import Catalog

_LINES = re.compile(r"^L(\d+)(?:C\d+)?(?:-L\d+(?:C\d+)?)?$")
OUTSIDE = ".."


def broken_links(tree: Tree, names: Iterable[str]) -> list[DocumentProblem]:
    """Every link of these documents whose target or anchor is not in the repository."""
    broken: list[DocumentProblem] = []
    for name in names:
        with reading(name, len(tree.documents[name])):
            broken += (
                DocumentProblem(name, link.line, message)
                for link in links_in(tree.documents[name])
                for message in _faults(tree, name, link)
            )
    return broken


def unknown_commands(tree: Tree, catalog: Catalog) -> list[DocumentProblem]:
    """Every command of ours in the documents that names a task or a flag which does not exist."""
    unknown: list[DocumentProblem] = []
    for name, text in tree.documents.items():
        with reading(name, len(text)):
            unknown += (DocumentProblem(name, one.line, one.message) for one in findings(text, catalog))
    return unknown


def target_of(document: str, path: str) -> str:
    """The path in the repository that a link means; it begins with `..` when it leads out of it.

    A leading slash is the repository's root, as on GitHub.
    """
    if not path:
        return document
    if path.startswith("/"):
        joined = path.lstrip("/")
    else:
        joined = posixpath.join(posixpath.dirname(document), path)
    normal = posixpath.normpath(joined) if joined else "."
    return "" if normal == "." else normal


def _faults(tree: Tree, document: str, link: Link) -> Iterator[str]:
    target = target_of(document, link.path)
    from_root = target_of("", link.path)
    if document.startswith(".") and from_root in tree.files | tree.folders:
        target = from_root  # Clients read .github/copilot-instructions.md and its like from the root.
    if target.split("/")[0] == OUTSIDE:
        yield f"the link {link.written} leads out of the repository"
    elif target in tree.files:
        if link.anchor and not _has_anchor(tree, target, link.anchor):
            yield f"the link {link.written}: {target} has no such heading or anchor"
    elif target not in tree.folders:
        there = "is ignored by git: other readers do not have it" if (tree.root / target).exists() else ""
        yield f"the link {link.written}: {target} {there or 'does not exist'}"


def _has_anchor(tree: Tree, target: str, anchor: str) -> bool:
    """Documents are looked at; what an anchor in another file means is its viewer's business."""
    text = tree.documents.get(target)
    return text is None or bool(_LINES.match(anchor)) or anchor in anchors_in(text)
