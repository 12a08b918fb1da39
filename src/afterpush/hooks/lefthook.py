"""lefthook: it writes git's hooks itself, from its configuration, and runs scripts from a folder of its own.

A script of it gets git's arguments and input as they are (lefthook 2.2.2). A command would not do: lefthook
leaves commands out for a push without changed files, puts the URL into a shell line unquoted, and stops
the push of everybody who has no afterpush on the PATH.
"""

import re
from pathlib import Path

from afterpush.hooks.scripts import text_of

FILES = tuple(
    f"{folder}{dot}lefthook{local}.{ending}"
    for folder in ("", ".config/")
    for dot in ("", ".")
    for local in ("", "-local")
    for ending in ("yml", "yaml", "toml", "json")
)
SCRIPT = "afterpush"
ADVICE = (
    "lefthook writes the hooks itself; add this to its configuration, then run lefthook install:\n"
    f"  pre-push:\n    scripts:\n      {SCRIPT}:\n        runner: sh\n        use_stdin: true"
)
STILL_NAMED = (
    f"lefthook's configuration names {SCRIPT}, and lefthook stops each push when that script is missing, "
    "so it stays; take those lines out, then inv hooks.uninstall again"
)
_NOT_TOLD = "lefthook does not call afterpush yet"
_NOT_WRITTEN = "lefthook has not written its pre-push hook here; run lefthook install"
_FOLDER = re.compile(r"""^\s*["']?source_dir["']?\s*[:=]\s*["']?([^"'\s,#]+)""", re.MULTILINE)


def is_used(repo: Path) -> bool:
    """Whether the repository has a configuration of lefthook."""
    return any((repo / name).is_file() for name in FILES)


def scripts_folder(repo: Path) -> Path:
    """Where lefthook takes the scripts of pre-push from."""
    named = (_FOLDER.search(text_of(repo / name)) for name in FILES)
    folder = next((found[1] for found in named if found), ".lefthook")
    return repo / folder / "pre-push"


def calls_afterpush(repo: Path) -> bool:
    """Whether its configuration names our script, or calls us in words of its own."""
    return any(re.search(rf"\b{SCRIPT}\b", text_of(repo / name)) for name in FILES)


def problems(repo: Path, hooks_path: Path) -> list[str]:
    """What keeps lefthook from running our script."""
    if not calls_afterpush(repo):
        return [_NOT_TOLD]
    return [] if "lefthook" in text_of(hooks_path / "pre-push") else [_NOT_WRITTEN]
