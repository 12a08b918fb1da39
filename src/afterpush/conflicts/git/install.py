"""Registering the merge driver with git: lines in `.gitattributes`, the command in the configuration."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.conflicts.git.driver_command import NAME, TITLE, attribute_lines, driver_command
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import config_value, git
from afterpush.infra.safe_paths import Gate

ATTRIBUTES = Path(".gitattributes")


@dataclass(frozen=True)
class InstallPlan:
    """What changes: the new text of `.gitattributes` and the configuration; nothing where both are equal."""

    attributes_before: bytes | None
    attributes_after: bytes | None
    config_before: dict[str, str | None]
    config_after: dict[str, str | None]

    @property
    def writes_attributes(self) -> bool:
        return self.attributes_before != self.attributes_after

    @property
    def config_changes(self) -> dict[str, str | None]:
        """The keys that change; None means that the key goes away."""
        return {key: value for key, value in self.config_after.items() if self.config_before[key] != value}

    @property
    def added_lines(self) -> list[str]:
        return _difference(self.attributes_after, self.attributes_before)

    @property
    def removed_lines(self) -> list[str]:
        return _difference(self.attributes_before, self.attributes_after)


def _difference(text: bytes | None, other: bytes | None) -> list[str]:
    others = set((other or b"").splitlines())
    return [line.decode("utf-8", "replace") for line in (text or b"").splitlines() if line not in others]


def with_lines(text: bytes | None, lines: Sequence[str]) -> bytes:
    """The attributes file with each of our lines once, before all others, with its line endings.

    Of two lines about one path git takes the last one (gitattributes(5)): so a line of the user's own,
    such as `CHANGELOG.md merge=union`, decides, wherever it is in the file.
    """
    bom, before = (
        (codecs.BOM_UTF8, text[3:]) if text and text.startswith(codecs.BOM_UTF8) else (b"", text or b"")
    )
    ending = b"\r\n" if b"\r\n" in before else b"\n"
    ours = {line.encode() for line in lines}
    others = [line for line in before.splitlines(keepends=True) if line.strip() not in ours]
    return bom + b"".join((*(line.encode() + ending for line in lines), *others))


def without_driver(text: bytes | None) -> bytes | None:
    """The attributes file without the lines that only name our driver; None when nothing else was in it."""
    kept = [line for line in (text or b"").splitlines(keepends=True) if not _is_ours(line)]
    return b"".join(kept) or None


def _is_ours(line: bytes) -> bool:
    return (
        not line.lstrip().startswith(b"#")
        and line.split()[-1:] == [f"merge={NAME}".encode()]
        and (line.strip().startswith(b'"') or len(line.split()) == 2)
    )


def plan_install(root: Path, patterns: Sequence[str], python: str) -> InstallPlan:
    """What has to be written in the worktree at `root` so that git merges these globs through afterpush."""
    before = _attributes(root)
    return InstallPlan(
        before,
        with_lines(before, attribute_lines(patterns)),
        _config(root),
        {_key("name"): TITLE, _key("driver"): driver_command(python)},
    )


def plan_uninstall(root: Path) -> InstallPlan:
    """What has to be taken away again; other attributes and other drivers stay."""
    before = _attributes(root)
    return InstallPlan(
        before, without_driver(before), _config(root), {_key("name"): None, _key("driver"): None}
    )


def apply_plan(root: Path, plan: InstallPlan) -> None:
    """Writes the plan: the configuration first, so that no attribute ever names an unknown driver."""
    leaving = [key for key, value in plan.config_changes.items() if value is None]
    for key, value in plan.config_changes.items():
        if value is not None:
            _configure(root, "--replace-all", key, value)
    if plan.writes_attributes:
        _write_attributes(root, plan.attributes_after)
    if leaving:
        _configure(root, "--remove-section", f"merge.{NAME}")


def _key(name: str) -> str:
    return f"merge.{NAME}.{name}"


def _config(root: Path) -> dict[str, str | None]:
    return {_key(name): config_value(root, _key(name)) for name in ("name", "driver")}


def _configure(root: Path, *arguments: str) -> None:
    # --local is the configuration that all worktrees share.
    done = git(root, "config", "--local", *arguments)
    if done.code != 0:
        raise AfterpushError(f"registering the merge driver in {root}: git config says: {done.error_text}")


def _attributes(root: Path) -> bytes | None:
    try:
        return Gate(root).read(ATTRIBUTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AfterpushError(f"reading {root / ATTRIBUTES}: {error.strerror}; make it readable") from error


def _write_attributes(root: Path, content: bytes | None) -> None:
    try:
        if content is None:
            Gate(root).remove(ATTRIBUTES)
        else:
            Gate(root).write(ATTRIBUTES, content)
    except OSError as error:
        raise AfterpushError(
            f"writing {root / ATTRIBUTES}: {error.strerror}; make its folder writable"
        ) from error
