"""The texts of the hooks: this repository has what others get; blocks come out as they went in."""

import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afterpush.hooks.install.scripts import (
    block,
    bytes_of,
    case_pattern,
    is_shell,
    own_script,
    reference_transaction,
    text_of,
    with_block,
    without_block,
    wrapper,
)
from tests.support.shared import ROOT

HINT = "it's in `docs`; $(id)"
OUR_HINT = "./inv gets it ready"
TEXTS = [
    own_script("pre-push", HINT),
    own_script("post-push", HINT),
    wrapper(block("pre-push", HINT), "pre-push"),
    wrapper(block("post-push", HINT), "post-push"),
    reference_transaction(["refs/remotes/origin/main", "refs/remotes/origin/release/*"]),
]


@pytest.mark.parametrize("hook", ["pre-push", "post-push"])
def test_this_repository_has_the_hooks_that_it_gives_to_others(hook: str) -> None:
    path = ROOT / ".husky" / hook
    assert path.read_text() == own_script(hook, OUR_HINT)
    assert path.stat().st_mode & 0o111


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("shell", ["dash", "bash --posix"])
def test_every_shell_can_read_them(text: str, shell: str) -> None:
    done = subprocess.run([*shell.split(), "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""


@given(st.binary(), st.sampled_from([b"", b"#!/bin/sh", b"#!/bin/sh\n", b"#!/bin/sh\r\n", b"\xef\xbb\xbf"]))
@example(b"# caf\xe9\r\n\x00", b"#!/bin/sh\n")
def test_a_block_comes_out_as_it_went_in(rest: bytes, start: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pre-push"
        path.write_bytes(start + rest)
        script = text_of(path)
    assert bytes_of(without_block(with_block(script, block("pre-push", HINT)))) == start + rest


WILD = [
    "main",
    "release/*",
    "v?",
    "v[0-9]",
    "[!v]*",
    "it's",
    "$(exit 3)",
    "`id`",
    "a;b",
    "a(b",
    "a|b",
    "a&b",
    'a"b',
    "a]b",
]
NAMES = [*WILD, "release/1.2", "release/a/b", "v1", "vx", "x", "a", "b"]


@pytest.mark.parametrize("pattern", WILD)
@pytest.mark.parametrize("shell", ["dash", "bash --posix"])
def test_a_branch_is_matched_in_sh_as_it_is_in_python(pattern: str, shell: str) -> None:
    script = f'for name; do case $name in {case_pattern(pattern)}) printf "%s\n" "$name" ;; esac; done'
    done = subprocess.run([*shell.split(), "-c", script, "sh", *NAMES], capture_output=True, text=True)
    assert done.stdout.splitlines() == [name for name in NAMES if fnmatchcase(name, pattern)]
    assert done.stderr == ""


def test_a_second_block_takes_the_place_of_the_first() -> None:
    script = "#!/bin/sh -e\n\nnpm test\n"
    once = with_block(script, block("pre-push", HINT))
    assert once.startswith("#!/bin/sh -e\n# >>> afterpush") and once.endswith("\n\nnpm test\n")
    assert with_block(once, block("pre-push", HINT)) == once


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
