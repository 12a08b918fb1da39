"""Real git repositories in temporary folders."""

import subprocess
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
    remote = folder / f"{name}.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)
    path = folder / name
    subprocess.run(["git", "clone", "--quiet", remote, path], check=True, capture_output=True)
    repository = Repository(path, remote)
    repository.git("checkout", "--quiet", "-B", "main")
    repository.commit("First", README_md="# app\n")
    repository.git("push", "--quiet", "--set-upstream", "origin", "main")
    return repository
