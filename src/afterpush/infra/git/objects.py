"""Objects of a repository: reading blobs, making commits, and a scratch store that leaves no trace."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import temporary_folder
from afterpush.infra.git import config_value, git, git_bytes, git_text

Env = Mapping[str, str]


@contextmanager
def scratch_objects(repo: Path) -> Iterator[dict[str, str]]:
    """The environment in which git writes new objects to a folder that is gone afterwards.

    What git knows stays readable; git itself does the same for a push until its hooks have agreed.
    """
    store = git_text(
        repo,
        "rev-parse",
        "--path-format=absolute",
        "--git-path",
        "objects",
        doing="finding the object store",
    )
    with temporary_folder() as folder:
        yield {
            "GIT_OBJECT_DIRECTORY": str(folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _alternate(store),
        }


def _alternate(path: str) -> str:
    """The path as git reads it from a colon-separated list: quoted like a C string where it must be."""
    if os.pathsep not in path and not path.startswith('"'):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_blob(repo: Path, oid: str, *, env: Env | None = None) -> bytes:
    """The bytes of a blob. Raises AfterpushError when git does not have it."""
    return git_bytes(repo, "cat-file", "blob", oid, env=env, doing=f"reading the object {oid}")


def write_blob(repo: Path, content: bytes, *, env: Env | None = None) -> str:
    """Stores bytes as they are (no filters) and returns their object id."""
    return git_text(repo, "hash-object", "-w", "--stdin", input=content, env=env, doing="storing an object")


@dataclass(frozen=True)
class CommitText:
    """What a commit says, byte for byte where it is text."""

    tree: str
    parents: tuple[str, ...]
    author: bytes
    encoding: str
    message: bytes


def read_commits(repo: Path, shas: Sequence[str], *, env: Env | None = None) -> list[CommitText]:
    """The commits of these full shas, in their order, with one git process for all."""
    asked = "".join(f"{sha}\n" for sha in shas).encode()
    done = git(repo, "cat-file", "--batch", input=asked, env=env)
    commits, at = [], 0
    for sha in shas:
        header, _, _ = done.stdout[at:].partition(b"\n")
        facts = header.split()
        if done.code != 0 or len(facts) != 3 or facts[1] != b"commit":
            raise AfterpushError(
                f"reading the commit {sha} in {repo}: git says: {done.error_text or header!r}"
            )
        at += len(header) + 1
        commits.append(_commit_text(done.stdout[at : at + int(facts[2])]))
        at += int(facts[2]) + 1
    return commits


def _commit_text(raw: bytes) -> CommitText:
    head, _, message = raw.partition(b"\n\n")
    # Continued lines (a signature's) start with a space: they belong to no field that is read here.
    fields = [line.partition(b" ") for line in head.split(b"\n") if not line.startswith(b" ")]
    values = {name: value for name, _, value in reversed(fields)}
    return CommitText(
        tree=values[b"tree"].decode(),
        parents=tuple(value.decode() for name, _, value in fields if name == b"parent"),
        author=values[b"author"],
        encoding=values.get(b"encoding", b"").decode("ascii", "replace"),
        message=message,
    )


def signs_commits(repo: Path) -> bool:
    """Whether the user's git signs each commit (`commit.gpgSign`)."""
    return (config_value(repo, "commit.gpgSign") or "").lower() in ("true", "yes", "on", "1")


def write_commit(
    repo: Path,
    tree: str,
    parents: Sequence[str],
    message: bytes,
    *,
    like: CommitText | None = None,
    sign: bool = False,
    env: Env | None = None,
) -> str:
    """Makes a commit, with the author and encoding of `like`; the committer is the user, now."""
    encoding = ("-c", f"i18n.commitEncoding={like.encoding}") if like and like.encoding else ()
    options = [word for parent in parents for word in ("-p", parent)] + (["-S"] if sign else [])
    return git_text(
        repo,
        *(*encoding, "commit-tree", tree, *options),
        input=message,
        env=dict(env or {}) | (_author(like.author) if like else {}),
        doing="making a commit",
    )


def _author(line: bytes) -> dict[str, str]:
    """`Name <mail> seconds zone` as git's variables."""
    person, _, when = line.decode("utf-8", "surrogateescape").rpartition("> ")
    name, _, mail = person.partition(" <")
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": f"@{when}"}
