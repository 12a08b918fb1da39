"""Who owns this repository's hooks, and whether a push would start a watch."""

from dataclasses import dataclass
from pathlib import Path

from afterpush.ground.git import config_value, git_text

_LEFTHOOK = ("lefthook.yml", ".lefthook.yml", "lefthook.yaml", "lefthook.toml", "lefthook.json")
_OURS = ("hooks.pre-push", "afterpush")


@dataclass(frozen=True)
class HooksOwner:
    """`manager` is husky, lefthook, pre-commit, git, or other; `folder` is where git looks for hooks."""

    manager: str
    folder: Path
    folder_exists: bool
    is_ours_called: bool


def hooks_owner(repo: Path, root: Path) -> HooksOwner:
    """Looks at `core.hooksPath`, at the managers' own files, and at what the pre-push hook says."""
    path = git_text(
        repo, "rev-parse", "--path-format=absolute", "--git-path", "hooks", doing="finding the hooks folder"
    )
    folder = Path(path)
    manager = _manager(root, folder, config_value(repo, "core.hooksPath"))
    scripts = [folder / "pre-push", folder.parent / "pre-push" if manager == "husky" else folder / "pre-push"]
    scripts.append(root / ".husky" / "pre-push" if manager == "husky" else root / "lefthook.yml")
    called = any(word in _text(script) for script in scripts for word in _OURS)
    return HooksOwner(manager, folder, folder.is_dir(), called)


def _manager(root: Path, folder: Path, configured: str | None) -> str:
    if ".husky" in folder.parts:
        return "husky"
    if any((root / name).is_file() for name in _LEFTHOOK):
        return "lefthook"
    if (root / ".pre-commit-config.yaml").is_file():
        return "pre-commit"
    if configured:
        return "other"
    return "husky" if (root / ".husky").is_dir() else "git"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
