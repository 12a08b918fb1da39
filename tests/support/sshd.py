"""A real sshd on loopback with throw-away keys, and a client configuration that knows it by a name."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

SSHD = Path("/usr/sbin/sshd")


@contextmanager
def sshd(
    folder: Path, environment: Mapping[str, str], name: str = "box"
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs sshd; whoever connects to `name` has this environment there. HOME must be a test's own."""
    if not SSHD.exists():
        pytest.skip("sshd is not installed: apt-get install openssh-server")
    if os.geteuid() == 0:
        with suppress(FileExistsError):
            Path("/run/sshd").mkdir(mode=0o755)
    for key in ("host", "user"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(words, check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pairs = " ".join(f'"{variable}={value}"' for variable, value in environment.items())
    configuration = folder / "sshd_config"
    configuration.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\nPasswordAuthentication no\n"
        f"PermitRootLogin prohibit-password\nPrintMotd no\nSetEnv {pairs}\n"
    )
    home = Path.home() / ".ssh"
    home.mkdir(mode=0o700, exist_ok=True)
    with (home / "config").open("a") as file:
        file.write(f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {folder / 'user'}\n")
    with (home / "known_hosts").open("a") as file:
        file.write(f"[127.0.0.1]:{port} {' '.join((folder / 'host.pub').read_text().split()[:2])}\n")
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", configuration], stdout=log, stderr=log)
    try:
        wait_until(lambda: "listening" in (folder / "sshd.log").read_text(), "sshd listens")
        yield process
    finally:
        process.kill()
        process.wait()


def there(folder: Path) -> dict[str, str]:
    """The environment of the machine: our own package on its PATH, and a cache of its own."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
