"""Processes that outlive this one, or end with it: sessions and lifelines of their own."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import cure_for_writing
from afterpush.infra.processes import Argument, command_words, started


def start_detached(
    argv: Sequence[Argument],
    *,
    log: Path | None,
    cwd: Path,
    env: Mapping[str, str],
) -> int:
    """Starts a process that outlives this one and its terminal; returns its pid.

    It gets a session of its own and no descriptor of ours: a hook's caller that reads our stdout
    must not wait for it. Output is appended to `log` (mode 0600), else dropped.
    Raises AfterpushError when it cannot be started, or its log not be written.
    """
    process = _in_own_session(argv, log, cwd, env, stdin=subprocess.DEVNULL)
    process.returncode = 0  # It is not ours to wait for; keeps Popen from warning about it.
    return process.pid


def _opened_for_output(log: Path | None) -> int:
    path = log or Path(os.devnull)
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | (os.O_CREAT if log else 0), 0o600)
    except OSError as error:
        cure = cure_for_writing(path)
        raise AfterpushError(f"cannot write the log {path}: {error.strerror}; {cure}") from error


def _in_own_session(
    argv: Sequence[Argument],
    log: Path | None,
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: int,
) -> "subprocess.Popen[bytes]":
    words, output = command_words(argv), _opened_for_output(log)
    try:
        return started(words, cwd, env, stdin=stdin, output=output, errors=output, has_own_session=True)
    finally:
        os.close(output)


class OnLifeline:
    """A child whose stdin is a pipe of ours: it reads the end of file when we cut it, or die in any way."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout_seconds: float) -> int | None:
        """The exit code (negative: a signal), or None when it still runs after the limit."""
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def cut(self, goodbye: bytes = b"") -> None:
        """Closes the pipe: the child is to end itself and all below it. `goodbye` is what it reads before."""
        pipe = self._process.stdin
        if pipe and not pipe.closed:
            with contextlib.suppress(BrokenPipeError):  # It may have ended by itself.
                pipe.write(goodbye)
                pipe.close()

    def kill(self) -> None:
        self._process.kill()


def start_on_lifeline(
    argv: Sequence[Argument], *, log: Path | None, cwd: Path, env: Mapping[str, str]
) -> OnLifeline:
    """Starts a child in a session of its own that can tell when we are gone; output goes to `log` (0600)."""
    return OnLifeline(_in_own_session(argv, log, cwd, env, stdin=subprocess.PIPE))


def exit_code_of_child(pid: int) -> int | None:
    """The exit code of a child of this process that has ended (negative: a signal), None while it runs."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0  # Somebody else has collected it.
    return os.waitstatus_to_exitcode(status) if ended else None
