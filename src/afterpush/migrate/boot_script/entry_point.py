"""Where the app begins: the source file that package.json builds or starts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from afterpush.infra.safe_paths import Gate

EXTENSIONS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_CODE = re.compile(r"(?<![\w@./-])[\w@./-]+\.(?:[cm]?[jt]s|[jt]sx)\b")
_USUAL = ("server/_core/index", "server/index", "src/server", "src/index", "src/main", "index", "server")


def find_entry_point(root: Path) -> str | None:
    """The source file that package.json builds or starts; else one of the usual names."""
    package = package_json(root)
    scripts = package["scripts"] if isinstance(package.get("scripts"), dict) else {}
    texts = [str(scripts.get(name, "")) for name in ("build", "dev", "start", "serve")]
    texts += [str(package.get("main", "")), *_other_starts(root)]
    for text in texts:
        for word in _CODE.findall(text):
            path: str = word.removeprefix("./")
            is_tool = ".config." in path
            if not is_tool and "node_modules" not in path and (root / path).is_file() and _is_source(path):
                return path
    for usual in _USUAL:
        for extension in EXTENSIONS:
            if (root / (usual + extension)).is_file():
                return usual + extension
    return None


def _is_source(path: str) -> bool:
    return not path.startswith(("dist/", "build/", "out/", "scripts/"))


def package_json(root: Path) -> dict[str, Any]:
    try:
        found = json.loads(Gate(root).read("package.json"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _other_starts(root: Path) -> Iterator[str]:
    for name in ("Procfile", "Dockerfile", "nixpacks.toml"):
        try:
            yield Gate(root).read(name).decode("utf-8", "replace")
        except OSError:
            continue
