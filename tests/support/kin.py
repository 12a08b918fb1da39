"""What git would know, said by a test."""

from afterpush.digitalocean.deployed_commits import Kinship


class Kin:
    """Our commit, its ancestors (`older`) and its descendants (`later`); nothing else is known."""

    def __init__(self, sha: str, older: tuple[str, ...] = (), later: tuple[str, ...] = ()) -> None:
        self._known = dict.fromkeys(older, Kinship.CONTAINED) | dict.fromkeys(later, Kinship.CONTAINS)
        self._sha = sha

    def is_ours(self, commit: str) -> bool:
        return len(commit) >= 7 and self._sha.startswith(commit)

    def kinship(self, commit: str) -> Kinship:
        if self.is_ours(commit):
            return Kinship.SAME
        return self._known.get(self.full(commit), Kinship.UNKNOWN)

    def full(self, commit: str) -> str:
        return next((sha for sha in (self._sha, *self._known) if sha.startswith(commit)), commit)
