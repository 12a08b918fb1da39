"""Whether a deployment of our push can come at all, by what the app says and by how earlier commits came.

`deploy_on_push: false` is what the official deploy action and its guides recommend: a pipeline then updates
the spec, or creates a deployment, and the type is MANUAL. Whether one does shows in the earlier deployments.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afterpush.deploy.watch.deployment_choice import SOURCE
from afterpush.deploy.watch.facts import NotYet
from afterpush.digitalocean.deployed_commits import Carried, Ours, commit_of_tag
from afterpush.digitalocean.deployment import App, ComponentSpec, Deployment
from afterpush.infra.clock import duration

# A build that a pipeline begins hours after the push has another reason than the push.
LONGEST_PIPELINE_SECONDS = 3600.0
_PATIENCE = 1.5


@dataclass(frozen=True)
class Past:
    """The earlier deployments that are known, oldest first; not `is_known` where they could not be read.

    `pushed_at` tells when a commit was pushed or committed, epoch seconds; None when it is not known.
    """

    deployments: Sequence[Deployment]
    carried: Callable[[Deployment], Carried]
    pushed_at: Callable[[str], float | None]
    is_known: bool = True


def outlook(app: App, ours: Ours, past: Past) -> NotYet:
    """What to expect of a push to our branches, as long as nothing has come."""
    components = app.spec.components if app.spec else ()
    shut = _shut(app, past)
    if shut or not components:
        return NotYet(SOURCE, never=shut)
    built = [entry for entry in components if entry.source and ours.has(entry.source)]
    any_branch = Ours(ours.repos)
    elsewhere = [entry for entry in components if entry.source and any_branch.has(entry.source)]
    if ours.repos and elsewhere and not built:
        branches = ", ".join(sorted({entry.source.branch or "?" for entry in elsewhere if entry.source}))
        wanted = ", ".join(sorted(ours.branches))
        return NotYet(
            SOURCE, never=f"the app {app.name} is built from the branch {branches}, not from {wanted}"
        )
    sources = [entry.source for entry in built or components if entry.source]
    if any(source.deploy_on_push for source in sources):
        return NotYet(SOURCE)
    reason = _reason(app.name, built or list(components))
    pipeline = _pipeline(past)
    if pipeline:
        return NotYet(SOURCE, doubt=reason, waits_for=f"{reason}; {pipeline[0]}", wait_seconds=pipeline[1])
    is_off = not sources or all(source.deploy_on_push is False for source in sources)
    may_come = not is_off or not past.is_known or any(_is_deployed_image(entry) for entry in components)
    return NotYet(SOURCE, doubt=reason) if may_come else NotYet(SOURCE, never=reason)


def _shut(app: App, past: Past) -> str | None:
    """Why nothing at all is deployed now, neither by push nor by hand."""
    maintenance = app.spec.maintenance if app.spec else None
    if maintenance and maintenance.archive:
        return f"the app {app.name} is archived (maintenance); nothing is deployed until it is restored"
    if maintenance and maintenance.enabled:
        return f"the app {app.name} is under maintenance; nothing is deployed until that is switched off"
    pinned = app.pinned_deployment
    if pinned is None:
        return None
    known = next((one for one in past.deployments if one.id == pinned.id), pinned)
    sha = past.carried(known).sha
    to = f"to {sha[:7]}" if sha else f"to the deployment {pinned.id}"
    return (
        f"the app {app.name} was rolled back {to} and is pinned there; "
        "pushes deploy nothing until the rollback is committed or reverted"
    )


def _reason(name: str, components: Sequence[ComponentSpec]) -> str:
    """Why a push alone brings nothing, or may not."""
    images = [entry for entry in components if entry.image]
    sources = [entry.source for entry in components if entry.source]
    if sources:
        is_off = all(source.deploy_on_push is False for source in sources)
        unsaid = f"the app {name} does not say deploy_on_push: true"
        says = f"deploy_on_push is off in the app {name}" if is_off else unsaid
        return f"{says}; start a deployment by hand, or switch it on"
    if not images:
        return f"the app {name} is built from a plain clone URL, which no push deploys"
    tags = ", ".join(sorted({str((entry.image or {}).get("tag") or "latest") for entry in images}))
    names_commit = any(commit_of_tag((entry.image or {}).get("tag")) for entry in images)
    what = f"the app {name} is built from an image with the tag {tags}"
    if names_commit:
        return f"{what}; no image whose tag is or ends in this commit was deployed"
    return f"{what}, which names no commit: tag images with the sha, or set HEALTH_URL"


def _is_deployed_image(entry: ComponentSpec) -> bool:
    """Whether pushed images are deployed by themselves (`image.deploy_on_push`, the platform's registry)."""
    pushes = (entry.image or {}).get("deploy_on_push")
    return isinstance(pushes, dict) and pushes.get("enabled") is True


def _pipeline(past: Past) -> tuple[str, float] | None:
    """What a pipeline has brought, in words, and for how long to wait for it; None without a sign of one."""
    seen: set[str] = set()
    delays: list[float] = []
    brought = 0
    for one in past.deployments:
        sha = past.carried(one).sha
        if sha is None or sha in seen:
            continue
        seen.add(sha)
        if one.type == "MANUAL" and one.user_action != "RESTART":
            brought += 1
            pushed_at, created = past.pushed_at(sha), one.created
            delay = created - pushed_at if created and pushed_at else -1.0
            delays += [delay] if 0 <= delay <= LONGEST_PIPELINE_SECONDS else []
    if not brought:
        return None
    commits = "the last commit" if brought == 1 else f"the last {brought} commits"
    recent = sorted(delays[-5:])
    usually = f", usually {duration(recent[len(recent) // 2])} after the push" if recent else ""
    return f"a pipeline deployed {commits}{usually}", max(recent, default=0.0) * _PATIENCE
