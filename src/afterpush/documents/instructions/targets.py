"""Targets of make, recipes of just, tasks of Task, modules and console scripts of Python."""

import posixpath
import re
import sys
from collections.abc import Iterator

from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Step
from afterpush.infra.near import near

_NAME = re.compile(r"[A-Za-z0-9][\w:-]*")
# Files from which a Makefile is made on each machine.
_GENERATORS = tuple(
    "CMakeLists.txt configure.ac configure Makefile.am Makefile.in Makefile.PL configure.in".split()
)
_WITH_VALUE = frozenset({"-C", "-f", "-I", "-o", "-W", "--directory", "--file", "--makefile"})


def bad_targets(step: Step, facts: Facts) -> Iterator[str]:
    """A make target that no Makefile here has; with -C or a `cd` before it, the one of that folder."""
    if step.program not in ("make", "gmake") or not facts.make_targets:
        return
    rest, wanted, folder = list(step.words[1:]), [], step.folder if step.is_led else None
    while rest:
        word = rest.pop(0)
        if word in _WITH_VALUE or word.partition("=")[0] in _WITH_VALUE:
            value = word.partition("=")[2] or (rest.pop(0) if rest else "")
            if not word.startswith(("-C", "--directory")):
                return
            folder = posixpath.normpath(posixpath.join(step.folder or "", value))
        elif _NAME.fullmatch(word) and not word.isupper() and not word.isdigit():
            wanted.append(word)
        elif not word.startswith("-") and "=" not in word:
            return
    known = {
        name
        for path, names in facts.make_targets.items()
        if folder is None or (posixpath.dirname(path) or ".") == (folder or ".")
        for name in names
    }
    if facts.named(*_GENERATORS) or not known:
        return
    for name in wanted:
        is_known = any(re.fullmatch(re.escape(one).replace("%", ".+"), name) for one in known)
        if not is_known and name not in facts.folders | facts.files:
            yield f"the Makefile has no target {name}{near(name, known)}"


def bad_recipes(step: Step, facts: Facts) -> Iterator[str]:
    """A recipe of just or a task of Task that is not there."""
    plain = [word for word in step.words[1:] if not word.startswith("-") and "=" not in word]
    if not plain or not _NAME.fullmatch(plain[0]) or plain[0].isupper():
        return
    name = plain[0]
    if step.words[1] != name:
        return
    if step.program == "just" and facts.just_recipes and "::" not in name and name not in facts.just_recipes:
        yield f"the justfile has no recipe {name}{near(name, facts.just_recipes)}"
    names = facts.task_names
    if step.program in ("task", "go-task") and names and name not in names:
        included = any(name.startswith(one) for one in names if one.endswith(":"))
        wild = any(re.fullmatch(re.escape(one).replace(r"\*", ".+"), name) for one in names if "*" in one)
        if not included and not wild:
            yield f"the Taskfile has no task {name}{near(name, names)}"


def bad_modules(step: Step, facts: Facts) -> Iterator[str]:
    """`python -m NAME` of a package of this repository that has no such module; or one nearly called like
    it."""
    words = step.words
    if not re.fullmatch(r"python[\d.]*|py", step.program) or "-m" not in words[1:-1]:
        return
    name = words[words.index("-m") + 1]
    if not re.fullmatch(r"[a-z_]\w*(?:\.\w+)*", name) or name in facts.modules:
        return
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return
    own = {one for one in facts.modules if "." not in one or one.partition(".")[0] == top}
    is_ours = "." in name and any(one.startswith(f"{top}.") for one in facts.modules)
    if is_ours or near(name, own, cutoff=0.85):
        yield f"there is no Python module {name}{near(name, own, cutoff=0.75)}"


def bad_console_scripts(step: Step, facts: Facts) -> Iterator[str]:
    """A program that is nearly called like a console script of pyproject.toml, and not like anything else
    here."""
    name, known = step.words[0] if step.words else "", facts.project_scripts
    is_run_here = step.command.words[:1] in (["uv"], ["poetry"], ["pdm"], ["hatch"], ["rye"])
    if known and name not in known and _NAME.fullmatch(name):
        close = near(name, known, cutoff=0.75 if is_run_here else 0.88)
        if close and name not in facts.modules and name not in _WELL_KNOWN:
            yield f"pyproject.toml declares no program {name}{close}"


_WELL_KNOWN = frozenset(
    "pytest python python3 ruff mypy black isort flake8 tox nox pip uvicorn gunicorn alembic".split()
)
