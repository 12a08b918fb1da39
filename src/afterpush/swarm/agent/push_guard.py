"""What keeps an agent from pushing: it would get past the check and the queue."""

from collections.abc import Mapping
from pathlib import Path

from afterpush.infra.git import git
from afterpush.infra.git.refs import configured

_NO_PUSH = "the-swarm-merges-your-commits-do-not-push"


def without_push(repo: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Variables with which git pushes to no remote of the repository, by name or by URL; fetching works.

    An agent that follows a prompt to the letter is kept from it, not one that means to.
    """
    urls, push_urls = _addresses(repo)
    rules = {f"url.{_NO_PUSH}/{index}.pushInsteadOf": url for index, url in enumerate(urls)}
    # A pushurl is rewritten by insteadOf alone; one that is fetched from as well has to stay.
    only_pushed = [url for url in push_urls if url not in urls]
    rules |= {f"url.{_NO_PUSH}/push/{index}.insteadOf": url for index, url in enumerate(only_pushed)}
    return configured(env, rules) if rules else {}


def _addresses(repo: Path) -> tuple[list[str], list[str]]:
    """The url and the pushurl values of all remotes as they are written: git matches its rules with these."""
    done = git(repo, "config", "--null", "--get-regexp", r"^remote\..*\.(url|pushurl)$")
    entries = [entry.split("\n", 1) for entry in done.text.split("\0") if "\n" in entry]
    urls = [value for key, value in entries if key.endswith(".url")]
    return urls, [value for key, value in entries if key.endswith(".pushurl")]
