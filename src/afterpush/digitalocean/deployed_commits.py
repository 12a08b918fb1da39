"""Which commits a deployment carries, and whether ours is in all the components that it should be in.

One deployment can carry several commits: an update of the spec builds what it adds from the head of
the branch and keeps the others as they were (`update_all_source_versions` of the official Go client).

    web         9f8e7d6   kept
    worker-api  1a2b3c4   added, ours
    -> partial: ours is not live, and a sentence names both
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from afterpush.digitalocean.deployment import ComponentSpec, Deployment, Source, Spec

# `1a2b3c4`, `sha-1a2b3c4`, `main-1a2b3c4`, `v1.2-3-g1a2b3c4` (git describe), and the full forty digits.
_COMMIT_OF_TAG = re.compile(r"(?:^|[^0-9a-z])g?([0-9a-f]{7,40})$")


class Kinship(Enum):
    """How a commit is related to ours, as far as git here knows."""

    SAME = "same"
    CONTAINS = "contains ours"
    CONTAINED = "is contained in ours"
    OTHER = "other"
    UNKNOWN = "not known here"


class Kin(Protocol):
    """What git here knows about our commit and others, which may be abbreviated."""

    def is_ours(self, commit: str) -> bool:
        """Whether it is our commit; asks nobody."""

    def kinship(self, commit: str) -> Kinship:
        """How it is related to ours."""

    def full(self, commit: str) -> str:
        """The full sha where git here knows it, else what was given."""


@dataclass(frozen=True)
class Ours:
    """What of an app is built from our repository: owner/name and branches. An empty set asks for nothing."""

    repos: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()

    def has(self, source: Source | None) -> bool:
        """Whether a component is ours; one whose source is not given counts."""
        if source is None:
            return True
        wrong_repo = bool(self.repos and source.repo and source.repo.lower() not in self.repos)
        return not wrong_repo and not (self.branches and source.branch and source.branch not in self.branches)


@dataclass(frozen=True)
class Built:
    """A component with its commit. An image's tag (not `is_hash`) names one by convention only."""

    component: str
    commit: str
    is_hash: bool = True


@dataclass(frozen=True)
class Carried:
    """What the components of ours are built from.

    A tag counts where it is our very commit; what else it would bring is nowhere said.
    """

    built: tuple[Built, ...]
    kin: Kin

    @property
    def is_ours(self) -> bool:
        """Every component of ours is built from our very commit."""
        return bool(self.built) and all(self.kin.is_ours(one.commit) for one in self.built)

    @property
    def contains_ours(self) -> bool:
        """Every component of ours carries our commit or a later one, and one of them a later one."""
        return Kinship.CONTAINS in self._kinships <= {Kinship.SAME, Kinship.CONTAINS}

    @property
    def is_partly_ours(self) -> bool:
        """Some components of ours carry it, others do not."""
        has_it = any(self.kin.is_ours(one.commit) for one in self.built)
        return has_it and not self.is_ours and not self.contains_ours

    @property
    def is_older(self) -> bool:
        """Whether it brings nothing that ours does not have."""
        return bool(self.built) and self._kinships <= {Kinship.SAME, Kinship.CONTAINED}

    @property
    def sha(self) -> str | None:
        """The one commit to name: one that is not ours before ours; None when none is given."""
        others = [one.commit for one in self.built if not self.kin.is_ours(one.commit)]
        named = next(iter([*others, *(one.commit for one in self.built)]), None)
        return self.kin.full(named) if named else None

    def told(self) -> str:
        """`worker-api runs 1a2b3c4, web runs 9f8e7d6`."""
        return ", ".join(f"{one.component} runs {one.commit[:7]}" for one in self.built)

    @property
    def _kinships(self) -> set[Kinship]:
        return {self._kinship(one) for one in self.built}

    def _kinship(self, one: Built) -> Kinship:
        kinship = self.kin.kinship(one.commit)
        return Kinship.OTHER if kinship is Kinship.CONTAINS and not one.is_hash else kinship


def carried(deployment: Deployment, ours: Ours, app_spec: Spec | None, kin: Kin) -> Carried:
    """The commits of the components that are built from our repository and branch.

    Where a push deploys only some of them, those count. A pending deployment may name its components' commits
    nowhere yet: then what caused it does.
    """
    specs = _specs(deployment, app_spec)
    ours_there = {name: spec for name, spec in specs.items() if ours.has(spec.source)}
    pushed = {name for name, spec in ours_there.items() if spec.source and spec.source.deploy_on_push}
    counted = pushed | {name for name, spec in ours_there.items() if not (pushed and spec.source)}
    found = [
        one
        for one in _named(deployment, specs, kin)
        if one.component in counted or one.component not in specs
    ]
    return Carried(tuple(found) or tuple(_of_cause(deployment, ours, kin)), kin)


def _specs(deployment: Deployment, app_spec: Spec | None) -> dict[str, ComponentSpec]:
    """By component: the deployment's own spec, else the app's, which may have changed since."""
    known = [spec for spec in (app_spec, deployment.spec) if spec]
    return {entry.name or "": entry for spec in known for entry in spec.components}


def _named(deployment: Deployment, specs: dict[str, ComponentSpec], kin: Kin) -> Iterable[Built]:
    """Each component with its commit. Digits of a tag that git here does not know are no commit."""
    hashes = {entry.name or "": entry.source_commit_hash for entry in deployment.components}
    yield from (Built(name, sha.lower()) for name, sha in hashes.items() if sha)
    for name, spec in specs.items():
        digits = commit_of_tag(spec.image.get("tag")) if spec.image and not hashes.get(name) else None
        if digits and kin.kinship(digits) is not Kinship.UNKNOWN:
            yield Built(name, digits, is_hash=False)


def _of_cause(deployment: Deployment, ours: Ours, kin: Kin) -> Iterable[Built]:
    details = deployment.cause_details
    push = details.git_push if details else None
    if push and push.commit_sha and ours.has(push.source):
        yield Built("the push", push.commit_sha.lower())
    image = details.docr_push if details else None
    digits = commit_of_tag(image.tag) if image else None
    if image and digits and kin.kinship(digits) is not Kinship.UNKNOWN:
        yield Built(image.repository or "the image", digits, is_hash=False)


def commit_of_tag(tag: object) -> str | None:
    """The 7 to 40 digits of a commit that an image's tag is, or ends in; None when it names none."""
    found = _COMMIT_OF_TAG.search(tag.lower()) if isinstance(tag, str) else None
    return found[1] if found else None
