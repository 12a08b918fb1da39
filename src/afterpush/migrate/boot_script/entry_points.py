"""Where the app begins: the source files that are run by the commands which build and start it."""

import posixpath
import re
from collections.abc import Iterator

from afterpush.infra.safe_paths import Gate
from afterpush.migrate.boot_script.project import EXTENSIONS, Project

_SCRIPTS = re.compile(r"(?:build|dev|(?:pre)?start|serve|prod)(?::.*)?")
_FILES = (
    "Procfile", "Dockerfile", "nixpacks.toml", ".do/app.yaml", "docker-compose.yml", "compose.yaml",
    "ecosystem.config.js", "ecosystem.config.cjs", "render.yaml", "railway.json", "fly.toml",
)  # fmt: skip
_RUNNERS = frozenset("node nodemon tsx ts-node ts-node-dev bun deno pm2 pm2-runtime".split())
_USUAL = (
    "server/_core/index", "server/index", "src/server", "src/index", "src/main", "index", "server",
    "instrumentation", "src/instrumentation",
)  # fmt: skip
_NO_START = re.compile(r"\.(?:config|test|spec)\.|(?:^|/)node_modules/")


def find_entry_points(project: Project) -> list[str]:
    """The source files that starting the app runs, the likeliest first; else those of the usual names."""
    words = dict.fromkeys(_words(project, "", set()))
    if not any(project.sources_of(word, folder) for folder, word in words):
        words |= dict.fromkeys(word for folder in project.packages for word in _words(project, folder, set()))
    found = [file for folder, word in words for file in project.sources_of(word, folder)]
    if not found:
        paths = [posixpath.join(folder, usual) for folder in project.packages for usual in _USUAL]
        found = [
            path + end for path in paths for end in EXTENSIONS if (project.root / (path + end)).is_file()
        ]
    wanted = [file for file in dict.fromkeys(found) if not _NO_START.search(file)]
    # `node scripts/migrate.js && node dist/index.js`: the app is the other one.
    return sorted(wanted, key=lambda file: file.startswith("scripts/"))


def _words(project: Project, folder: str, seen: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The words that may name a file, each with the folder of its package: what the commands run."""
    package = project.packages[folder]
    scripts = package.get("scripts")
    scripts = scripts if isinstance(scripts, dict) else {}
    names = [name for first in ("build", "dev", "") for name in scripts if name.startswith(first)]
    for name in dict.fromkeys(names):
        if _SCRIPTS.fullmatch(name):
            yield from _of_script(project, folder, name, seen)
    if package.get("main"):
        yield folder, str(package["main"])
    for file in _FILES:
        try:
            text = Gate(project.root).read(posixpath.join(folder, file)).decode("utf-8", "replace")
        except OSError:
            continue
        yield from _of_text(project, folder, text, seen)


def _of_script(
    project: Project, folder: str, name: str, seen: set[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    if (folder, name) not in seen:
        seen.add((folder, name))
        yield from _of_text(project, folder, str(project.packages[folder]["scripts"][name]), seen)


def _of_text(
    project: Project, folder: str, text: str, seen: set[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Files, scripts of the same package (`npm run api`), and other packages (`-w api`, `cd api`)."""
    scripts = project.packages[folder].get("scripts")
    for command in re.split(r"\n|&&|\|\||;", text):
        words = re.findall(r"[\w@./:-]+", command)
        runs = False
        for word in words:
            if word.endswith(EXTENSIONS) or (runs and not word.startswith("-")):
                yield folder, word
            runs = runs or word in _RUNNERS
            name = word.removeprefix("npm:")
            if isinstance(scripts, dict) and name in scripts and words[0] != name:
                yield from _of_script(project, folder, name, seen)
            for other, package in project.packages.items():
                called = (package.get("name"), other, posixpath.basename(other))
                if other and other != folder and word.strip("./") in called and (other, "") not in seen:
                    seen.add((other, ""))
                    yield from _words(project, other, seen)
