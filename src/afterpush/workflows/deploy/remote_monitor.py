"""Monitors on another machine: the tasks of deploying, run there and shown here."""

from typing import Any

from afterpush.infra.console import note, say
from afterpush.workflows.app_repository import AppRepository


def ask_there(here: AppRepository, host: str, sha: str, task: str, **flags: Any) -> int:
    """Runs a task about a commit there, and passes on what it says and its exit code.

    A flag that is None or False is left out: `wait=True, timeout=None` -> `--sha=1f... --wait`. With `all`,
    the commit only prepares the machine.
    """
    from afterpush.deploy.monitor.remote import pack, prepare
    from afterpush.infra.configuration.config import CONFIG_PATH
    from afterpush.infra.remote.ssh import connected

    given = flags if flags.get("all") else {"sha": sha, **flags}
    named = {f"--{name.replace('_', '-')}": value for name, value in given.items()}
    words = [
        name if value is True else f"{name}={value}"
        for name, value in named.items()
        if value is not None and value is not False
    ]
    payload = pack(here.repo, here.root, here.settings.push.remote, sha, CONFIG_PATH)
    with connected(host) as remote:
        answer = prepare(remote, payload, note).run([task, *words])
    if answer.err.strip():
        note(answer.err.rstrip())
    if answer.out.strip():
        say(answer.out.rstrip())
    return answer.code
