"""Recognising a `git push` by its command line."""

import pytest

from afterpush.hooks.push_process import is_forced, push_words

ALIASES = {"up": "push --quiet", "all": "!git push", "st": "status", "pushall": "fetch"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("git push", []),
        ("/usr/lib/git-core/git push origin main", ["origin", "main"]),
        ("git -C /a/b -c x.y=push push -f", ["-f"]),
        ("git --git-dir=/x --no-pager push", []),
        ("git --git-dir /x --work-tree push push origin", ["origin"]),
        ("/usr/libexec/git-core/git-push origin", ["origin"]),
        ("git up origin", ["--quiet", "origin"]),
        ("git all", None),
        ("git st", None),
        ("git pushall", None),
        ("git fetch push", None),
        ("git", None),
        ("git --version", None),
        ("sh -c git push", None),
        ("gitk push", None),
        ("", None),
    ],
)
def test_a_push_is_told_from_what_only_mentions_one(line: str, words: list[str] | None) -> None:
    assert push_words(line.split(), ALIASES.get) == words


@pytest.mark.parametrize(
    ("line", "forced"),
    [
        ("origin main", False),
        ("-f", True),
        ("-uf origin main", True),
        ("--force origin", True),
        ("--force-with-lease=main:abc origin", True),
        ("--mirror backup", True),
        ("origin +main", True),
        ("origin feature", False),
        ("-ofast origin main", False),
        ("--follow-tags", False),
        ("--no-force", False),
    ],
)
def test_forcing_is_seen_in_every_spelling(line: str, forced: bool) -> None:
    assert is_forced(line.split()) is forced
