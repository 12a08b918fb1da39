"""Which server programs this machine has, and how each one is called."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import run

Flavour = Literal["mysql", "mariadb"]
FLAVOURS: tuple[Flavour, ...] = ("mysql", "mariadb")
TITLES: dict[Flavour, str] = {"mysql": "MySQL", "mariadb": "MariaDB"}
# Debian's `mysqld` is a link to `mariadbd`: the version tells what it is, never the name.
_NAMES = ("mysqld", "mariadbd")
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/usr/local/mysql/bin", "/opt/homebrew/bin")
_VERSION = re.compile(r"Ver (\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Program:
    """A server program. `root` is the folder that it was unpacked into, None where it is installed."""

    path: Path
    flavour: Flavour
    version: str
    root: Path | None = None

    def __str__(self) -> str:
        return f"{TITLES[self.flavour]} {self.version}"

    def command(self) -> list[str]:
        """How the program is called: without any option file, which may be the other flavour's."""
        return [*_called(self.path, self.root), "--no-defaults", *_places(self.flavour, self.root)]


def _called(path: Path, root: Path | None) -> list[str]:
    """An unpacked program is newer than the machine's C library, so its own loader starts it.

    Its folders never go into LD_LIBRARY_PATH: programs of the machine would break.
    """
    if root is None:
        return [str(path)]
    loader = next(root.glob("usr/lib/*/ld-linux*.so.*"), None)
    if loader is None:
        raise AfterpushError(f"{root} holds no loader (usr/lib/*/ld-linux*.so.*); unpack the server again")
    libraries = f"{loader.parent}:{root / 'usr/lib/mysql/private'}"
    return [str(loader), "--library-path", libraries, str(path)]


def _places(flavour: Flavour, root: Path | None) -> list[str]:
    if root is None:
        return []
    share = root / "usr/share" / flavour
    return [
        f"--basedir={root / 'usr'}",
        f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}",
        f"--plugin-dir={root / 'usr/lib/mysql/plugin'}",
    ]


def programs(
    search_path: str, unpacked: Path | None = None, *, places: Sequence[str] = _SBIN
) -> list[Program]:
    """The server programs of the machine, one for each flavour, MySQL first.

    `search_path` is a PATH; `unpacked` a folder with one folder for each flavour (see `debian`), which
    fills in what is not installed; `places` are searched as well.
    """
    found: dict[Flavour, Program] = {}
    for program in (*_installed(os.pathsep.join([search_path, *places])), *_unpacked(unpacked)):
        found.setdefault(program.flavour, program)
    return [found[flavour] for flavour in FLAVOURS if flavour in found]


def _installed(search_path: str) -> Iterator[Program]:
    paths = {Path(path).resolve() for name in _NAMES if (path := shutil.which(name, path=search_path))}
    yield from (program for path in sorted(paths) if (program := program_at(path)))


def _unpacked(folder: Path | None) -> Iterator[Program]:
    for flavour in FLAVOURS if folder else ():
        assert folder is not None
        root = folder / flavour
        if (root / "ready").is_file() and (program := program_in(root)):
            yield program


def program_in(root: Path) -> Program | None:
    """The server program that was unpacked into a folder."""
    paths: Sequence[Path] = [path for name in _NAMES if (path := root / "usr/sbin" / name).is_file()]
    return program_at(paths[-1], root) if paths else None


@cache
def program_at(path: Path, root: Path | None = None) -> Program | None:
    """What this program says that it is; None where it is no server."""
    try:
        said = run([*_called(path, root), "--no-defaults", "--version"], timeout_seconds=20).text
    except AfterpushError:
        return None
    version = _VERSION.search(said)
    if version is None:
        return None
    return Program(path, "mariadb" if "mariadb" in said.lower() else "mysql", version[1], root)
