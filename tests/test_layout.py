"""The layout stays readable: small functions, small modules, folders that can be taken in at a glance."""

import ast
from collections import Counter
from pathlib import Path

from tests.support.shared import ROOT

MOST_LINES = 250
MOST_LINES_OF_A_FUNCTION = 50
MOST_MODULES = 16


def modules() -> list[Path]:
    """Every module of ours."""
    sources = ROOT / "src" / "afterpush"
    found = [path for path in sources.rglob("*.py") if "tasks" not in path.parts]
    return sorted([*found, *(ROOT / "tasks").glob("*.py")])


def test_no_module_is_long() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in modules()}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_function_is_long() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno}": node.name
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def test_no_folder_is_crowded() -> None:
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in modules() if path.name[0] != "_")
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}
