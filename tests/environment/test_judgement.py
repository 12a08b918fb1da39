"""What the check makes of what it found, without a repository."""

import pytest

from afterpush.environment.report import Severity, Tool
from afterpush.environment.repository import EnvFile, env_file_check
from afterpush.environment.tools import Needs, needs, tool_problems
from tests.support.shared import ROOT


def git(version: str | None, found: bool = True) -> list[Tool]:
    return [Tool("git", found, True, version, "/usr/bin/git" if found else None, "everything")]


@pytest.mark.parametrize(
    ("version", "severities"),
    [
        ("2.39.5", []),
        ("2.38.0", []),
        ("2.37.1", [Severity.WARNING]),
        ("2.30.2", [Severity.ERROR]),
        ("1.8.3.1", [Severity.ERROR]),
        (None, []),
        ("2.50.0.windows.1", []),
    ],
)
def test_an_old_git_is_judged_by_what_it_lacks(version: str | None, severities: list[Severity]) -> None:
    assert [problem.severity for problem in tool_problems(git(version))] == severities


@pytest.mark.parametrize(
    ("url", "over_ssh"),
    [
        ("git@github.com:acme/shop.git", True),
        ("ssh://git@github.com/acme/shop.git", True),
        ("https://ada@github.com/acme/shop.git", False),
        ("/srv/git/shop.git", False),
        ("../shop.git", False),
    ],
)
def test_ssh_is_needed_for_remotes_that_are_reached_over_it(url: str, over_ssh: bool) -> None:
    assert needs(ROOT, [url]) == Needs(node=False, ssh=over_ssh)


@pytest.mark.parametrize(
    ("mode", "who"),
    [(0o600, None), (0o400, None), (0o640, "its group"), (0o644, "everybody"), (0o604, "everybody")],
)
def test_an_env_file_that_others_can_read_is_a_warning(mode: int, who: str | None) -> None:
    check, problems = env_file_check(EnvFile(True, mode, is_ignored=True, is_tracked=False))
    assert check.ok is (who is None)
    assert [who in problem.what for problem in problems if who] == ([True] if who else [])
