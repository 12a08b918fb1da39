"""A server from Debian's unstable suite, unpacked into a folder of its own: nothing is installed.

The stable suites have MariaDB only. apt downloads and checks the signatures with lists and an (empty) package
status of its own, so that every library comes along, down to the C library; no root is needed. `dpkg-deb -x`
runs none of the packages' scripts. MySQL 9.7 is 63 MB to download and 470 MB unpacked.
"""

import re
import shutil
from pathlib import Path

from afterpush.infra.database_server.programs import Flavour, Program, program_in
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.files import private_folder
from afterpush.infra.locks import locked
from afterpush.infra.processes import Completed, run

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LIMIT_SECONDS = 600
_NOT_NEEDED = ("doc", "man", "perl", "locale")


def unpack(flavour: Flavour, folder: Path) -> Program:
    """The program under `folder`/`flavour`, where `programs` looks for it; downloaded if it is not there.

    Raises AfterpushError when apt, or a Debian archive among its sources, cannot be had.
    """
    root = private_folder(folder) / flavour
    with locked(folder / "lock", wait_seconds=_LIMIT_SECONDS, doing=f"unpacking {flavour}"):
        if not (root / "ready").is_file():
            _download_and_unpack(flavour, root)
            (root / "ready").touch()
    program = program_in(root)
    if program is None:
        raise AfterpushError(f"{root} holds no {flavour} that runs here; remove the folder and try again")
    return program


def _download_and_unpack(flavour: Flavour, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    apt = root.with_name(f"{flavour}.apt")
    shutil.rmtree(apt, ignore_errors=True)
    try:
        for part in ("lists/partial", "cache/archives/partial"):
            (apt / part).mkdir(parents=True)
        (apt / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_archive()} sid main\n")
        (apt / "status").touch()
        (apt / "apt.conf").write_text(_configuration(apt))
        _apt(apt, "update")
        _apt(apt, "install", "--yes", "--download-only", f"{flavour}-server-core", f"{flavour}-client-core")
        root.mkdir(mode=0o700)
        for package in sorted((apt / "cache/archives").glob("*.deb")):
            _checked(run(["dpkg-deb", "-x", package, root], timeout_seconds=_LIMIT_SECONDS))
        for part in _NOT_NEEDED:
            shutil.rmtree(root / "usr/share" / part, ignore_errors=True)
    finally:
        shutil.rmtree(apt, ignore_errors=True)


def _archive() -> str:
    """The Debian archive that this machine uses."""
    targets = _checked(run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]))
    for uri in targets.text.split():
        if re.search(r"/debian/?$", uri):
            return uri
    raise AfterpushError("no Debian archive is among this machine's apt sources", ExitCode.UNREACHABLE)


def _configuration(apt: Path) -> str:
    return f"""\
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "{apt}/lists";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "3";
"""


def _apt(apt: Path, *words: str) -> None:
    _checked(run(["apt-get", "-qq", "-c", apt / "apt.conf", *words], timeout_seconds=_LIMIT_SECONDS))


def _checked(done: Completed) -> Completed:
    if done.code != 0:
        said = f"{done.error_text[-300:]} (exit code {done.code})"
        raise AfterpushError(f"{' '.join(done.argv[:2])} failed: {said}", ExitCode.UNREACHABLE)
    return done
