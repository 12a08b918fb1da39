"""The texts of the hooks: this repository has what others get; blocks come out as they went in."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.hooks.scripts import (
    block,
    is_shell,
    own_script,
    reference_transaction,
    with_block,
    without_block,
    wrapper,
)
from tests.support.shared import ROOT

TEXTS = [
    own_script("pre-push"),
    own_script("post-push"),
    wrapper(block("pre-push")),
    wrapper(block("post-push")),
    reference_transaction(["refs/remotes/origin/main", "refs/remotes/origin/release/*"]),
]


@pytest.mark.parametrize("hook", ["pre-push", "post-push"])
def test_this_repository_has_the_hooks_that_it_gives_to_others(hook: str) -> None:
    path = ROOT / ".husky" / hook
    assert path.read_text() == own_script(hook)
    assert path.stat().st_mode & 0o111


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("shell", ["dash", "bash --posix"])
def test_every_shell_can_read_them(text: str, shell: str) -> None:
    done = subprocess.run([*shell.split(), "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""


@given(st.text(alphabet=st.characters(exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")))
def test_a_block_comes_out_as_it_went_in(script: str) -> None:
    assert without_block(with_block(script, block("pre-push"))) == script


def test_a_second_block_takes_the_place_of_the_first() -> None:
    script = "#!/bin/sh -e\n\nnpm test\n"
    once = with_block(script, block("pre-push"))
    assert once.startswith("#!/bin/sh -e\n# >>> afterpush") and once.endswith("\n\nnpm test\n")
    assert with_block(once, block("pre-push")) == once


@pytest.mark.parametrize(
    ("first", "answer"),
    [
        ("#!/bin/sh", True),
        ("#! /usr/bin/env bash", True),
        ("#!/usr/bin/env -S zsh -e", True),
        ("#!/usr/bin/env python3", False),
        ("#!/usr/bin/env node", False),
        ("echo no shebang", False),
        ("", False),
    ],
)
def test_a_shell_script_is_known_by_its_first_line(first: str, answer: bool) -> None:
    assert is_shell(f"{first}\nsh\n") is answer
