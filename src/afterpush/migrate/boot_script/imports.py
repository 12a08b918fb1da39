"""Is the boot script called from the app's entry point? Imports are followed without running anything."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.entry_point import EXTENSIONS, find_entry_point
from afterpush.migrate.boot_script.exports import calls_any, exported_names, handed_on, runs_on_import
from afterpush.migrate.boot_script.typescript import Source

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Reach:
    """Whether the entry point leads to the boot script.

    `chain` is the way of files from the entry point to it, empty when there is none. `called` is None when
    no entry point is known. `message` is the sentence for people.
    """

    entry_point: str | None
    called: bool | None
    chain: tuple[str, ...]
    message: str


def reach(root: Path, boot_script: str, entry_point: str | None) -> Reach:
    """Follows imports from the entry point (given, or found from package.json) to the boot script."""
    entry = entry_point or find_entry_point(root)
    if entry is None:
        return Reach(None, None, (), "no entry point is known: set migrate.entry_point")
    if not (root / entry).is_file():
        return Reach(entry, None, (), f"the entry point {entry} does not exist: correct migrate.entry_point")
    graph = _Graph(root)
    chain = graph.way(entry, boot_script)
    if not chain:
        return Reach(entry, False, (), _dead(graph, entry, boot_script))
    if chain == (boot_script,) or graph.is_called(boot_script):
        return Reach(entry, True, chain, f"called from {entry} ({' -> '.join(chain)})")
    said = (
        f"dead code: {' -> '.join(chain)} imports {boot_script}, but nothing reachable calls what it exports"
    )
    return Reach(entry, False, chain, said)


def _dead(graph: "_Graph", entry: str, boot_script: str) -> str:
    importers = graph.importers(boot_script)
    said = f"dead code: no import leads from the entry point {entry} to {boot_script}"
    if importers:
        said += f"; it is imported by {', '.join(importers)}, which the entry point never reaches"
    return said


class _Graph:
    """Imports between the files of a repository, read when asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sources: dict[str, Source | None] = {}
        self._aliases = _aliases(root)
        self._reached: dict[str, str | None] = {}

    def way(self, entry: str, target: str) -> tuple[str, ...]:
        """The shortest way of imports; the files on all ways are remembered as reached."""
        waiting = [entry]
        self._reached = {entry: None}
        while waiting:
            file = waiting.pop(0)
            for imported in self.imports(file):
                if imported not in self._reached:
                    self._reached[imported] = file
                    waiting.append(imported)
        if target not in self._reached:
            return ()
        chain: list[str] = []
        step: str | None = target
        while step is not None:
            chain.insert(0, step)
            step = self._reached[step]
        return tuple(chain)

    def source(self, file: str) -> Source | None:
        if file not in self._sources:
            try:
                data = Gate(self.root).read(file)
            except OSError:
                data = None
            self._sources[file] = Source(data, file) if data is not None and len(data) < 2_000_000 else None
        return self._sources[file]

    def imports(self, file: str) -> list[str]:
        """The files of this repository that a file imports, in order."""
        source = self.source(file)
        if source is None:
            return []
        texts = [source.value(node) for node in source.specifiers() if not _is_type(source, node)]
        found = [self._resolve(file, text.value) for text in texts if text is not None]
        return list(dict.fromkeys(path for path in found if path is not None))

    def importers(self, target: str) -> list[str]:
        """Files (outside node_modules) that import the target."""
        return [
            file
            for path in sorted(self.root.rglob("*"))
            if path.suffix in EXTENSIONS and "node_modules" not in path.parts
            for file in [path.relative_to(self.root).as_posix()]
            if target in self.imports(file)
        ]

    def is_called(self, target: str) -> bool:
        """Whether a reached file (or the script itself, on import) calls what the script exports."""
        own = self.source(target)
        exported = exported_names(own) if own is not None else frozenset()
        if own is not None and runs_on_import(own):
            return True
        offered = self._offered(target, exported)
        return any(
            calls_any(source, offered[provider])
            for file in self._reached
            if file != target and (source := self.source(file)) is not None
            for provider in self.imports(file)
            if provider in offered
        )

    def _offered(self, target: str, exported: frozenset[str]) -> dict[str, frozenset[str]]:
        """By file, the names by which the script's exports can be had there: barrels hand them on."""
        offered = {target: exported}
        waiting = [target]
        while waiting:
            provider = waiting.pop()
            for file in self._reached:
                source = self.source(file) if provider in self.imports(file) else None
                if source is None:
                    continue
                names = frozenset(
                    name
                    for specifier, given in handed_on(source, offered[provider])
                    if self._resolve(file, specifier) == provider
                    for name in given
                )
                if not names <= offered.get(file, frozenset()):
                    offered[file] = offered.get(file, frozenset()) | names
                    waiting.append(file)
        return offered

    def _resolve(self, file: str, specifier: str) -> str | None:
        bases = [self.root / Path(file).parent / specifier] if specifier.startswith(".") else []
        for prefix, folders in self._aliases:
            if specifier.startswith(prefix):
                bases += [self.root / folder / specifier.removeprefix(prefix) for folder in folders]
        for base in bases:
            if found := self._file(base):
                return found
        return None

    def _file(self, base: Path) -> str | None:
        stem = base.with_suffix("") if base.suffix in EXTENSIONS else base
        tried = [base, *(stem.parent / (stem.name + extension) for extension in EXTENSIONS)]
        tried += [base.parent / (base.name + extension) for extension in EXTENSIONS]
        tried += [base / f"index{extension}" for extension in EXTENSIONS]
        root = self.root.resolve()
        for path in tried:
            resolved = path.resolve()
            if resolved.is_file() and resolved.is_relative_to(root):
                return resolved.relative_to(root).as_posix()
        return None


def _aliases(root: Path) -> list[tuple[str, list[str]]]:
    """`paths` of tsconfig.json: `@/*` to its folders."""
    try:
        text = Gate(root).read("tsconfig.json").decode("utf-8")
        text = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.DOTALL)
        options = json.loads(re.sub(r",(\s*[}\]])", r"\1", text)).get("compilerOptions", {})
        base, paths = options.get("baseUrl", "."), options.get("paths", {})
        return [
            (key.removesuffix("*"), [f"{base}/{folder.removesuffix('*')}" for folder in folders])
            for key, folders in paths.items()
        ]
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return []


def _is_type(source: Source, specifier: "Node") -> bool:
    """`import type { Db } from "./db"` leads nowhere when the app runs."""
    return specifier.parent is not None and source.text(specifier.parent).startswith("import type")
