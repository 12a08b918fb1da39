"""Whether a push can start a deployment of an app at all, by what its spec says."""

from afterpush.digitalocean.deployment import App, Source


def why_never(app: App, repos: frozenset[str], branches: frozenset[str]) -> str | None:
    """Why no push can start a deployment of this app, or None when one may."""
    components = app.spec.components if app.spec else ()
    if not components:
        return None
    if not any(component.source for component in components):
        return f"the app {app.name} is built from images or a plain clone URL, which no push deploys"
    ours = _ours(app, repos)
    if all(source.deploy_on_push is False for source in ours):
        return f"deploy_on_push is off in the app {app.name}; start a deployment by hand, or switch it on"
    watched = [source for source in ours if not source.branch or source.branch in branches]
    if repos and not watched:
        built = ", ".join(sorted({source.branch or "?" for source in ours}))
        return f"the app {app.name} is built from the branch {built}, not from {', '.join(sorted(branches))}"
    return None


def why_hardly(app: App, repos: frozenset[str]) -> str | None:
    """Why a push probably starts none: deploy_on_push is nowhere on; left out, it may be off or not told."""
    ours = _ours(app, repos)
    if not ours or any(source.deploy_on_push for source in ours):
        return None
    return f"the app {app.name} does not say deploy_on_push: true; switch it on, or start one by hand"


def _ours(app: App, repos: frozenset[str]) -> list[Source]:
    """The sources that are our repository, else all of them."""
    components = app.spec.components if app.spec else ()
    sources = [component.source for component in components if component.source]
    return [source for source in sources if not repos or (source.repo or "").lower() in repos] or sources
