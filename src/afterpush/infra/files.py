"""Files that are written whole or not at all, and folders that nobody else reads."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from afterpush.infra.errors import AfterpushError


def write_atomic(path: Path, content: bytes | str, mode: int | None = None) -> None:
    """Replaces `path` in one step: readers see the old content or the new, never half.

    `mode` defaults to the mode of the file that is replaced, else what the umask leaves of 0666.
    A symbolic link keeps its place: what it points to is replaced. Raises OSError.
    """
    target = path.resolve()
    data = content.encode() if isinstance(content, str) else content
    temporary = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            kept = _mode_of(target) if mode is None else mode
            if kept is not None:
                os.fchmod(file.fileno(), kept)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_private(path: Path, text: str) -> None:
    """The same for a file that only its owner reads (0600). Raises AfterpushError naming it and the cause."""
    try:
        write_atomic(path, text, mode=0o600)
    except OSError as error:
        raise AfterpushError(f"cannot write {path}: {error.strerror}") from error


def _mode_of(target: Path) -> int | None:
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner reads (0700). Raises AfterpushError when it cannot."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AfterpushError(
            f"cannot make the folder {path}: {error.strerror}; make its parent writable"
        ) from error
    return path


@contextlib.contextmanager
def temporary_folder(prefix: str = "afterpush-", *, beside: Path | None = None) -> Iterator[Path]:
    """A private folder that is gone afterwards, whatever happens inside.

    `beside` puts it into the same folder as that path, from where a rename is one step.
    """
    import tempfile

    parent = beside.parent if beside else None
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


def read_text(path: Path, doing: str) -> str:
    """UTF-8 text of a file that the user named. Raises AfterpushError naming `doing` and the file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise AfterpushError(
            f"{doing}: {path} is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise AfterpushError(f"{doing}: cannot read {path}: {error.strerror}") from error
