"""What the swarm's tests share: processes found by their tag, and repositories with a roadmap."""

import os
from pathlib import Path

from afterpush.infra.processes.tagged import with_tag
from afterpush.swarm.agent.supervisor import TAG
from tests.support.repositories import Repository


def alive(prefix: str) -> list[int]:
    """The pids of processes that carry a tag with this prefix."""
    return sorted(process.pid for process in with_tag(TAG, prefix))


def tagged_environment(tag: str) -> dict[str, str]:
    return dict(os.environ) | {TAG: tag}


def with_roadmap(repository: Repository, *task_ids: str, **dependencies: str) -> Repository:
    """A pushed roadmap with ready tasks; `dependencies` by ID with underscores for hyphens."""
    sections = "\n".join(_section(task, dependencies.get(task.replace("-", "_"), "")) for task in task_ids)
    repository.write("docs/ROADMAP.md", f"# Roadmap\n\n{sections}")
    repository.commit("Roadmap")
    repository.push()
    return repository


def _section(task: str, dependencies: str) -> str:
    needs = f"**Dependencies:** {dependencies}\n" if dependencies else ""
    return f"### {task}: The work of {task}\n\n**Status:** ready\n{needs}\n"


def main_files(repository: Repository) -> dict[str, str]:
    """The files of the remote's main with their contents."""
    names = repository.git("--git-dir", str(repository.remote), "ls-tree", "-r", "--name-only", "main")
    return {
        name: repository.git("--git-dir", str(repository.remote), "show", f"main:{name}")
        for name in names.splitlines()
    }


def pid_in(path: Path) -> int | None:
    """The pid that an agent has written, once it has."""
    text = path.read_text().strip() if path.exists() else ""
    return int(text) if text else None
