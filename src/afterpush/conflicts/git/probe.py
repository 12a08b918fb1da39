"""Does git call the driver, here, in this worktree? A merge of made-up documents answers it.

A registered driver proves nothing: the attribute may be missing in this worktree's branch, the path may
be misspelt, the interpreter gone. The probe merges, with git and in a scratch object store, documents
on which git alone would stop, at made-up paths that the configured globs match.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.conflicts.git.driver_command import NAME
from afterpush.conflicts.kinds.file_kinds import Kind, kind_of
from afterpush.conflicts.merge import merge_document
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import temporary_folder
from afterpush.infra.git import config_value, git
from afterpush.infra.git.merge_tree import TreeMerge, merge_attribute, merge_trees
from afterpush.infra.git.objects import Env, read_blob, scratch_objects, write_blob, write_commit
from afterpush.infra.invocation import command

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents

# Both sides append at the same place: git alone stops there, afterpush keeps both.
BASE = b"# Probe\n\n### PROBE-001: One\n\n**Status:** ready\n"
OURS = BASE + b"\n### PROBE-002: Two\n\n**Status:** ready\n"
THEIRS = BASE + b"\n### PROBE-003: Three\n\n**Status:** ready\n"


@dataclass(frozen=True)
class Probe:
    """What the probe of one glob showed; `why` says what is wrong and what to do."""

    pattern: str
    path: str
    is_live: bool
    why: str = ""


def sample_path(pattern: str) -> str:
    """A path that the glob matches and that nobody has."""
    text = pattern.replace("**/", "afterpush-probe/")
    text = re.sub(r"\[(.)[^]]*\]", r"\1", text)
    return re.sub(r"\*+", "afterpush-probe", text).replace("?", "x")


def probe_driver(repo: Path, patterns: Sequence[str], documents: "Documents") -> list[Probe]:
    """What git does with each glob; nothing of the repository changes.

    One merge of a made-up Markdown document shows whether the driver runs; whether git would ask it for the
    other globs, their attributes tell.
    """
    paths = {pattern: sample_path(pattern) for pattern in patterns}
    attributes = merge_attribute(repo, list(paths.values()))
    sample = next((path for path in paths.values() if kind_of(path, documents) is Kind.MARKDOWN), None)
    asked = [path for path in paths.values() if attributes.get(path) == NAME]
    why = _why_dead(repo, sample if sample in asked else None, documents)
    return [_judged(pattern, path, attributes.get(path), why) for pattern, path in paths.items()]


def _why_dead(repo: Path, path: str | None, documents: "Documents") -> str:
    """Why a merge at this path did not give our answer; "" where it did, or where nothing is asked of it."""
    if path is None:
        return ""
    expected = merge_document(BASE, OURS, THEIRS, path=path, documents=documents).text
    with scratch_objects(repo) as env:
        base, ours, theirs = (_commit(repo, [path], content, env) for content in (BASE, OURS, THEIRS))
        try:
            merged: TreeMerge | None = merge_trees(
                repo, _child(repo, ours, base, env), _child(repo, theirs, base, env), env=env
            )
            said = merged.said if merged else ""
        except AfterpushError as error:
            merged, said = None, str(error)
        if merged and not merged.conflicts and _blob_at(repo, merged.tree, path, env) == expected:
            return ""
    install = command("conflicts.install")
    if config_value(repo, f"merge.{NAME}.driver") is None:
        return f"no driver is registered in this clone; run {install}"
    lines = said.splitlines() or ["it did not give our answer"]
    first = next((line for line in lines if line.startswith("afterpush: ")), lines[0])
    first = first.removeprefix("afterpush: ").partition("; this is git")[0]
    return f"git called the registered driver, but: {first}; run {install}"


def _judged(pattern: str, path: str, attribute: str | None, why: str) -> Probe:
    if attribute == NAME:
        return Probe(pattern, path, not why, why)
    given = "no line" if attribute in (None, "unspecified") else f"merge={attribute}, not merge={NAME}"
    missing = f".gitattributes in this worktree has {given} for it; run {command('conflicts.install')}"
    return Probe(pattern, path, False, missing)


def _commit(repo: Path, paths: Sequence[str], content: bytes, env: Env) -> str:
    """A tree that holds the content at every path."""
    blob = write_blob(repo, content, env=env)
    with temporary_folder() as folder:
        index = {**env, "GIT_INDEX_FILE": str(folder / "index")}
        entries = "".join(f"100644 {blob}\t{path}\0" for path in paths).encode()
        done = git(repo, "update-index", "-z", "--index-info", input=entries, env=index)
        tree = git(repo, "write-tree", env=index)
    if done.code != 0 or tree.code != 0:
        raise AfterpushError(
            f"probing the merge driver in {repo}: git says: {done.error_text or tree.error_text}"
        )
    return tree.text.strip()


def _child(repo: Path, tree: str, base: str, env: Env) -> str:
    root = write_commit(repo, base, [], b"probe\n", env=_PROBE_PERSON | dict(env))
    return write_commit(repo, tree, [root], b"probe\n", env=_PROBE_PERSON | dict(env))


def _blob_at(repo: Path, tree: str, path: str, env: Env) -> bytes | None:
    try:
        return read_blob(repo, f"{tree}:{path}", env=env)
    except AfterpushError:
        return None


# The probe must also work where git has no identity yet; a fixed date makes both bases one commit.
_PROBE_PERSON = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "probe"), ("EMAIL", "probe@invalid"), ("DATE", "@1 +0000"))
}
