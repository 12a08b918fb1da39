"""A monitor on an always-on machine: prepared, started and read back over SSH.

It gets the one commit object (its time is what the watch needs), the URL of the remote without credentials,
and `config/afterpush.yaml`. No files of the repository, no history and no secret are sent: tokens stay in
that machine's own environment, or in a `.env` in the monitor's folder there.
"""

import base64
import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from afterpush import __version__
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, git_text
from afterpush.infra.git.urls import without_credentials

_PATH = 'PATH="$PATH:$HOME/.local/bin"; export PATH; '
_NO_PYTHON, _NO_PACKAGE = 97, 98


class RemoteResult(Protocol):
    """How a remote command ended."""

    @property
    def code(self) -> int: ...
    @property
    def out(self) -> str: ...
    @property
    def err(self) -> str: ...


class RemoteHost(Protocol):
    """A machine that runs shell scripts."""

    @property
    def host(self) -> str: ...
    def run(self, script: str) -> RemoteResult: ...


@dataclass(frozen=True)
class Payload:
    """All that is sent: the commit's bytes, the remote's URL and the configuration's text (None: no file)."""

    sha: str
    commit: bytes
    remote: str
    url: str
    configuration: bytes | None

    @property
    def folder(self) -> str:
        """The monitor's folder there, as a shell word that the shell there expands."""
        name = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        return f'"${{XDG_CACHE_HOME:-$HOME/.cache}}/afterpush/monitors/{name}"'


def pack(repo: Path, root: Path, remote: str, sha: str, configuration: Path) -> Payload:
    """What a monitor of this commit needs. Raises AfterpushError when git does not know it."""
    if git(repo, "cat-file", "-e", f"{sha}^{{commit}}").code != 0:
        raise AfterpushError(f"git in {repo} knows no commit {sha}")
    commit = git(repo, "cat-file", "commit", sha).stdout
    path = root / configuration
    url = git_text(repo, "remote", "get-url", remote, doing=f"finding the URL of {remote}")
    content = path.read_bytes() if path.is_file() else None
    return Payload(sha, commit, remote, without_credentials(url), content)


def prepare(machine: RemoteHost, parcel: Payload) -> str:
    """Checks Python and afterpush there, and puts the parcel down; returns the folder's path there.

    Raises AfterpushError that says what is missing, and how to get it.
    """
    done = machine.run(preparing_script(parcel))
    if done.code == _NO_PYTHON:
        raise AfterpushError(f"{machine.host} has no python3 of at least 3.11 on its PATH; install one there")
    if done.code == _NO_PACKAGE:
        raise AfterpushError(
            f"{machine.host} has no afterpush on its PATH; install {__version__} there, as you did here"
        )
    lines = done.out.splitlines()
    if done.code != 0 or len(lines) < 3:
        said = (done.err or done.out).strip().splitlines()
        raise AfterpushError(f"preparing {machine.host}: {said[-1] if said else f'exit code {done.code}'}")
    version, stored, folder = lines[0].split()[-1], lines[-2], lines[-1]
    if version != __version__:
        raise AfterpushError(
            f"{machine.host} has afterpush {version}, here it is {__version__}; install the same there"
        )
    if stored != parcel.sha:
        raise AfterpushError(f"preparing {machine.host}: the commit arrived as {stored}, not {parcel.sha}")
    return folder


def preparing_script(parcel: Payload) -> str:
    """The script that prepares the folder there; its last lines are the commit and the folder."""
    lines = [
        _PATH,
        f'python3 -c "import sys; sys.exit(sys.version_info < (3, 11))" || exit {_NO_PYTHON}',
        f"command -v afterpush >/dev/null || exit {_NO_PACKAGE}",
        "set -e",
        "umask 077",
        "afterpush --version",
        f"mkdir -p {parcel.folder}/config",
        f"cd {parcel.folder}",
        "[ -d .git ] || git init -q .",
        f"git config {shlex.quote(f'remote.{parcel.remote}.url')} {shlex.quote(parcel.url)}",
        "rm -f config/afterpush.yaml",
    ]
    if parcel.configuration is not None:
        lines.append(f"printf %s {_encoded(parcel.configuration)} | base64 -d >config/afterpush.yaml")
    lines += [
        f"printf %s {_encoded(parcel.commit)} | base64 -d | git hash-object -t commit -w --stdin",
        "pwd",
    ]
    return "\n".join(lines)


def _encoded(content: bytes) -> str:
    return shlex.quote(base64.b64encode(content).decode("ascii"))


def run_there(machine: RemoteHost, folder: str, words: Sequence[str]) -> RemoteResult:
    """Runs one of our tasks in the monitor's folder there."""
    return machine.run(f"{_PATH}cd {shlex.quote(folder)} && exec {shlex.join(['afterpush', *words])}")
