"""What keeps an agent from pushing: it would get past the check and the queue."""

from collections.abc import Mapping
from pathlib import Path

from afterpush.ground.git import git, git_text
from afterpush.ground.git.refs import configured

_NO_PUSH = "the-swarm-merges-your-commits-do-not-push"


def without_push(repo: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Variables with which git pushes to no remote of the repository, by name or by URL; fetching works.

    An agent that follows a prompt to the letter is kept from it, not one that means to.
    """
    values: dict[str, str] = {}
    for name in git_text(repo, "remote", doing="listing the remotes").split():
        urls, push_urls = _configured(repo, name, "url"), _configured(repo, name, "pushurl")
        for index, url in enumerate(urls):
            values[f"url.{_NO_PUSH}/{name}/{index}.pushInsteadOf"] = url
        # A pushurl is rewritten by insteadOf alone; one that is fetched from as well has to stay.
        for index, url in enumerate(set(push_urls) - set(urls)):
            values[f"url.{_NO_PUSH}/{name}/push/{index}.insteadOf"] = url
    return configured(env, values) if values else {}


def _configured(repo: Path, remote: str, key: str) -> list[str]:
    """The values as they are written: git matches its rewriting rules with these."""
    done = git(repo, "config", "--null", "--get-all", f"remote.{remote}.{key}")
    return [value for value in done.text.split("\0") if value]
