"""A monitor on an always-on machine: prepared, started and read back over SSH.

It gets the one commit object (its time is what the watch needs), the URL of the remote without credentials,
and `config/afterpush.yaml`. No files of the repository, no history and no secret are sent: tokens stay in
that machine's own environment, or in a `.env` in the monitor's folder there.
"""

import base64
import hashlib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, git_text
from afterpush.infra.git.urls import without_credentials
from afterpush.infra.remote.environment import prepared
from afterpush.infra.remote.ssh import Remote, RemoteAnswer
from afterpush.infra.remote.wheel import installed


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


@dataclass(frozen=True)
class Prepared:
    """A machine that is ready: the interpreter that runs what runs here, and the monitor's folder there."""

    remote: Remote
    python: str
    folder: str

    def run(self, words: Sequence[str]) -> RemoteAnswer:
        """Runs one of our tasks in the monitor's folder there."""
        command = shlex.join([self.python, "-P", "-m", "afterpush", *words])
        return self.remote.run(f"cd {shlex.quote(self.folder)} && exec {command}")


def prepare(remote: Remote, payload: Payload, note: Callable[[str], None]) -> Prepared:
    """Brings our own code to the machine where it is not there yet, and the payload.

    Raises AfterpushError that says what is missing there.
    """
    python = prepared(remote, installed(), note)
    done = remote.run(preparing_script(payload))
    lines = done.out.splitlines()
    if done.code != 0 or len(lines) < 2:
        said = (done.err or done.out).strip().splitlines()
        raise AfterpushError(f"preparing {remote.host}: {said[-1] if said else f'exit code {done.code}'}")
    stored, folder = lines[-2:]
    if stored != payload.sha:
        raise AfterpushError(f"preparing {remote.host}: the commit arrived as {stored}, not {payload.sha}")
    return Prepared(remote, python, folder)


def preparing_script(payload: Payload) -> str:
    """The script that prepares the folder there; its last lines are the commit and the folder."""
    lines = [
        "set -e",
        "umask 077",
        f"mkdir -p {payload.folder}/config",
        f"cd {payload.folder}",
        "[ -d .git ] || git init -q .",
        f"git config {shlex.quote(f'remote.{payload.remote}.url')} {shlex.quote(payload.url)}",
        "rm -f config/afterpush.yaml",
    ]
    if payload.configuration is not None:
        lines.append(f"printf %s {_encoded(payload.configuration)} | base64 -d >config/afterpush.yaml")
    lines += [
        f"printf %s {_encoded(payload.commit)} | base64 -d | git hash-object -t commit -w --stdin",
        "pwd",
    ]
    return "\n".join(lines)


def _encoded(content: bytes) -> str:
    return shlex.quote(base64.b64encode(content).decode("ascii"))
