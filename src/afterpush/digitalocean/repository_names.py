"""What a forge calls the repository that a clone URL leads to."""

from pathlib import Path
from urllib.parse import urlsplit

from afterpush.infra.git import configured_urls, remote_urls


def repository_names(repo: Path, remote: str) -> frozenset[str]:
    """`owner/name` of the remote's push URLs, lower case, as forges write it in an app spec.

    As configured and after `insteadOf`: a rewritten URL can lead to a mirror, whose name is another.
    """
    urls = remote_urls(repo, remote, push=True) + configured_urls(repo, remote, push=True)
    return frozenset(name for url in urls for name in names_of_repository(url))


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
