"""A `post-receive` hook for a bare repository: tells the simulated platform of every branch that was pushed.

`python -m afterpush.simulator.hook URL` reads the hook's lines (`OLD NEW REF`) from stdin; the token is in
DIGITALOCEAN_TOKEN.
"""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import git_text
from afterpush.infra.http import Client
from afterpush.simulator.api.control import PUSH_PATH


def pushed_branches(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Commit and branch of each line that created or moved a branch."""
    fields = [line.split() for line in lines]
    return [
        (new, ref.removeprefix("refs/heads/"))
        for _, new, ref in (entry for entry in fields if len(entry) == 3)
        if ref.startswith("refs/heads/") and set(new) != {"0"}
    ]


def tell(url: str, token: str, repo: Path, sha: str, branch: str) -> None:
    """Reports one pushed branch. Raises AfterpushError when the platform did not take it."""
    told = git_text(repo, "show", "-s", "--format=%an%n%s", sha, "--", doing=f"reading commit {sha[:7]}")
    author, _, message = told.partition("\n")
    body = {"sha": sha, "branch": branch, "author": author, "message": message}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    client = Client()
    try:
        answer = client.request("POST", f"{url}{PUSH_PATH}", headers, json.dumps(body).encode())
    finally:
        client.close()
    if answer.status != 200:
        hint = "; DIGITALOCEAN_TOKEN is not the one that it was started with" if answer.status == 401 else ""
        raise AfterpushError(
            f"telling the simulated platform of {sha[:7]}: it answered {answer.status}{hint}"
        )


def main() -> int:
    """Never fails the push: like a webhook that is lost."""
    if len(sys.argv) != 2 or not sys.argv[1].startswith("http"):
        print(__doc__, file=sys.stderr)
        return int(ExitCode.USAGE)
    try:
        for sha, branch in pushed_branches(sys.stdin):
            tell(sys.argv[1], os.environ.get("DIGITALOCEAN_TOKEN", ""), Path.cwd(), sha, branch)
    except AfterpushError as error:
        print(f"simulated platform: {error}", file=sys.stderr)
        return int(ExitCode.BAD_ANSWER)
    return int(ExitCode.GOOD)


if __name__ == "__main__":
    sys.exit(main())
