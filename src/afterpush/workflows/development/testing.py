"""Preparing a machine for the tests, and running them: what `inv test` and `inv bench` do."""

import os
import shutil
import sys
from pathlib import Path

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.console import note
from afterpush.infra.database_server.choice import available, cache_folder
from afterpush.infra.database_server.debian import unpack
from afterpush.infra.database_server.programs import FLAVOURS
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.processes import run, run_attached

EXTRAS = "dev,docs,swarm,agents"
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
# Twice the cores: most tests wait for processes of their own.
_WORKERS = 2 * (os.cpu_count() or 2)
# A program that shows whether the part is there, and the Debian packages that bring it.
PARTS = {
    "mariadbd": ("mariadb-server-core", "mariadb-client-core"),
    "sshd": ("openssh-server",),
    "ssh": ("openssh-client",),
    "chromium": ("chromium",),
    "npm": ("nodejs", "npm"),
    "openssl": ("openssl",),
    "tmux": ("tmux",),
}


def prepare(root: Path) -> list[str]:
    """Installs the Python extras and, as root on Debian, the real parts; returns what is still missing."""
    environment = dict(os.environ) | {"AFTERPUSH_EXTRAS": EXTRAS}
    code = run_attached([root / "inv", "--version"], cwd=root, env=environment)
    if code != 0:
        raise AfterpushError(f"could not install the extras {EXTRAS} (exit code {code}); see above")
    missing = _missing()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [package for part in missing for package in PARTS[part]]
        note(f"installing Debian packages, a few minutes, once: {' '.join(packages)}")
        quiet = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = run(["apt-get", "--quiet", *words], env=quiet)
            if done.code != 0:
                note(f"apt-get {words[0]} failed: {done.error_text[-300:]}")
    return [*_missing(), *_unpacked_servers()]


def _unpacked_servers() -> list[str]:
    """Unpacks the servers that are not installed into the user's cache; returns what could not be had.

    Debian's stable suites have no MySQL; without root, MariaDB comes the same way.
    """
    environment = read_environment(None)
    here = {program.flavour for program in available(environment)}
    missing: list[str] = []
    for flavour in FLAVOURS:
        if flavour not in here:
            note(f"unpacking {flavour} (once) into {cache_folder(environment) / 'servers'}")
            try:
                unpack(flavour, cache_folder(environment) / "servers")
            except AfterpushError as error:
                note(str(error))
                missing.append(flavour)
    return missing


def _missing() -> list[str]:
    return [part for part in PARTS if not shutil.which(part, path=SYSTEM_PATH)]


def run_tests(
    root: Path, missing: list[str], only: str, match: str, workers: str, *, explore: bool = False
) -> ExitCode:
    """Runs pytest in this environment; says at the end which parts could not be had.

    Property tests try the same examples in every run, so that no run is red by chance; with `explore` they
    search for new ones.
    """
    words = [sys.executable, "-m", "pytest", *only.split()]
    if explore:
        words += ["--hypothesis-profile=explore"]
    if workers != "0":
        # Single tests go to the next free worker: some files take a hundred times as long as others.
        words += ["-n", workers or str(_WORKERS), "--dist", "worksteal"]
    if match:
        words += ["-k", match]
    code = run_attached(words, cwd=root)
    for part in missing:
        cure = f"as root: apt-get install {' '.join(PARTS[part])}" if part in PARTS else "see above"
        note(f"missing: {part}, so its tests were skipped; {cure}")
    return ExitCode.GOOD if code == 0 else ExitCode.BAD_ANSWER


def run_benches(root: Path, only: str) -> ExitCode:
    """Runs the modules of bench/ one after another; each prints its own table."""
    modules = sorted(path.stem for path in (root / "bench").glob("*.py") if not path.stem.startswith("_"))
    if only and only not in modules:
        raise AfterpushError(f"--only={only}: no such measurement; there are {', '.join(modules)}")
    worst = ExitCode.GOOD
    for module in [only] if only else modules:
        print(f"\n## {module}\n", flush=True)
        if run_attached([sys.executable, "-m", f"bench.{module}"], cwd=root) != 0:
            worst = ExitCode.BAD_ANSWER
    return worst
