"""The part of the configuration that a push needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.git.remotes import watched_by_default

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Settings

OFF, WARN, BLOCK = "off", "warn", "block"
CONFIG_PATH = "config/afterpush.yaml"
"""As in `infra.config`, which is not imported for its cost."""


@dataclass(frozen=True)
class Policy:
    """What is watched and what is looked for. The defaults are those of `Settings`, without the import
    of msgspec and YAML, which would cost each push of an unconfigured repository a third of its time.
    """

    enabled: bool = True
    remote: str = "origin"
    branches: tuple[str, ...] = ("main",)
    state_dir: str | None = None
    guards: dict[str, str] = field(
        default_factory=lambda: {
            "conflict_markers": BLOCK,
            "secrets": WARN,
            "force_push": WARN,
            "unfinished_merge": WARN,
        }
    )
    documents: tuple[str, ...] = (
        "docs/roadmaps/*.md",
        "docs/ROADMAP.md",
        "ROADMAP.md",
        "docs/ACTIVE_SESSIONS.md",
        "docs/sessions/**/*.md",
    )
    install_hint: str | None = None

    def is_watched(self, branch: str) -> bool:
        """Whether pushes to this branch are watched; `deploy.branches` may hold patterns (`release/*`)."""
        return any(fnmatchcase(branch, pattern) for pattern in self.branches)

    def level(self, guard: str) -> str:
        return self.guards[guard]

    def switched_off(self, environment: Mapping[str, str]) -> str | None:
        """What switches the hooks off, if anything does."""
        for name in ("AFTERPUSH", "HUSKY"):
            if environment.get(name) == "0":
                return f"{name}=0"
        return None if self.enabled else "hooks.enabled: false"


def policy_of(settings: "Settings") -> Policy:
    """The policy that a configuration asks for."""
    documents = settings.documents
    guards = settings.hooks.guards
    return Policy(
        enabled=settings.hooks.enabled,
        remote=settings.push.remote,
        branches=tuple(settings.deploy.branches),
        state_dir=settings.deploy.state_dir,
        guards={name: getattr(guards, name) for name in guards.__struct_fields__},
        documents=tuple(documents.roadmap + documents.sessions + documents.session_files),
        install_hint=settings.hooks.install_hint,
    )


def load_policy(root: Path) -> Policy:
    """The policy of the app repository at `root`. Raises AfterpushError for a faulty configuration."""
    if not (root / CONFIG_PATH).exists():
        remote, branch = watched_by_default(root)
        return Policy(remote=remote, branches=(branch,))
    from afterpush.infra.configuration.config import load_settings

    return policy_of(load_settings(root))
