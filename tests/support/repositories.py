"""Real git repositories in temporary folders."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """A clone at `path` of the bare repository `remote`."""

    path: Path
    remote: Path

    def git(self, *arguments: str, check: bool = True) -> str:
        """stdout of git here, stripped; the test fails when git does."""
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout.strip()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def commit(self, message: str = "Change", **files: str) -> str:
        """Writes the files (`a_md="..."` is a.md), commits everything; returns the sha."""
        for name, content in files.items():
            self.write(name.replace("_", "."), content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *refspecs: str) -> None:
        self.git("push", "--quiet", "origin", *(refspecs or ("main",)))

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def another_clone(self, name: str) -> "Repository":
        """A second clone of the same remote, beside this one."""
        path = self.path.parent / name
        subprocess.run(["git", "clone", "--quiet", self.remote, path], check=True, capture_output=True)
        return Repository(path, self.remote)


def make_repository(folder: Path, name: str = "app") -> Repository:
    """A bare remote and a clone of it with one pushed commit on main."""
    return copied(_template(), Repository(folder / name, folder / f"{name}.git"))


def copied(template: Repository, copy: Repository) -> Repository:
    """A copy of a clone and its remote: a tenth of the time that git takes to make them."""
    shutil.copytree(template.remote, copy.remote)
    shutil.copytree(template.path, copy.path, symlinks=True)
    config = copy.path / ".git/config"
    config.write_text(config.read_text().replace(str(template.remote), str(copy.remote)))
    copy.git("update-index", "-q", "--refresh")  # It knows the files by their inodes.
    return copy


def lasting_folder() -> Path:
    """A folder for templates, which lasts as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="afterpush-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _template() -> Repository:
    """What every repository begins as, made once by git."""
    folder = lasting_folder()
    repository = Repository(folder / "app", folder / "app.git")
    for words in (["init", "--bare", "--initial-branch=main"], ["clone", repository.remote]):
        target = repository.path if words[0] == "clone" else repository.remote
        subprocess.run(["git", *words, "--quiet", target], check=True, capture_output=True)
    repository.git("checkout", "--quiet", "-B", "main")
    repository.commit("First", README_md="# app\n")
    repository.git("push", "--quiet", "--set-upstream", "origin", "main")
    for sample in folder.rglob("hooks/*.sample"):
        sample.unlink()
    return repository
