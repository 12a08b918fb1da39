"""The one gate for paths of the app repository: what is read for publishing, and what is written.

git writes through no link of a work tree, and has nothing called `.git` in one. Neither have we: a path is
walked from the root one folder at a time, each opened without following links (openat(2), O_NOFOLLOW), and
what was opened is what is used, so that nothing can change between the check and the use. A link is followed
by reading it and walking on from where it is, as RESOLVE_BENEATH of openat2(2) does:

    docs/ROADMAP.md -> ../ROADMAP.md      read and written there, below the root
    docs/prompts    -> /home/ada/notes    refused: it leads out of the repository
    docs/T.md       -> ../.git/config     refused: the git folder is not the work tree
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import MAX_BYTES, as_text, bounded, replace_file
from afterpush.infra.printable import one_line

_MOST_LINKS = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the open of a FIFO waits for a writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Refused(AfterpushError):
    """The path does not stay below the root, or is not what it should be; exit 2."""


@dataclass(frozen=True)
class Place:
    """An open folder and a name in it that is no link."""

    folder: int
    name: str

    def info(self) -> os.stat_result | None:
        """What is there, None when nothing is. Raises OSError."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None


class Gate:
    """Paths below one folder. Every method takes a path relative to it, or an absolute one inside."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: PurePath | str, *, limit: int = MAX_BYTES) -> bytes:
        """The content of a regular file. Raises Refused, or OSError where nothing is there."""
        with self.place(path) as place:
            descriptor = os.open(place.name, _READ, dir_fd=place.folder)
            with os.fdopen(descriptor, "rb") as file:
                return bounded(file.fileno(), path, limit)

    def read_text(self, path: PurePath | str, doing: str, *, limit: int = MAX_BYTES) -> str:
        """The same as UTF-8 text. Raises AfterpushError naming `doing` and the file."""
        return as_text(lambda: self.read(path, limit=limit), path, doing)

    def inside(self, paths: Iterable[str]) -> list[str]:
        """Those of many paths that are regular files below the root; each folder is only walked once."""
        folders: dict[str, bool] = {}
        found = []
        for path in paths:
            folder = path.rpartition("/")[0]
            if folder not in folders:
                folders[folder] = not folder or self._is_folder(folder)
            is_link = (self.root / path).is_symlink()
            if folders[folder] and (self.is_file(path) if is_link else (self.root / path).is_file()):
                found.append(path)
        return found

    def _is_folder(self, path: str) -> bool:
        try:
            return self.folder(path).is_dir()
        except Refused:
            return False

    def exists(self, path: PurePath | str) -> bool:
        """Whether something is there. Raises Refused for a path that leads out."""
        try:
            with self.place(path) as place:
                return place.info() is not None
        except OSError:
            return False

    def is_file(self, path: PurePath | str) -> bool:
        """Whether a regular file below the root is there."""
        try:
            with self.place(path) as place:
                info = place.info()
        except (Refused, OSError):
            return False
        return info is not None and stat.S_ISREG(info.st_mode)

    def write(self, path: PurePath | str, content: bytes | str, mode: int | None = None) -> None:
        """Replaces a file in one step, and makes the folders above it.

        Mode and owner of a file that was there stay unless `mode` is given. Raises Refused, or OSError.
        """
        from afterpush.infra.git.leftovers import ignore_leftovers

        ignore_leftovers(self.root)
        with self.place(path, make_folders=True) as place:
            replace_file(place.folder, place.name, content, mode)

    def remove(self, path: PurePath | str) -> None:
        """Removes a file if it is there. Raises Refused, or OSError."""
        with self.place(path) as place, contextlib.suppress(FileNotFoundError):
            os.unlink(place.name, dir_fd=place.folder)

    def folder(self, path: PurePath | str) -> Path:
        """The real path of a folder below the root, which need not be there. Raises Refused."""
        walk = _Walk(self.root, path, make_folders=False)
        try:
            place = walk.to_the_end()
            return _path_of(place.folder) / place.name
        except FileNotFoundError:
            return walk.real_path_of_what_is_missing()
        except NotADirectoryError:
            raise walk.refused("is behind something that is no folder") from None
        finally:
            walk.close()

    @contextlib.contextmanager
    def place(self, path: PurePath | str, *, make_folders: bool = False) -> Iterator[Place]:
        """The folder and the name that a path leads to. Raises Refused, or OSError for a missing folder."""
        walk = _Walk(self.root, path, make_folders=make_folders)
        try:
            yield walk.to_the_end()
        finally:
            walk.close()


class _Walk:
    """From the root to one path: the folders that are open, from the root down, and the names to go."""

    def __init__(self, root: Path, path: PurePath | str, *, make_folders: bool) -> None:
        self._root, self._meant, self._make_folders = root, path, make_folders
        self._links: list[str] = []
        self._open = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        self._names = self._inside(os.fspath(path))

    def to_the_end(self) -> Place:
        while self._names:
            name = self._names.pop(0)
            if name == "..":
                self._up()
            elif name.lower() == ".git":
                raise self.refused("is in the git folder")
            elif (target := self._link(name)) is not None:
                self._follow(name, target)
            elif not self._names:
                return Place(self._open[-1], name)
            else:
                self._down(name)
        return Place(self._open[-1], ".")

    def real_path_of_what_is_missing(self) -> Path:
        if any(name == ".." or name.lower() == ".git" for name in self._names):
            raise self.refused("leads through a folder that is not there")
        return _path_of(self._open[-1]).joinpath(*self._names)

    def close(self) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def _inside(self, path: str) -> list[str]:
        if "\0" in path:
            raise self.refused("has a NUL in its name")
        if path.startswith("/"):
            base = next(
                (base for base in (self._root, self._root.resolve()) if Path(path).is_relative_to(base)), None
            )
            if base is None:
                raise self.refused("is outside of the repository")
            path = os.path.relpath(path, base)
        return _names(path)

    def _up(self) -> None:
        if len(self._open) == 1:
            raise self.refused("leads out of the repository")
        os.close(self._open.pop())

    def _link(self, name: str) -> str | None:
        try:
            return os.readlink(name, dir_fd=self._open[-1])
        except OSError:
            return None  # No link, or nothing there.

    def _follow(self, name: str, target: str) -> None:
        self._links.append(name)
        if len(self._links) > _MOST_LINKS:
            raise self.refused("is a link without an end")
        if target.startswith("/"):
            inside = self._inside(target)
            while len(self._open) > 1:
                self._up()
        else:
            inside = _names(target)
        self._names = inside + self._names

    def _down(self, name: str) -> None:
        if self._make_folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=self._open[-1])
        try:
            self._open.append(os.open(name, _FOLDER, dir_fd=self._open[-1]))
        except OSError:
            self._names.insert(0, name)
            raise

    def refused(self, why: str) -> Refused:
        link = f" through the link {one_line(self._links[-1])}" if self._links else ""
        return Refused(
            f"{one_line(os.fspath(self._meant))} {why}{link}; nothing is read or written there: "
            "name a path inside of the repository"
        )


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _path_of(folder: int) -> Path:
    return Path(f"/proc/self/fd/{folder}").readlink()
