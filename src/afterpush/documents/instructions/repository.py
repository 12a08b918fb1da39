"""What the repository has that instructions may name: scripts, targets, modules, variables. Read, never
run."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from afterpush.infra.git import git
from afterpush.infra.safe_paths import Gate, Refused
from afterpush.infra.toml_data import load_toml
from afterpush.infra.yaml_data import load_yaml
from afterpush.text.task_catalog import Catalog

_LIMIT = 1 << 20
_RULE = re.compile(r"^(?P<targets>[^\s#:=][^:=#\n]*)::?(?!=)", re.MULTILINE)
_RECIPE = re.compile(
    r"^@?(?P<name>[A-Za-z_][\w-]*)(?!\s*:=)(?:[ \t][^\n]*?)?:(?!=)|^(?:alias|mod\??)\s+(?P<alias>[\w-]+)",
    re.MULTILINE,
)
_VARIABLE = re.compile(r"^[ \t]*(?:#[ \t]*)?(?:export[ \t]+)?([A-Z][A-Z0-9_]+)=", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """A package.json: its folder ("" is the root), its name, scripts, and the packages that it asks for."""

    folder: str
    name: str
    scripts: frozenset[str]
    dependencies: frozenset[str]
    manager: str = ""


@dataclass(frozen=True)
class Facts:
    """The repository that documents are held against; each kind of fact is read on first use."""

    root: Path
    files: frozenset[str]
    catalog: Catalog
    watched: frozenset[str]

    @cached_property
    def folders(self) -> frozenset[str]:
        return frozenset(str(folder) for file in self.files for folder in PurePosixPath(file).parents)

    @cached_property
    def branches(self) -> frozenset[str]:
        """The branches here and on the remotes, as far as they are known here, without the remote's name."""
        listed = git(self.root, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes").text
        return frozenset(re.sub(r"^refs/(?:heads|remotes/[^/]+)/", "", ref) for ref in listed.split())

    def named(self, *names: str) -> list[str]:
        """The files of these names, in whatever folder."""
        return sorted(path for path in self.files if path.rpartition("/")[2] in names)

    def text(self, path: str) -> str:
        """A file's text; "" for one that cannot be read."""
        try:
            return Gate(self.root).read(path, limit=_LIMIT).decode("utf-8", "replace")
        except (OSError, Refused):
            return ""

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        return tuple(
            found for path in self.named("package.json") if (found := _package(path, self.text(path)))
        )

    @cached_property
    def make_targets(self) -> dict[str, frozenset[str]] | None:
        """By Makefile its targets and patterns; None where a variable or a pattern for everything names
        some."""
        found = {}
        for path in sorted(self.files):
            if path.rpartition("/")[2] in ("Makefile", "makefile", "GNUmakefile") or path.endswith(".mk"):
                text = re.sub(r"\\\n", " ", self.text(path))
                names = {name for rule in _RULE.finditer(text) for name in rule["targets"].split()}
                if any("$" in name or name in ("%", ".DEFAULT") for name in names):
                    return None
                found[path] = frozenset(name for name in names if not name.startswith("."))
        return found

    @cached_property
    def just_recipes(self) -> frozenset[str]:
        paths = [
            path
            for path in self.files
            if path.lower().rpartition("/")[2] in ("justfile", ".justfile") or path.endswith(".just")
        ]
        return frozenset(
            one["name"] or one["alias"] for path in paths for one in _RECIPE.finditer(self.text(path))
        )

    @cached_property
    def task_names(self) -> frozenset[str]:
        """The tasks of every Taskfile; those of an included one have its name before them, so `name:` is
        listed."""
        names = [
            f"{stem}.{end}" for stem in ("Taskfile", "taskfile", "Taskfile.dist") for end in ("yml", "yaml")
        ]
        return frozenset(name for path in self.named(*names) for name in _task_names(_yaml(self.text(path))))

    @cached_property
    def project_scripts(self) -> frozenset[str]:
        """The console scripts that the pyproject.toml files declare."""
        found: set[str] = set()
        for path in self.named("pyproject.toml"):
            try:
                tree = load_toml(self.text(path))
            except ValueError:
                continue
            poetry = _inside(tree, "tool", "poetry", "scripts")
            found |= {*_inside(tree, "project", "scripts"), *_inside(tree, "project", "gui-scripts"), *poetry}
        return frozenset(found)

    @cached_property
    def modules(self) -> frozenset[str]:
        """Every dotted name that a Python file here may be imported by, from whatever folder on."""
        found = set()
        for path in self.files:
            if path.endswith(".py"):
                parts = (
                    path.removesuffix(".py").removesuffix("/__init__").removesuffix("/__main__").split("/")
                )
                found |= {".".join(parts[at:]) for at in range(len(parts))}
        return frozenset(found)

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names in `.env.example` and its like."""
        names = (".env.example", ".env.sample", ".env.template", "env.example", ".env.local.example")
        return frozenset(name for path in self.named(*names) for name in _VARIABLE.findall(self.text(path)))


def _package(path: str, text: str) -> Package | None:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    wanted = {name for kind in ("dependencies", "devDependencies") for name in _inside(tree, kind)}
    manager = str(tree.get("packageManager", "")).partition("@")[0]
    folder = path.rpartition("/")[0]
    return Package(
        folder, str(tree.get("name", "")), frozenset(_inside(tree, "scripts")), frozenset(wanted), manager
    )


def _inside(tree: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _yaml(text: str) -> Any:
    import yaml

    try:
        return load_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def _task_names(tree: Any) -> Iterator[str]:
    for name, task in _inside(tree, "tasks").items():
        yield str(name)
        aliases = task.get("aliases") if isinstance(task, dict) else None
        yield from map(str, aliases if isinstance(aliases, list) else [])
    yield from (f"{name}:" for name in _inside(tree, "includes"))
