"""Writing our pieces into a repository's files, and giving every byte back.

What a file was before, and the hash of what we made of it, is kept in the git folder: an unchanged file goes
back as it was. In a file that others have changed since, or that came with a commit, exactly our entries are
cut out.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.agents import block, json_text
from afterpush.agents.clients import BlockPiece, JsonPiece, Piece
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes, write_private
from afterpush.infra.git import git
from afterpush.infra.safe_paths import Gate
from afterpush.infra.toml_data import load_toml

RECORD = "installed.json"
MOST_BYTES = 4 << 20
"""No client's settings or instructions are larger."""


@dataclass(frozen=True)
class Change:
    """One file, before and after; None is no file."""

    file: str
    before: str | None
    after: str | None

    @property
    def what(self) -> str:
        if self.before == self.after:
            return "unchanged"
        return "remove" if self.after is None else "write" if self.before is None else "change"


class Repository:
    """The files of one work tree, and the record of what we made of them."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._record, self._gate = root, folder / RECORD, Gate(root)

    def text(self, file: str) -> str | None:
        """A file's text with its own line ends; None where there is none. Raises AfterpushError."""
        try:
            return self._gate.read(file, limit=MOST_BYTES).decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise AfterpushError(f"reading {file}: it is not UTF-8; correct it by hand") from error
        except OSError as error:
            raise AfterpushError(f"reading {file}: {error.strerror}; correct it by hand") from error

    def mentions(self, file: str, words: str) -> bool:
        """Whether a file, readable as text or not, has these words."""
        try:
            return words.encode() in self._gate.read(file, limit=MOST_BYTES)
        except (OSError, AfterpushError):
            return False

    def real_name(self, file: str) -> str:
        """The file behind a link of the work tree: CLAUDE.md is often one to AGENTS.md."""
        target = os.path.realpath(self._root / file)
        return (
            os.path.relpath(target, os.path.realpath(self._root))
            if (self._root / file).is_symlink()
            else file
        )

    def installing(self, pieces: Sequence[Piece]) -> list[Change]:
        """What installing these pieces changes, file by file. Raises AfterpushError."""
        changes = []
        for file in dict.fromkeys(piece.file for piece in pieces):
            before = self.text(file)
            mine = [piece for piece in pieces if piece.file == file]
            bare = self._without(file, mine, before)
            after = bare or ""
            for piece in mine:
                after = _added(after, piece)
            changes.append(Change(file, before, after))
        return changes

    def removing(self, pieces: Sequence[Piece]) -> list[Change]:
        """What taking these pieces out changes."""
        changes = []
        for file in dict.fromkeys(piece.file for piece in pieces):
            before = self.text(file)
            mine = [piece for piece in pieces if piece.file == file]
            if before is not None and any(is_installed(before, piece) for piece in mine):
                changes.append(Change(file, before, self._without(file, mine, before)))
        return changes

    def apply(self, changes: Iterable[Change], *, is_install: bool) -> None:
        """Writes the files and the record. Raises AfterpushError naming the file."""
        record = self._recorded()
        try:
            for change in changes:
                if is_install and change.before != change.after:
                    original = self._original(change.file, change.before)
                    record[change.file] = {"after": _digest(change.after or ""), "original": original}
                self._write(change)
                if not is_install:
                    record.pop(change.file, None)
        except OSError as error:
            raise AfterpushError(f"writing {change.file}: {error.strerror}; make it writable") from error
        finally:  # What was written so far can be undone.
            write_private(self._record, json.dumps(record) + "\n")

    def _write(self, change: Change) -> None:
        if change.after is not None:
            if change.after != change.before:
                self._gate.write(change.file, change.after)
            return
        self._gate.remove(change.file)
        for folder in list(Path(change.file).parents)[:-1]:
            with contextlib.suppress(OSError):  # Not empty: it was there, or others use it.
                (self._root / folder).rmdir()

    def _original(self, file: str, before: str | None) -> str | None:
        """What the file was without us: of a second install, what the first one found."""
        entry = self._recorded().get(file)
        is_untouched = entry and before is not None and entry["after"] == _digest(before)
        return entry["original"] if entry and is_untouched else before

    def _without(self, file: str, pieces: Sequence[Piece], text: str | None) -> str | None:
        if text is None:
            return None
        entry = self._recorded().get(file)
        if entry:
            original, ours = entry["original"], entry["after"]
        else:
            original, ours = self._committed(file, pieces)
        if ours == _digest(text):
            return original
        bare = text
        for piece in pieces:
            bare = _removed(bare, piece, original)
        if bare == text or not _is_hollow(bare, pieces):
            return bare
        return original if original is None or _is_hollow(original, pieces) else bare

    def _committed(self, file: str, pieces: Sequence[Piece]) -> tuple[str | None, str]:
        """What the file was before a commit brought our entries, and the hash of what it was after: for a
        clone in which they were not written."""
        mark = pieces[0].mark if isinstance(pieces[0], JsonPiece) else pieces[0].marks.begin
        sha = git(self._root, "log", "--format=%H", "-1", f"-S{mark}", "HEAD", "--", file).text.strip()
        if not sha:
            return None, ""
        before, after = (git(self._root, "show", f"{sha}{parent}:./{file}") for parent in ("^", ""))
        is_known = before.code == 0 and mark not in before.text
        return before.text if is_known else None, _digest(after.text)

    def _recorded(self) -> dict[str, dict[str, str | None]]:
        try:
            document = json.loads(read_bytes(self._record, limit=1 << 24, follow=False))
        except (OSError, ValueError):
            return {}
        entries = document.items() if isinstance(document, dict) else ()
        return {file: entry for file, entry in entries if {"after", "original"} <= set(entry)}


def is_installed(text: str, piece: Piece) -> bool:
    """Whether our piece is in the text, in this or an earlier form."""
    return bool(text.strip()) and _removed(text, piece, None) != text


def _added(text: str, piece: Piece) -> str:
    if isinstance(piece, BlockPiece):
        added = block.add(text, piece.marks, piece.body)
        if piece.file.endswith(".toml"):
            _check_toml(piece.file, text, added)
        return added
    try:
        for key, value in piece.also:
            present = json_text.loads(text) if _says_something(text) else {}
            if not isinstance(present, dict) or key not in present:
                text = json_text.add(text, (key,), value)
        holder = json_text.loads(text) if _says_something(text) else {}
        for name in piece.path:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if piece.path[-1] != json_text.ELEMENT and holder is not None:
            raise AfterpushError(f"{'.'.join(piece.path)} is there already and not ours; rename or remove it")
        added = json_text.add(text, piece.path, piece.value)
        return added if text or added.endswith("\n") else f"{added}\n"
    except ValueError as error:
        raise AfterpushError(f"changing {piece.file}: {error}; correct it by hand") from error
    except AfterpushError as error:
        raise AfterpushError(f"changing {piece.file}: {error}") from error


def _says_something(text: str) -> bool:
    return bool(text.strip("\ufeff \t\r\n"))


def _check_toml(file: str, before: str, after: str) -> None:
    """A table that is there already, or is written inline, cannot be given a second time further down."""
    what = f"changing {file}"
    try:
        load_toml(before)
        what = f"{what}: a table of ours is there already, or is written inline"
        load_toml(after)
    except ValueError as error:
        raise AfterpushError(f"{what}: {error}; correct it by hand") from error


def _removed(text: str, piece: Piece, original: str | None) -> str:
    if isinstance(piece, BlockPiece):
        return block.remove(text, piece.marks)
    if piece.mark not in text:  # Whatever is wrong with a file that others wrote, it has nothing of ours.
        return text
    try:
        bare = json_text.remove(text, piece.path, piece.is_ours)
        if bare == text:
            return text
        for length in range(len(piece.path) - 1, 0, -1):
            if not _has(original, piece.path[:length]):
                bare = json_text.remove(bare, piece.path[:length], lambda value: value in ({}, []))
        return bare
    except ValueError as error:
        raise AfterpushError(f"changing {piece.file}: {error}; correct it by hand") from error


def _has(text: str | None, path: Sequence[str]) -> bool:
    """Whether a text without us had something at the path."""
    try:
        holder = json_text.loads(text) if text else None
    except ValueError:
        return False
    for name in path:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder is not None


def _is_hollow(text: str, pieces: Sequence[Piece]) -> bool:
    """Whether a file says nothing; of JSON, nothing but what we put there besides."""
    ours = [piece for piece in pieces if isinstance(piece, JsonPiece)]
    if not _says_something(text) or not ours:
        return not text.strip()
    return json_text.loads(text) in ({}, dict(ours[0].also))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
