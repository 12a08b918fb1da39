"""The tasks that a repository's tasks.py defines, read from its text: nothing of it is run.

Names and flags are those that Invoke gives them: `def build_site(c, dry_run=False)` is the task `build-site`
with the flag `--dry-run`. What is put together while it runs is not seen.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from afterpush.infra.safe_paths import Gate, Refused
from afterpush.text.task_catalog import TaskFlags

_LIMIT = 1 << 20
_MOST_FILES = 200


def task_files(root: Path) -> dict[str, str]:
    """The text of tasks.py, or of the modules of tasks/, by module name; "" is the entry."""
    gate = Gate(root)
    if gate.is_file("tasks.py"):
        names = {"": "tasks.py"}
    elif gate.is_file("tasks/__init__.py"):
        modules = sorted(path.stem for path in (root / "tasks").glob("*.py"))[:_MOST_FILES]
        names = {"" if stem == "__init__" else stem: f"tasks/{stem}.py" for stem in modules}
    else:
        return {}
    return {module: text for module, path in names.items() if (text := _text(gate, path)) is not None}


def _text(gate: Gate, path: str) -> str | None:
    try:
        return gate.read(path, limit=_LIMIT).decode("utf-8", "replace")
    except (OSError, Refused):
        return None


def tasks_in(files: Mapping[str, str]) -> dict[str, TaskFlags] | None:
    """The tasks by every name that they may have; None for a text that is no Python."""
    found: dict[str, TaskFlags] = {}
    for module, text in files.items():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        for name, flags in _tasks(tree):
            found[name] = flags
            if module:
                found[f"{module.replace('_', '-')}.{name}"] = flags
    return found


def our_modules_in(files: Mapping[str, str]) -> set[str]:
    """What the texts take from our own package of tasks: `from afterpush.tasks import dev, ns`."""
    names: set[str] = set()
    for text in files.values():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "afterpush.tasks":
                names |= {alias.name for alias in node.names}
    return names


def _tasks(tree: ast.Module) -> Iterator[tuple[str, TaskFlags]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if _is_task(decorator):
                    for name in _names(node, decorator):
                        yield name, _flags(node)


def _is_task(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Name) and called.id == "task") or (
        isinstance(called, ast.Attribute) and called.attr == "task"
    )


def _names(function: ast.FunctionDef, decorator: ast.expr) -> Iterator[str]:
    given = {word.arg: word.value for word in decorator.keywords} if isinstance(decorator, ast.Call) else {}
    name = given.get("name")
    yield str(name.value) if isinstance(name, ast.Constant) else function.name.strip("_").replace("_", "-")
    aliases = given.get("aliases")
    if isinstance(aliases, ast.List | ast.Tuple):
        yield from (str(one.value) for one in aliases.elts if isinstance(one, ast.Constant))


def _flags(function: ast.FunctionDef) -> TaskFlags:
    """The flags by the parameters behind the context; one whose default is true or false takes no value."""
    parameters = [*function.args.args[1:], *function.args.kwonlyargs]
    defaults = [*[None] * (len(function.args.args) - len(function.args.defaults)), *function.args.defaults][
        1:
    ]
    defaults += function.args.kw_defaults
    flags, with_value, words = {"--help", "-h"}, set(), 0
    for parameter, default in zip(parameters, defaults, strict=False):
        flag = f"--{parameter.arg.strip('_').replace('_', '-')}"
        flags |= {flag, f"-{flag[2]}"} if len(flag) > 2 else set()
        is_switch = isinstance(default, ast.Constant) and isinstance(default.value, bool)
        if is_switch and isinstance(default, ast.Constant) and default.value:
            flags.add(f"--no-{flag[2:]}")
        if not is_switch:
            with_value |= {flag, f"-{flag[2]}"}
        words += default is None
    return TaskFlags(frozenset(flags), frozenset(with_value), words)
