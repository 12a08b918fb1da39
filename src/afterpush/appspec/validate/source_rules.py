"""Where components come from, and what a push does about it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from afterpush.appspec.spec import AppSpec, ComponentSource, SpecComponent
from afterpush.appspec.templates import has_template
from afterpush.appspec.validate.problems import SpecProblem, error, warning


@dataclass(frozen=True)
class Watched:
    """What is pushed from here: the remote's `owner/name` in lower case, and the watched branches.

    `remote_branches` gives those that the remote had at the last fetch (none: not known), where it matters.
    """

    repos: Collection[str]
    branches: Sequence[str]
    remote_branches: Callable[[], Collection[str]] = tuple


def source_problems(spec: AppSpec, watched: Watched) -> Iterator[SpecProblem]:
    """Problems of the sources of all components."""
    ours = any(_is_ours(source, watched) for component in spec.components for source in component.sources)
    for component in spec.components:
        sources = component.sources
        if len(sources) != 1:
            yield _wrong_count(component, sources)
        for source in sources:
            yield from _part_problems(component, source)
            if source.host == "image":
                yield from _image_problems(component, source)
            # In a spec that builds from here, another repository's pushes are not ours to watch.
            elif not spec.is_template and (not ours or _is_ours(source, watched)):
                yield from _push_problems(component, source, watched)


def _is_ours(source: ComponentSource, watched: Watched) -> bool:
    return bool(source.repo and source.repo.lower() in watched.repos)


def _wrong_count(component: SpecComponent, sources: list[ComponentSource]) -> SpecProblem:
    if not sources:
        message = f"{component.kind} {component.name} has no source"
        return warning(component.node, message, "add github:, gitlab:, bitbucket:, git: or image:")
    hosts = " and ".join(source.host for source in sources)
    message = f"{component.name} has the sources {hosts}"
    return error(component.node, message, "keep one of them", on=component.node.key_of(sources[-1].host))


def _part_problems(component: SpecComponent, source: ComponentSource) -> Iterator[SpecProblem]:
    """What a source needs to be found."""
    needed = {
        "git": ("repo_clone_url", "branch"),
        "image": ("repository", "registry_type"),
    }.get(source.host, ("repo", "branch"))
    for name in needed:
        if source.node.text(name) is None:
            key = component.node.key_of(source.host)
            hint = (
                " (DOCR, DOCKER_HUB or GHCR; without it the API answers 500)"
                if name == "registry_type"
                else ""
            )
            yield warning(key, f"{source.host} of {component.name} has no {name}", f"add {name}:{hint}")


def _image_problems(component: SpecComponent, source: ComponentSource) -> Iterator[SpecProblem]:
    node = source.node
    kind, registry, digest = node.text("registry_type"), node.get("registry"), node.text("digest")
    if kind == "DOCR" and registry and not registry.is_null:
        message = "registry must be left out for images of DOCR"
        yield error(registry, message, "remove registry")
    if kind == "DOCKER_HUB" and not node.text("registry"):
        message = "an image of DOCKER_HUB needs its registry"
        where = node.key_of("registry_type")
        yield warning(node, message, "add registry: (library for official images)", on=where)
    if digest and node.text("tag"):
        message = "tag and digest exclude each other"
        yield error(node.key_of("digest"), message, "keep one of them")
    push = node.get("deploy_on_push", "enabled")
    if not push or push.real.value is not True:
        return
    if kind and kind != "DOCR" and not has_template(kind):
        message = f"deploy_on_push works for images of DOCR only, and this one is of {kind}"
        yield warning(push, message, "remove deploy_on_push, and let a pipeline deploy")
    if digest:
        message = "deploy_on_push cannot be enabled with a digest: the image never changes"
        yield error(push, message, "use a tag, or remove deploy_on_push")


def _push_problems(
    component: SpecComponent, source: ComponentSource, watched: Watched
) -> Iterator[SpecProblem]:
    if source.host == "git":
        yield warning(
            source.node,
            f"{component.name} is built from a clone URL: no push deploys it by itself",
            "use github:, gitlab: or bitbucket: with deploy_on_push: true, or let a pipeline deploy it",
        )
        return
    if not source.branch or has_template(source.branch):
        return
    branch = source.node.at("branch")
    is_watched = source.branch in watched.branches
    known = watched.remote_branches() if not is_watched and _is_ours(source, watched) else ()
    if known and source.branch not in known:
        there = ", ".join(sorted(known)[:5])
        message = f"the remote has no branch {source.branch}, as of the last fetch; it has {there}"
        yield warning(branch, message, "correct the branch, or push it")
        return
    # `false` is what the official deploy action recommends: then a pipeline deploys.
    if is_watched and source.deploy_on_push is None:
        yield warning(
            source.node.at("deploy_on_push"),
            f"deploy_on_push of {component.name} is not set, which is off: "
            f"a push to {source.branch} deploys nothing by itself",
            "set deploy_on_push: true, or false where a pipeline deploys",
        )
    if not is_watched and source.deploy_on_push:
        yield warning(
            branch,
            f"{component.name} is deployed from {source.branch}, but the watched branches are "
            f"{', '.join(watched.branches)}: its deployments go unseen",
            "add the branch to deploy.branches, or correct it here",
        )
