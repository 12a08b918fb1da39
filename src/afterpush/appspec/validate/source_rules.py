"""Where components come from, and what a push does about it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from afterpush.appspec.spec import AppSpec, ComponentSource, SpecComponent
from afterpush.appspec.validate.problems import SpecProblem, error, warning


@dataclass(frozen=True)
class Watched:
    """What is pushed from here: the remote's `owner/name` in lower case, and the watched branches."""

    repos: Collection[str]
    branches: Sequence[str]


def source_problems(spec: AppSpec, watched: Watched) -> Iterator[SpecProblem]:
    """Problems of sources, and of names that stand for two components."""
    names: set[str] = set()
    ours = _built_from_here(spec, watched)
    for component in spec.components:
        if component.name in names:
            yield error(
                f"{component.path}.name",
                component.node,
                f"two components have the name {component.name}",
                "rename one of them",
            )
        names.add(component.name)
        sources = component.sources
        if len(sources) != 1:
            yield _wrong_count(component, sources)
        for source in sources:
            # In a spec that builds from here, another repository's pushes are not ours to watch.
            is_elsewhere = bool(ours and source.repo and source.repo.lower() not in watched.repos)
            if not spec.is_template and not is_elsewhere:
                yield from _push_problems(component, source, watched)


def _built_from_here(spec: AppSpec, watched: Watched) -> bool:
    return any(
        source.repo and source.repo.lower() in watched.repos
        for component in spec.components
        for source in component.sources
    )


def _wrong_count(component: SpecComponent, sources: list[ComponentSource]) -> SpecProblem:
    if not sources:
        return warning(
            component.path,
            component.node,
            f"{component.kind} {component.name} has no source",
            "add github:, gitlab:, bitbucket:, git: or image:",
        )
    hosts = " and ".join(source.host for source in sources)
    return error(
        component.path, component.node, f"{component.name} has the sources {hosts}", "keep one of them"
    )


def _push_problems(
    component: SpecComponent, source: ComponentSource, watched: Watched
) -> Iterator[SpecProblem]:
    place = f"{component.path}.{source.host}"
    if source.host == "image":
        return
    if source.host == "git":
        yield warning(
            place,
            source.node,
            f"{component.name} is built from a clone URL: no push deploys it by itself",
            "use github:, gitlab: or bitbucket: with deploy_on_push: true, or let a pipeline deploy it",
        )
        return
    is_watched = source.branch in watched.branches
    # `false` is what the official deploy action recommends: then a pipeline deploys.
    if is_watched and source.deploy_on_push is None:
        yield warning(
            f"{place}.deploy_on_push",
            source.node,
            f"deploy_on_push of {component.name} is not set, which is off: "
            f"a push to {source.branch} deploys nothing by itself",
            "set deploy_on_push: true, or false where a pipeline deploys",
        )
    if not is_watched and source.deploy_on_push and source.branch:
        yield warning(
            f"{place}.branch",
            source.node.get("branch") or source.node,
            f"{component.name} is deployed from {source.branch}, but the watched branches are "
            f"{', '.join(watched.branches)}: its deployments go unseen",
            "add the branch to deploy.branches, or correct it here",
        )
