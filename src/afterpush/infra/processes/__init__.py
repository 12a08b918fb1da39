"""Running and starting processes: the only place that starts any."""

import codecs
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.printable import printable

_LONGEST_SEQUENCE = 64

Argument = str | os.PathLike[str]


_echo: list[Callable[[Sequence[str]], None]] = []


def echo_commands(show: Callable[[Sequence[str]], None]) -> None:
    """From now on every command is shown before it is run (Invoke's `--echo`)."""
    _echo[:] = [show]


def _words(argv: Sequence[Argument]) -> tuple[str, ...]:
    words = tuple(os.fspath(word) for word in argv)
    for show in _echo:
        show(words)
    return words


@dataclass(frozen=True)
class Completed:
    """How a command ended: `code` is negative for a signal."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """stdout as text; bytes that are not UTF-8 survive as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def error_text(self) -> str:
        return self.stderr.decode("utf-8", "replace").strip()


def run(
    argv: Sequence[Argument],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: bytes | None = None,
    timeout_seconds: float | None = None,
) -> Completed:
    """Runs a command to its end and returns what it said; never raises for its exit code.

    Without `input`, stdin is empty. Raises AfterpushError when the program is missing or took longer
    than the limit (it and everything below it is then killed).
    """
    words = _words(argv)
    with _started(words, cwd, env, has_input=input is not None) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=timeout_seconds)
        except BaseException as error:
            _kill_tree(process.pid)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise AfterpushError(
                    f"{_name(words)} took longer than {timeout_seconds} s and was ended"
                ) from error
            raise
    return Completed(words, process.returncode, stdout, stderr)


@contextlib.contextmanager
def _started(
    words: tuple[str, ...], cwd: Path | None, env: Mapping[str, str] | None, *, has_input: bool
) -> Iterator["subprocess.Popen[bytes]"]:
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise AfterpushError(f"cannot run {_name(words)}: the folder {cwd} does not exist") from error
        raise AfterpushError(f"cannot run {words[0]}: it is not installed or not on PATH") from error
    except OSError as error:
        raise AfterpushError(f"cannot run {words[0]}: {error.strerror}") from error
    with process:
        yield process


def _name(words: tuple[str, ...]) -> str:
    return " ".join(words[:3])


def _kill_tree(pid: int) -> None:
    # Not a process group of its own: ssh below git could then not ask for a passphrase on the terminal.
    import psutil

    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.Error):
                process.kill()


def run_shown(
    argv: Sequence[Argument], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Completed:
    """Runs a command that may take long, showing what it says on our stderr; `stderr` has it all as well.

    It stays in our terminal's session: ssh and git can still ask there for a passphrase. A process that it
    leaves behind with its output open does not keep us waiting.
    """
    words = _words(argv)
    reading, writing = os.pipe()
    said = bytearray()
    reader = threading.Thread(target=_show, args=(reading, said), daemon=True)
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
        )
    except OSError as error:
        os.close(reading)
        raise AfterpushError(f"cannot run {words[0]}: {error.strerror}") from error
    finally:
        os.close(writing)
    reader.start()
    try:
        code = process.wait()
    except BaseException:
        _kill_tree(process.pid)
        process.wait()
        raise
    reader.join(timeout=1)
    return Completed(words, code, b"", bytes(said))


def _show(reading: int, said: bytearray) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held = ""
    with os.fdopen(reading, "rb", buffering=0) as stream:
        while piece := stream.read(8192):
            said += piece
            # A sequence that may be cut in two waits for the next piece.
            held += decoder.decode(piece)
            cut = held.rfind("\x1b", max(0, len(held) - _LONGEST_SEQUENCE))
            text, held = (held, "") if cut < 0 else (held[:cut], held[cut:])
            _show_text(text)
    _show_text(held)


def _show_text(text: str) -> None:
    sys.stderr.write(printable(text, colours=sys.stderr.isatty()))
    sys.stderr.flush()


def run_attached(
    argv: Sequence[Argument],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> int:
    """Runs a command in the user's terminal (our stdin, stdout, stderr) and returns its exit code.

    What it leaves running in the background is not waited for. Raises AfterpushError when the program is
    missing, or was ended after the limit.
    """
    words = _words(argv)
    environment = None if env is None else dict(env)
    try:
        done = subprocess.run(words, cwd=cwd, env=environment, check=False, timeout=timeout_seconds)
    except FileNotFoundError as error:
        raise AfterpushError(f"cannot run {words[0]}: it is not installed or not on PATH") from error
    except subprocess.TimeoutExpired as error:
        raise AfterpushError(f"{_name(words)} took longer than {timeout_seconds} s and was ended") from error
    return done.returncode


def start_detached(
    argv: Sequence[Argument],
    *,
    log: Path | None,
    cwd: Path,
    env: Mapping[str, str],
    keep: Sequence[int] = (),
) -> int:
    """Starts a process that outlives this one and its terminal; returns its pid.

    It gets a session of its own and no descriptor of ours except those in `keep`: a hook's caller that
    reads our stdout must not wait for it. Output is appended to `log` (mode 0600), else dropped.
    Raises AfterpushError when it cannot be started, or its log not be written.
    """
    process = _in_own_session(argv, log, cwd, env, stdin=subprocess.DEVNULL, keep=keep)
    process.returncode = 0  # It is not ours to wait for; keeps Popen from warning about it.
    return process.pid


def _opened_for_output(log: Path | None) -> int:
    try:
        return os.open(log or os.devnull, os.O_WRONLY | os.O_APPEND | (os.O_CREAT if log else 0), 0o600)
    except OSError as error:
        raise AfterpushError(
            f"cannot write the log {log}: {error.strerror}; make its folder writable"
        ) from error


def _in_own_session(
    argv: Sequence[Argument],
    log: Path | None,
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: int,
    keep: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    words = _words(argv)
    output = _opened_for_output(log)
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=tuple(keep),
        )
    except OSError as error:
        raise AfterpushError(f"cannot start {_name(words)} in the background: {error.strerror}") from error
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

    def cut(self) -> None:
        """Closes the pipe: the child is to end itself and all below it."""
        if self._process.stdin:
            self._process.stdin.close()

    def kill(self) -> None:
        self._process.kill()


def start_on_lifeline(
    argv: Sequence[Argument], *, log: Path, cwd: Path, env: Mapping[str, str]
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
