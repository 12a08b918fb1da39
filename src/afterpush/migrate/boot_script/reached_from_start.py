"""Is the boot script called from the app's entry point? Imports are followed without running anything."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.entry_points import find_entry_points
from afterpush.migrate.boot_script.exports import (
    Use,
    called_members,
    exported_names,
    handed_on,
    members,
    runs_on_import,
    use_of,
)
from afterpush.migrate.boot_script.project import Project
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
    """Follows imports from the entry point (given, or found by what starts the app) to the boot script."""
    graph = _Graph(root)
    entries = [entry_point] if entry_point else find_entry_points(graph.project)
    if not entries:
        return Reach(None, None, (), "no entry point is known: set migrate.entry_point")
    if not (root / entries[0]).is_file():
        return Reach(
            entries[0], None, (), f"the entry point {entries[0]} does not exist: correct migrate.entry_point"
        )
    ways: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        chain = ways[entry] = graph.way(entry, boot_script)
        if chain == (boot_script,) or (chain and graph.is_called(boot_script)):
            return Reach(entry, True, chain, f"called from {entry} ({' -> '.join(chain)})")
    entry = next((entry for entry in entries if ways[entry]), entries[0])
    chain = ways[entry]
    said = (
        f"dead code: {' -> '.join(chain)} imports {boot_script}, but nothing reachable calls what it exports"
        if chain
        else _dead(graph, entry, boot_script)
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
        self.project = Project(root)
        self._sources: dict[str, Source | None] = {}
        self._imports: dict[str, list[str]] = {}
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
                data = Gate(self.project.root).read(file)
            except OSError:
                data = None
            self._sources[file] = Source(data, file) if data is not None and len(data) < 2_000_000 else None
        return self._sources[file]

    def imports(self, file: str) -> list[str]:
        """The files of this repository that a file imports, in order."""
        if file not in self._imports:
            source = self.source(file)
            self._imports[file] = [] if source is None else self._imported(source)
        return self._imports[file]

    def _imported(self, source: Source) -> list[str]:
        texts = [source.value(node) for node in source.specifiers() if not _is_type(source, node)]
        found = [self.project.resolve(source.file, text.value) for text in texts if text is not None]
        return list(dict.fromkeys(path for path in found if path is not None))

    def importers(self, target: str) -> list[str]:
        """The files that import the target."""
        return [file for file in self.project.files if target in self.imports(file)]

    def is_called(self, target: str) -> bool:
        """Whether a reached file (or the script itself, on import) runs what the script exports."""
        own = self.source(target)
        if own is None or runs_on_import(own):
            return own is not None
        offered = self._offered(target, exported_names(own))
        others = [source for file in self._reached if file != target and (source := self.source(file))]
        uses = {self._use(source, offered) for source in others}
        if Use.CALLED in uses:
            return True
        # `new Migrator(pool).run()`, or a provider whose `onModuleInit` the framework calls.
        called = {name for source in others for name in called_members(source)}
        return Use.NAMED in uses and members(own, exported_names(own), called)

    def _use(self, source: Source, offered: dict[str, frozenset[str]]) -> Use:
        """The most that a file does with what these files offer."""
        uses = [Use.NONE]
        for specifier in source.specifiers():
            text = source.value(specifier)
            provider = self.project.resolve(source.file, text.value) if text is not None else None
            if provider in offered:
                uses.append(use_of(source, specifier, offered[provider]))
        return max(uses)

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
                    if self.project.resolve(file, specifier) == provider
                    for name in given
                )
                if not names <= offered.get(file, frozenset()):
                    offered[file] = offered.get(file, frozenset()) | names
                    waiting.append(file)
        return offered


def _is_type(source: Source, specifier: "Node") -> bool:
    """`import type { Db } from "./db"` leads nowhere when the app runs."""
    return specifier.parent is not None and source.text(specifier.parent).startswith("import type")
