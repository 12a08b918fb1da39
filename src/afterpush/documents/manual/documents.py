"""The Markdown documents of a repository, read once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated

from afterpush.infra.safe_paths import Gate

SUFFIX = ".md"
_RULE = re.compile(r"(?:^|/)\.cursor/rules/.+\.mdc$")  # Markdown by another name


@dataclass(frozen=True)
class DocumentProblem:
    """Something wrong in a document; `line` counts from 1."""

    file: Annotated[str, "path in the repository; empty where a problem belongs to no file"]
    line: Annotated[int, "counted from 1; 0 where there is none"]
    message: str


@dataclass(frozen=True)
class Tree:
    """The repository's files by their path, and the text of its documents."""

    root: Path
    files: frozenset[str]
    documents: Mapping[str, str]

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds files of the repository; "" is the root."""
        return frozenset(
            "" if str(folder) == "." else str(folder)
            for file in self.files
            for folder in PurePosixPath(file).parents
        )


def read_tree(root: Path, files: Iterable[str], ignored: Iterable[str] = ()) -> Tree:
    """Reads every Markdown file but the ignored ones; a link to another document is no document of its own.
    A link that leads out of the repository is no file of it.

    Raises AfterpushError for a document that is not UTF-8.
    """
    gate = Gate(root)
    every, left_out = frozenset(gate.inside(files)), frozenset(ignored)
    names = sorted(
        path
        for path in every
        if (path.lower().endswith(SUFFIX) or _RULE.search(path))
        and path not in left_out
        and not (root / path).is_symlink()
    )
    return Tree(root, every, {name: gate.read_text(name, "reading the documents") for name in names})
