"""The repositories of the demo: a bare remote, and two people's clones of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git

BRANCH = "main"
REPO = "acme/shop"


@dataclass(frozen=True)
class Clone:
    """One person's clone. `environment` is what git runs with: no configuration from outside."""

    path: Path
    person: str
    environment: Mapping[str, str]

    def git(self, *words: str) -> str:
        """stdout of git, which must succeed. Raises AfterpushError."""
        done = git(self.path, *words, env=self.environment)
        if done.code != 0:
            raise AfterpushError(f"git {' '.join(words[:2])} in {self.path}: {done.error_text}")
        return done.text.strip()

    def commit(self, message: str, files: Mapping[str, str]) -> str:
        """Writes the files and commits them; returns the sha."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        """Pushes on top of what others have pushed meanwhile."""
        self.git("pull", "--quiet", "--rebase", "origin", BRANCH)
        self.git("push", "--quiet", "origin", BRANCH)


def two_clones(
    folder: Path, environment: Mapping[str, str], people: tuple[str, str], files: Mapping[str, str]
) -> tuple[Clone, Clone]:
    """Two clones of a bare remote whose path ends in owner/name; the first commit holds `files`."""
    remote = folder / f"{REPO}.git"
    remote.mkdir(parents=True)
    ours, theirs = (
        Clone(folder / person.lower(), person, {**environment, **_identity(person)}) for person in people
    )
    Clone(remote, people[0], environment).git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
    _clone(remote, ours)
    ours.git("checkout", "--quiet", "-B", BRANCH)
    ours.commit("Open the shop", files)
    ours.git("push", "--quiet", "--set-upstream", "origin", BRANCH)
    _clone(remote, theirs)
    return ours, theirs


def _clone(remote: Path, clone: Clone) -> None:
    clone.path.mkdir()
    clone.git("clone", "--quiet", str(remote), ".")


def _identity(person: str) -> dict[str, str]:
    address = f"{person.lower()}@example.org"
    return {
        "GIT_AUTHOR_NAME": person,
        "GIT_AUTHOR_EMAIL": address,
        "GIT_COMMITTER_NAME": person,
        "GIT_COMMITTER_EMAIL": address,
    }
