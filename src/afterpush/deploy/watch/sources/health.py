"""The running app as a source: its health body may name the commit that it was built from.

A 200 alone proves nothing: the platform keeps the old instance serving while the new one starts.
"""

import json
import re
from typing import Any

from afterpush.deploy.watch.facts import Fact, Inconclusive, Serving
from afterpush.deploy.watch.sources.ranked import SourceFailure
from afterpush.digitalocean.deployed_commits import Kin, Kinship
from afterpush.infra.http import Client, NoAnswer

DEFAULT_FIELDS = ("commit", "sha", "git_sha", "gitSha", "revision", "version")
_COMMIT = re.compile(r"[0-9a-f]{7,40}", re.IGNORECASE)


class HealthSource:
    """Asks the app's URL which commit it runs. `commit_field` is a dotted path into the JSON body."""

    name = "health"
    is_authority = False

    def __init__(self, http: Client, url: str, kin: Kin, commit_field: str | None = None) -> None:
        self._http = http
        self._url = url
        self._kin = kin
        self._field = commit_field

    def look(self) -> Fact:
        """One look. Raises SourceFailure."""
        try:
            answer = self._http.get(self._url, {"Accept": "application/json", "Cache-Control": "no-cache"})
        except NoAnswer as error:
            raise SourceFailure(str(error)) from error
        shown = shown_commit(answer.body, self._field)
        if shown is None:
            return Inconclusive(self.name, f"the health body names no commit (status {answer.status})")
        if not 200 <= answer.status < 300:
            return Inconclusive(self.name, f"the app shows {shown[:7]}, but answers {answer.status}")
        match self._kin.kinship(shown):
            case Kinship.SAME:
                return Serving(self.name)
            case Kinship.CONTAINS:
                return Serving(self.name, contained_in=self._kin.full(shown))
            case _:
                return Inconclusive(self.name, f"the app still shows {shown[:7]}")


def shown_commit(body: bytes, field: str | None) -> str | None:
    """The commit in a health body, lower case, 7 to 40 hex digits; None when there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for path in [field] if field else DEFAULT_FIELDS:
        value = _at(document, path)
        if isinstance(value, str) and _COMMIT.fullmatch(value.strip()):
            return value.strip().lower()
    return None


def _at(document: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document
