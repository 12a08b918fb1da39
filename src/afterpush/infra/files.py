"""Files that are written whole or not at all, files that are read with a bound, and private folders."""

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from afterpush.infra.errors import AfterpushError

MAX_BYTES = 64 * 1024 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the open of a FIFO waits for a writer.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PREFIX, _SUFFIX = ".afterpush-", ".tmp"
LEFTOVERS = f"{_PREFIX}*{_SUFFIX}"
"""The names of files while they are written, and of temporary folders, in the form of `.gitignore`."""


def write_atomic(path: Path, content: bytes | str, mode: int | None = None) -> None:
    """Replaces `path` in one step: readers see the old content or the new, never half.

    Mode, owner and group of the file that is replaced stay unless `mode` is given; a new file gets what the
    umask leaves of 0666. A link at `path` is itself replaced, never followed. Raises OSError.
    """
    folder = os.open(path.parent, _FOLDER)
    try:
        replace_file(folder, path.name, content, mode)
    finally:
        os.close(folder)


def replace_file(folder: int, name: str, content: bytes | str, mode: int | None = None) -> None:
    """The same for a name in an open folder; what a killed run left there goes. Raises OSError."""
    try:
        old = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        old = None
    if old is not None and not (stat.S_ISREG(old.st_mode) or stat.S_ISLNK(old.st_mode)):
        raise IsADirectoryError(21, "not a regular file", name)
    kept = old if old is not None and stat.S_ISREG(old.st_mode) else None
    _remove_leftovers(folder)
    temporary, descriptor = _new_file(folder, 0o600 if kept or mode is not None else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            _take_over(file.fileno(), kept, mode)
            os.fsync(file.fileno())
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _new_file(folder: int, mode: int) -> tuple[str, int]:
    """A new file that is locked while it is open: so a leftover can be told apart from one in use."""
    while True:
        name = f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"
        descriptor = os.open(name, _NEW, mode, dir_fd=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return name, descriptor
        os.close(descriptor)  # Somebody took it for a leftover before it was locked.


def _remove_leftovers(folder: int) -> None:
    for name in os.listdir(folder):
        if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
            with contextlib.suppress(OSError):  # In use, gone, or not ours to remove.
                _remove_unlocked(folder, name)


def _remove_unlocked(folder: int, name: str) -> None:
    descriptor = os.open(name, _READ | os.O_NOFOLLOW, dir_fd=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            import shutil

            shutil.rmtree(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(descriptor)


def _take_over(descriptor: int, old: os.stat_result | None, mode: int | None) -> None:
    if old is not None:
        with contextlib.suppress(PermissionError):  # Only root gives files away.
            os.fchown(descriptor, old.st_uid, old.st_gid)
    wanted = mode if mode is not None else stat.S_IMODE(old.st_mode) if old is not None else None
    if wanted is not None:
        os.fchmod(descriptor, wanted)


def write_private(path: Path, text: str) -> None:
    """The same for a file that only its owner reads (0600). Raises AfterpushError naming it and the cause."""
    try:
        write_atomic(path, text, mode=0o600)
    except OSError as error:
        raise AfterpushError(f"cannot write {path}: {error.strerror}") from error


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner reads (0700). Raises AfterpushError when it cannot.

    One of ours that others can write to is closed to them; one of somebody else's is refused.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = path.stat()
        if stat.S_IMODE(info.st_mode) & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise AfterpushError(
            f"cannot make the folder {path}: {error.strerror}; {cure_for_writing(path)}"
        ) from error
    return path


def cure_for_writing(path: Path) -> str:
    """What to do about a path that cannot be written. Often it belongs to somebody who ran us as root, or in
    a container."""
    try:
        place = next(each for each in (path, *path.parents) if each.exists())
    except OSError:  # It lies in a folder that only its owner may look into.
        place = path.parent
    try:
        owner, is_ours = place.owner(), place.stat().st_uid == os.geteuid()
    except (OSError, KeyError):
        owner, is_ours = "another user", False
    if is_ours:
        return f"make {place} writable"
    return f"{place} belongs to {owner}; take it over: sudo chown -R \"$(id -un)\" '{place}'"


@contextlib.contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """A private folder that is gone afterwards, in `parent` or where the system has such folders.

    What a killed run left there goes first.
    """
    import shutil
    import tempfile

    place = (parent or Path(tempfile.gettempdir())).resolve()
    above = os.open(place, _FOLDER)
    try:
        _remove_leftovers(above)
    finally:
        os.close(above)
    made, held = _new_folder(place)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(held)


def _new_folder(place: Path) -> tuple[Path, int]:
    """A new folder that is held while it is in use, as a new file is locked."""
    while True:
        made = place / f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"
        made.mkdir(mode=0o700)
        held = hold_folder(made)
        if held is not None:
            return made, held


def hold_folder(folder: Path) -> int | None:
    """A descriptor that keeps a temporary folder from being taken for a leftover; several may hold one.

    None where it is gone.
    """
    try:
        descriptor = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return None
    with contextlib.suppress(OSError):  # Where nothing can be locked, nothing is taken for a leftover.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    if os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)
    return None


@contextlib.contextmanager
def unless_gone(path: Path) -> Iterator[None]:
    """For what was listed before it is looked at: what fails in the block because somebody has removed `path`
    meanwhile is passed over."""
    try:
        yield
    except (OSError, AfterpushError):
        if os.path.lexists(path):
            raise


def read_text(path: Path, doing: str, *, limit: int = MAX_BYTES) -> str:
    """UTF-8 text of a regular file. Raises AfterpushError naming `doing` and the file."""
    return as_text(lambda: read_bytes(path, limit=limit), path, doing)


def as_text(read: Callable[[], bytes], path: PurePath | str, doing: str) -> str:
    """What `read` returns as UTF-8 text. Raises AfterpushError naming `doing` and the file."""
    try:
        return read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AfterpushError(
            f"{doing}: {path} is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise AfterpushError(f"{doing}: cannot read {path}: {error.strerror}") from error


def read_bytes(path: Path, *, limit: int = MAX_BYTES, follow: bool = True) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises OSError for anything else."""
    descriptor = os.open(path, _READ if follow else _READ | os.O_NOFOLLOW)
    try:
        return bounded(descriptor, path, limit)
    finally:
        os.close(descriptor)


def read_tail(path: Path, most: int, *, after: int = 0) -> bytes:
    """The last bytes of a file behind an offset, at most so many; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(after, os.fstat(file.fileno()).st_size - most))
            return file.read()
    except OSError:
        return b""


def bounded(descriptor: int, path: PurePath | str, limit: int) -> bytes:
    """What an open regular file holds. Raises OSError for a device, a pipe, or more than `limit` bytes."""
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(22, "it is not a regular file", str(path))
    pieces, left = [], limit + 1
    while left > 0 and (piece := os.read(descriptor, min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    if left <= 0:
        raise OSError(27, f"it is larger than {limit >> 20} MB", str(path))
    return b"".join(pieces)
