"""Imports, pyproject.toml and the table of reasons in docs/architecture.md name the same dependencies."""

import ast
import re
import sys
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.shared import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Distributions whose modules have another name; none stands for a program that is run as a module.
MODULES = {
    "python-dotenv": "dotenv",
    "pyyaml": "yaml",
    "markdown-it-py": "markdown_it",
    "tree-sitter": "tree_sitter",
    "tree-sitter-typescript": "tree_sitter_typescript",
    "tree-sitter-bash": "tree_sitter_bash",
    "websocket-client": "websocket",
    "myst-parser": None,
    "furo": None,
    "python-multipart": None,
}
# Modules that come with a distribution of another name, which pins them.
BROUGHT = {
    "anyio": "mcp",
    "jsonschema": "mcp",
    "paramiko": "fabric",
    "cryptography": "fabric",
    "dask": "distributed",
}
RUN_AS_A_PROGRAM = {"sphinx"}
DEVELOPMENT_ONLY = {"dev"}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def run_time() -> set[str]:
    """Everything an installation with all run-time extras brings."""
    extras = PROJECT["optional-dependencies"]
    chosen = [one for extra, ones in extras.items() if extra not in DEVELOPMENT_ONLY for one in ones]
    return names([*PROJECT["dependencies"], *chosen])


def imported() -> set[str]:
    """The top-level names of modules that src/ and tasks/ import and that are neither ours nor Python's."""
    found = set()
    for folder in ("src", "tasks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {one.name.split(".")[0] for one in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found.add(str(node.module).split(".")[0])
    return found - set(sys.stdlib_module_names) - {"afterpush", "bench", "tests"}


def test_what_is_imported_is_asked_for_and_the_other_way_round() -> None:
    modules = {MODULES.get(name, name.replace("-", "_")) for name in run_time()} - {None}
    assert imported() - set(BROUGHT) - RUN_AS_A_PROGRAM == modules - RUN_AS_A_PROGRAM


def test_every_dependency_has_its_reason_in_the_documents() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Dependencies")[2]
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    listed = {
        canonicalize_name(re.sub(r"\(.*\)|`", "", name).strip())
        for row in rows
        for name in row.split(",")
        if not set(row) <= set("- ") and row != "library"
    }
    assert listed == run_time()
