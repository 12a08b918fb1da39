"""Making another machine ready: our own code there, in just the versions that run here.

What is installed there already is used when it is the same. Else an environment is made in the user's cache
(`~/.cache/afterpush/environments`), once for each version: a wheel of what runs here is sent, the rest comes
from the package index, pinned to the versions that are installed here.
"""

import base64
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.infra.remote.ssh import Remote, RemoteAnswer
from afterpush.infra.remote.wheel import Installed, constraints, wheel

_PATH = 'PATH="$PATH:$HOME/.local/bin"; export PATH'
_PLACE = 'place="${XDG_CACHE_HOME:-$HOME/.cache}/afterpush/environments"'
# Two may make the same environment at once: the first to finish counts, the other drops its own.
_MOVE = """import os, sys
try:
    os.rename(*sys.argv[1:])
except OSError:
    if not os.path.isdir(sys.argv[2]):
        raise
"""
_ASK = "-P -m afterpush.infra.remote.wheel"


@dataclass(frozen=True)
class Found:
    """What is there: interpreters with afterpush in them, and one that can make an environment."""

    equipped: tuple[tuple[str, Installed], ...]
    bare: str | None


def prepared(remote: Remote, wanted: Installed, note: Callable[[str], None]) -> str:
    """The interpreter there that runs exactly what runs here; it is made when there is none.

    Raises AfterpushError that says what is missing there, and what to do.
    """
    found = parse_look(remote.run(look_script(wanted)))
    python = choose(found, wanted)
    if python:
        return python
    if found.bare is None:
        raise AfterpushError(
            f"{remote.host} has no Python {wanted.python} with the venv module on its PATH; both sides need "
            f"the same one (Debian: apt-get install python{wanted.python} python{wanted.python}-venv)"
        )
    note(f"{remote.host}: making an environment, once for this version")
    name, content = wheel()
    done = remote.run(make_script(wanted, found.bare, name, constraints()), content)
    if done.code != 0:
        said = [line for line in done.err.splitlines() if line.strip()]
        raise AfterpushError(
            f"making an environment on {remote.host}: {said[-1] if said else f'exit code {done.code}'}; "
            "or install there what runs here, and put afterpush on its PATH"
        )
    made = choose(parse_look(remote.run(look_script(wanted))), wanted)
    if made is None:
        raise AfterpushError(f"the environment that was made on {remote.host} does not match; run it again")
    return made


def choose(found: Found, wanted: Installed) -> str | None:
    """The first interpreter whose installation equals ours."""
    return next((python for python, there in found.equipped if there == wanted), None)


def look_script(wanted: Installed) -> str:
    """Prints `equipped` lines (interpreter, what is installed) and `bare` lines (interpreter)."""
    made = f'"$place/{wanted.files}-{wanted.python}/bin/python"'
    bare = f"import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '{wanted.python}')"
    return "\n".join(
        (
            _PATH,
            _PLACE,
            'own="$(command -v afterpush)" && own="$(dirname "$(readlink -f "$own")")/python3"',
            f'for python in ${{own:+"$own"}} {made} python3; do',
            f'  said="$("$python" {_ASK} 2>/dev/null)" && printf "equipped\\t%s\\t%s\\n" "$python" "$said"',
            "done",
            f"for python in python{wanted.python} python3 python; do",
            f'  "$python" -c {shlex.quote(bare)} 2>/dev/null && printf "bare\\t%s\\n" "$python"',
            "done",
            "exit 0",
        )
    )


def parse_look(answer: RemoteAnswer) -> Found:
    """What `look_script` printed; whatever else a login script printed is passed over."""
    equipped: list[tuple[str, Installed]] = []
    bare: str | None = None
    for line in answer.out.splitlines():
        match line.split("\t"):
            case ["equipped", python, said]:
                try:
                    equipped.append((python, Installed(**json.loads(said))))
                except (ValueError, TypeError):
                    continue  # Another version of afterpush, which answers in another form.
            case ["bare", python]:
                bare = bare or python
    return Found(tuple(equipped), bare)


def make_script(wanted: Installed, python: str, wheel_name: str, pins: str) -> str:
    """Makes the environment from the wheel on stdin."""
    encoded = shlex.quote(base64.b64encode(pins.encode()).decode("ascii"))
    pip = '"$made/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input'
    return "\n".join(
        (
            _PATH,
            _PLACE,
            "set -e",
            "umask 077",
            'mkdir -p "$place"',
            'made="$(mktemp -d "$place/making.XXXXXX")"',
            """trap 'rm -rf "$made"' EXIT HUP INT TERM""",
            f'cat >"$made/{wheel_name}"',
            f'printf %s {encoded} | base64 -d >"$made/constraints.txt"',
            f'{python} -m venv "$made/venv" >&2',
            f'{pip} --constraint "$made/constraints.txt" "$made/{wheel_name}" >&2',
            f'{python} -c {shlex.quote(_MOVE)} "$made/venv" "$place/{wanted.files}-{wanted.python}"',
        )
    )
