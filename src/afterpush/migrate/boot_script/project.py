"""The packages of a repository: their code, their names, and the source behind a file that was built."""

import json
import os
import posixpath
import re
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from afterpush.infra.safe_paths import Gate

EXTENSIONS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_BUILT = frozenset("dist build out lib-dist .output .next".split())
_NOT_OURS = _BUILT | {"node_modules", "coverage"}
_MOST_FILES = 20_000


def package_json(root: Path, folder: str = "") -> dict[str, Any]:
    """The package file of a folder; empty where there is none that can be read."""
    try:
        found = json.loads(Gate(root).read(posixpath.join(folder, "package.json")))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def package_of(root: Path, file: str) -> dict[str, Any]:
    """The package file that Node reads for a file: of its folder, or the nearest one above."""
    folders = [path.as_posix().removeprefix(".") for path in PurePosixPath(file).parents]
    return next((found for folder in folders if (found := package_json(root, folder))), {})


class Project:
    """The code below one root, read when asked for. All paths are relative to the root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> list[str]:
        """Code, and the packages' files; nothing that was built or installed."""
        found: list[str] = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(
                name for name in folders if name not in _NOT_OURS and not name.startswith(".")
            )
            below = Path(folder).relative_to(self.root)
            wanted = (name for name in sorted(names) if name.endswith(EXTENSIONS) or name == "package.json")
            found += [(below / name).as_posix() for name in wanted]
            if len(found) > _MOST_FILES:
                break
        return found

    @cached_property
    def packages(self) -> dict[str, dict[str, Any]]:
        """The package files by folder, the root's first."""
        folders = [posixpath.dirname(file) for file in self.files if file.endswith("package.json")]
        return {folder: package_json(self.root, folder) for folder in ["", *filter(None, folders)]}

    def file(self, path: str) -> str | None:
        """The file that a path without ending, with that of its built form, or of a folder means."""
        base = self.root / path
        tried = [base]
        if base.suffix in EXTENSIONS:
            tried += [base.with_suffix(extension) for extension in EXTENSIONS]
        tried += [base.parent / (base.name + extension) for extension in EXTENSIONS]
        tried += [base / f"index{extension}" for extension in EXTENSIONS]
        root = self.root.resolve()
        for each in filter(os.path.isfile, tried):  # Unlike Path.is_file, it takes any text for a path.
            resolved = each.resolve()
            if resolved.is_relative_to(root):
                return resolved.relative_to(root).as_posix()
        return None

    def sources_of(self, word: str, folder: str = "") -> list[str]:
        """The source files that a word of a command can mean, the likeliest first.

        server           -> server.js, or server/index.ts
        dist/api/main.js -> src/api/main.ts, api/main.ts; else the main.ts that is nearest
        """
        path = posixpath.normpath(posixpath.join(folder, word))
        parts = PurePosixPath(path).parts
        built = next((at for at, part in enumerate(parts) if part in _BUILT), None)
        if built is None:
            if found := self.file(path):
                return [found]
            if not path.endswith(EXTENSIONS):
                return []
            built = len(PurePosixPath(folder).parts)
        inside = "/".join(parts[:built])
        ours = [file for file in self.files if not inside or file.startswith(inside + "/")]
        tail = posixpath.splitext("/".join(parts[built + 1 :]))[0].split("/")
        for skipped in range(len(tail) if tail[-1] else 0):
            end = "/" + "/".join(tail[skipped:])
            found_here = [file for file in ours if f"/{posixpath.splitext(file)[0]}".endswith(end)]
            if found_here:
                return sorted(found_here, key=lambda file: (_strangers(file, parts), file.count("/")))
        return []

    def resolve(self, file: str, specifier: str) -> str | None:
        """The file that an import in a file means; None for a package from elsewhere."""
        if specifier.startswith("."):
            return self.file(posixpath.normpath(posixpath.join(posixpath.dirname(file), specifier)))
        for prefix, places in self._aliases:
            if specifier.startswith(prefix):
                for place in places:
                    rest = specifier.removeprefix(prefix)
                    if found := self.file(posixpath.normpath(posixpath.join(place, rest))):
                        return found
        for folder, package in self.packages.items():
            name = package.get("name")
            if isinstance(name, str) and f"{specifier}/".startswith(f"{name}/"):
                return self._exported(folder, package, specifier.removeprefix(name).lstrip("/"))
        return None

    def _exported(self, folder: str, package: dict[str, Any], path: str) -> str | None:
        """A file of a package of this repository: as it says, else at its usual places."""
        words = _strings(package.get("exports", {})) if not path else []
        words += [str(package.get("main") or "")] if not path else []
        words += [place + path for place in ("", "src/")]
        for word in words:
            for found in self.sources_of(word or "index", folder):
                return found
        return None

    @cached_property
    def _aliases(self) -> list[tuple[str, list[str]]]:
        """`paths` of the tsconfig files (`@/*` to its folders), and `imports` of the packages (`#db`)."""
        found: list[tuple[str, list[str]]] = []
        for folder, package in self.packages.items():
            for name in ("tsconfig.json", "tsconfig.base.json"):
                options = _json_with_comments(self.root, posixpath.join(folder, name)).get("compilerOptions")
                options = options if isinstance(options, dict) else {}
                base = posixpath.join(folder, str(options.get("baseUrl", ".")))
                found += _mapped(options.get("paths"), base)
            found += _mapped(package.get("imports"), folder)
        return found


def _strangers(file: str, parts: tuple[str, ...]) -> int:
    """How many folders a source has that its built form has not; `src` and `server` are usual."""
    usual = {"src", "server", "app"}
    return len(set(PurePosixPath(file).parent.parts) - set(parts) - usual)


def _mapped(mapping: object, base: str) -> list[tuple[str, list[str]]]:
    """`{"@/*": ["./server/*"]}` as `("@/", ["server/"])`."""
    if not isinstance(mapping, dict):
        return []
    return [
        (str(key).removesuffix("*"), [posixpath.join(base, text.removesuffix("*")) for text in _strings(to)])
        for key, to in mapping.items()
    ]


def _strings(value: object) -> list[str]:
    """The texts of a text, a list, or an object of conditions."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [text for item in items for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def _json_with_comments(root: Path, file: str) -> dict[str, Any]:
    try:
        text = Gate(root).read(file).decode("utf-8")
        text = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.DOTALL)
        found = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
