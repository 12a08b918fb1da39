"""Everything of a clone that a push that failed must have left as it was."""

import subprocess
from pathlib import Path
from typing import Any


def snapshot(folder: Path) -> dict[str, Any]:
    """HEAD, branches, index, stashes, and every file of the work tree with its mode, untracked ones too."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False).stdout

    return {
        "head": git("symbolic-ref", "HEAD") + git("rev-parse", "HEAD"),
        "branches": git("for-each-ref", "refs/heads", "refs/tags"),
        "index": git("ls-files", "--stage"),
        "status": git("status", "--porcelain=v1", "--untracked-files=all"),
        "stashes": git("stash", "list", "--format=%H %gs"),
        "files": {
            str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(folder).parts
        },
    }
