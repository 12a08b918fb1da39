"""What the doors of the app spec share: which file is meant, and what this repository pushes."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afterpush.appspec.sourcerules import Watched
    from afterpush.appspec.spec import Spec
    from afterpush.tasks._door import Site


def spec_path(here: "Site", named: str | None) -> Path:
    """The file: `--spec` from the current folder, else `appspec.path` in this worktree."""
    return Path(named).expanduser().absolute() if named else here.repo / here.settings.appspec.path


def spec_here(here: "Site", named: str | None) -> "Spec":
    """The app spec that is meant. Raises AfterpushError when it cannot be read."""
    from afterpush.appspec.spec import read_spec

    return read_spec(spec_path(here, named), named or here.settings.appspec.path)


def other_specs_here(here: "Site", named: str | None) -> list["Spec"]:
    from afterpush.appspec.agreement import other_specs

    return other_specs(here.repo, spec_path(here, named))


def watched_here(here: "Site") -> "Watched":
    """The repository by its push remote, and the branches whose pushes are watched."""
    from afterpush.appspec.sourcerules import Watched
    from afterpush.ground.apps import repository_names

    return Watched(repository_names(here.repo, here.settings.push.remote), here.settings.deploy.branches)
