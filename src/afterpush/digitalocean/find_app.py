"""Which app of the platform is built from this repository, by the names that its clone URLs give it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import every_push_url

if TYPE_CHECKING:
    from afterpush.digitalocean.client import AppPlatform

_SOURCES = ("github", "gitlab", "bitbucket")
COMPONENT_KINDS = ("services", "workers", "jobs", "static_sites", "functions")
_SCOPE_HINT = "set AFTERPUSH_APP or deploy.app in config/afterpush.yaml to its id or name"


@dataclass(frozen=True)
class Wanted:
    """What identifies the app: a configured id or name, else the repositories (owner/name) and branches."""

    configured: str | None
    repos: frozenset[str]
    branches: frozenset[str]


def find_app(api: "AppPlatform", wanted: Wanted) -> dict[str, Any]:
    """The app, as the API describes it.

    Raises AfterpushError (exit 2) when a configured app does not exist, or when not exactly one app is
    built from the repository; ApiFailure when the API cannot be asked.
    """
    return _configured_app(api, wanted.configured) if wanted.configured else _built_from(api, wanted)


def _configured_app(api: "AppPlatform", name: str) -> dict[str, Any]:
    # Here: judging an app spec only asks for the names, and the client of the API costs more than that.
    from afterpush.digitalocean.client import path_of
    from afterpush.digitalocean.failure import ApiFailure

    try:
        found = api.get(f"apps/{path_of(name)}").get("app")
        if isinstance(found, dict) and found.get("id"):
            return found
    except ApiFailure as error:
        # The API answers 400 or 404 for what is no id of an app; it may still be a name.
        if error.status not in (400, 404, 422):
            raise
    apps = list(_all_apps(api))
    for app in apps:
        if name in (app.get("id"), name_of(app)):
            return app
    raise AfterpushError(
        f"no app has the id or name {name!r}; the token sees: {_listed(apps)}; {_SCOPE_HINT}"
    )


def _built_from(api: "AppPlatform", wanted: Wanted) -> dict[str, Any]:
    apps = list(_all_apps(api))
    ours = [app for app in apps if _is_built_from(app, wanted)]
    if len(ours) == 1:
        return ours[0]
    repos = ", ".join(sorted(wanted.repos)) or "this repository (its remote has no owner/name)"
    if ours:
        raise AfterpushError(f"several apps are built from {repos}: {_listed(ours)}; {_SCOPE_HINT}")
    branches = ", ".join(sorted(wanted.branches))
    raise AfterpushError(
        f"no app is built from {repos}, branch {branches}; the token sees: {_listed(apps)}; {_SCOPE_HINT}"
    )


def _all_apps(api: "AppPlatform") -> Iterable[dict[str, Any]]:
    for page in api.pages("apps", "apps"):
        yield from (app for app in page if isinstance(app, dict))


def _is_built_from(app: dict[str, Any], wanted: Wanted) -> bool:
    for component in components(app):
        for kind in _SOURCES:
            source = component.get(kind)
            if isinstance(source, dict) and _is_wanted(source, str(source.get("repo", "")).lower(), wanted):
                return True
        clone = component.get("git")
        if isinstance(clone, dict):
            names = names_of_repository(str(clone.get("repo_clone_url", "")))
            if any(_is_wanted(clone, name, wanted) for name in names):
                return True
    return False


def _is_wanted(source: dict[str, Any], name: str, wanted: Wanted) -> bool:
    branch = source.get("branch")
    return name in wanted.repos and (not branch or branch in wanted.branches)


def components(app: dict[str, Any]) -> list[dict[str, Any]]:
    """The component specs of an app, of all kinds."""
    spec = app.get("spec")
    kinds = [spec.get(kind) for kind in COMPONENT_KINDS] if isinstance(spec, dict) else []
    return [entry for kind in kinds if isinstance(kind, list) for entry in kind if isinstance(entry, dict)]


def name_of(app: dict[str, Any]) -> str:
    """The app's name from its spec, else its id."""
    spec = app.get("spec")
    name = spec.get("name") if isinstance(spec, dict) else None
    return str(name or app.get("id") or "?")


def _listed(apps: list[dict[str, Any]]) -> str:
    return ", ".join(f"{name_of(app)} ({app.get('id')})" for app in apps) or "no app at all"


def repository_names(repo: Path, remote: str) -> frozenset[str]:
    """`owner/name` of the remote's push URLs, lower case, as forges write it in an app spec.

    As configured and after `insteadOf`: a rewritten URL can lead to a mirror, whose name is another.
    """
    return frozenset(name for url in every_push_url(repo, remote) for name in names_of_repository(url))


def names_of_repository(url: str) -> set[str]:
    """`owner/name`, and with subgroups (GitLab) `group/subgroup/name` too; empty where a URL tells none."""
    name = owner_and_name(url)
    if name is None:
        return set()
    is_remote = "://" in url or ":" in url.partition("/")[0]
    return {name, "/".join(_path_of(url)).lower()} if is_remote else {name}


def owner_and_name(url: str) -> str | None:
    """`owner/name` of a clone URL (https, ssh, or git@host:owner/name.git), lower case; None for others."""
    parts = _path_of(url)
    return "/".join(parts[-2:]).lower() if len(parts) >= 2 and all(parts[-2:]) else None


def _path_of(url: str) -> list[str]:
    if "://" in url:
        try:
            path = urlsplit(url).path
        except ValueError:
            return []
    else:
        path = url.partition(":")[2] if ":" in url.partition("/")[0] else url
    return path.strip("/").removesuffix(".git").split("/")
