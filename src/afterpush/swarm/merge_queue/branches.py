"""Which branches there are to queue: of this clone and of the remote, each at the commit that has most."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git_text, is_ancestor
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.git.leases import fetched_refs
from afterpush.infra.git.refs import refs_here
from afterpush.infra.near import near

_HEADS = "refs/heads/"


@dataclass(frozen=True)
class Branch:
    """A branch and the author of its last commit; `problem` is why it cannot land as it is."""

    name: str
    sha: str
    author: str
    problem: str = ""


@dataclass(frozen=True)
class Wanted:
    """Branches by name, and by patterns as a shell has them; `author` is a part of the author's name."""

    names: Sequence[str] = ()
    patterns: Sequence[str] = ()
    author: str = ""

    def __bool__(self) -> bool:
        return bool(self.names or self.patterns or self.author)


def find_branches(repo: Path, target: Target, wanted: Wanted) -> list[Branch]:
    """The branches that are wanted, in the order of their names where that is not given.

    Raises AfterpushError for a name that is no branch, a pattern or an author that matches none, and a name
    that has gone different ways here and on the remote; one of many that a pattern matches keeps none back.
    """
    named = [_short(name, target) for name in wanted.names]
    patterns = [_short(pattern, target) for pattern in wanted.patterns]
    patterns += ["*"] if wanted.author and not (named or patterns) else []
    here, there = _heads_here(repo), _heads_there(repo, target, named, patterns)
    known = sorted((here.keys() | there.keys()) - {target.branch})
    chosen = [_known(name, known, target) for name in named]
    for pattern in patterns:
        matching = [name for name in known if fnmatchcase(name, pattern)]
        if not matching:
            raise AfterpushError(f"no branch here or on {target.remote} matches {pattern}")
        chosen += matching
    chosen = list(dict.fromkeys(chosen))
    shas, problems = dict[str, str](), dict[str, str]()
    for name in chosen:
        try:
            shas[name] = newest_of(repo, name, here.get(name), there.get(name), target.remote)
        except AfterpushError as error:
            if name in named:
                raise
            shas[name], problems[name] = here[name], str(error)
    authors = _authors(repo, sorted(set(shas.values())))
    found = [Branch(name, sha, authors.get(sha, ""), problems.get(name, "")) for name, sha in shas.items()]
    by_author = [branch for branch in found if wanted.author.lower() in branch.author.lower()]
    if not by_author:
        raise AfterpushError(f"the last commit of none of these branches is by {wanted.author}")
    return by_author


def tips(repo: Path, target: Target, names: Sequence[str]) -> dict[str, str]:
    """Where these branches are now; those that are gone, or have gone different ways, are left out."""
    here = _heads_here(repo)
    there = fetched_refs(repo, target.remote, *(f"{_HEADS}{name}" for name in names))
    found = {}
    for name in names:
        sha_here, sha_there = here.get(name), there.get(f"{_HEADS}{name}")
        if sha_here or sha_there:
            with suppress(AfterpushError):
                found[name] = newest_of(repo, name, sha_here, sha_there, target.remote)
    return found


def _known(name: str, known: Sequence[str], target: Target) -> str:
    if name in known:
        return name
    if name == target.branch:
        raise AfterpushError(f"{name} is what branches land on; name another branch")
    hint = near(name, known, 0.5) or "; push it, or check the spelling"
    raise AfterpushError(f"there is no branch {name} here or on {target.remote}{hint}")


def newest_of(repo: Path, name: str, here: str | None, there: str | None, remote: str) -> str:
    """The commit of a branch, here or on the remote, whichever contains the other. One of the two is known.

    Raises AfterpushError when both have commits that the other lacks.
    """
    if here is None or there is None or here == there:
        return str(here or there)
    for older, newer in ((there, here), (here, there)):
        if is_ancestor(repo, older, newer):
            return newer
    raise AfterpushError(f"{name} here and on {remote} have gone different ways; push the right one")


def _short(name: str, target: Target) -> str:
    return (
        name.removeprefix(_HEADS)
        .removeprefix(f"refs/remotes/{target.remote}/")
        .removeprefix(f"{target.remote}/")
    )


def _heads_here(repo: Path) -> dict[str, str]:
    return {ref.removeprefix(_HEADS): sha for ref, sha in refs_here(repo, _HEADS).items()}


def _heads_there(repo: Path, target: Target, named: Sequence[str], patterns: Sequence[str]) -> dict[str, str]:
    """All branches of the remote; the commits of those that are meant are known here then."""

    def is_meant(ref: str) -> bool:
        name = ref.removeprefix(_HEADS)
        return name != target.branch and (name in named or any(fnmatchcase(name, p) for p in patterns))

    refs = fetched_refs(repo, target.remote, f"{_HEADS}*", needed=is_meant)
    return {ref.removeprefix(_HEADS): sha for ref, sha in refs.items()}


def _authors(repo: Path, shas: Sequence[str]) -> dict[str, str]:
    if not shas:
        return {}
    asked = "".join(f"{sha}\n" for sha in shas).encode()
    text = git_text(
        repo, "log", "--no-walk", "--stdin", "--format=%H%x00%an <%ae>", doing="reading authors", input=asked
    )
    return dict(line.split("\0", 1) for line in text.splitlines() if "\0" in line)
