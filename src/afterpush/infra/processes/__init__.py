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


def command_words(argv: Sequence[Argument]) -> tuple[str, ...]:
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
    words = command_words(argv)
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    with started(words, cwd, env, stdin=stdin, output=subprocess.PIPE, errors=subprocess.PIPE) as process:
        with _ended_on_failure(words, timeout_seconds, lambda: _kill(process)):
            stdout, stderr = process.communicate(input, timeout=timeout_seconds)
    return Completed(words, process.returncode, stdout, stderr)


def started(
    words: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    *,
    stdin: int | None = None,
    output: int | None = None,
    errors: int | None = None,
    has_own_session: bool = False,
) -> "subprocess.Popen[bytes]":
    """A process with these descriptors, ours where None. Raises AfterpushError when it cannot be started."""
    own = None if env is None else dict(env)
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=own,
            stdin=stdin,
            stdout=output,
            stderr=errors,
            start_new_session=has_own_session,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise AfterpushError(
                f"cannot run {command_name(words)}: the folder {cwd} does not exist"
            ) from error
        raise AfterpushError(f"cannot run {words[0]}: it is not installed or not on PATH") from error
    except OSError as error:
        raise AfterpushError(f"cannot run {words[0]}: {error.strerror}") from error


def command_name(words: tuple[str, ...]) -> str:
    return " ".join(words[:3])


@contextlib.contextmanager
def _ended_on_failure(
    words: tuple[str, ...], seconds: float | None, end: Callable[[], object]
) -> Iterator[None]:
    """Ends a process when the wait for it fails. Raises AfterpushError when it took longer than the limit."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        end()
        raise AfterpushError(f"{command_name(words)} took longer than {seconds} s and was ended") from error
    except BaseException:
        end()
        raise


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process and everything below it."""
    # Not a process group of its own: ssh below git could then not ask for a passphrase on the terminal.
    import psutil

    with contextlib.suppress(psutil.Error):
        root = psutil.Process(process.pid)
        for each in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.Error):
                each.kill()
    process.wait()


def run_shown(
    argv: Sequence[Argument], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Completed:
    """Runs a command that may take long, showing what it says on our stderr; `stderr` has it all as well.

    It stays in our terminal's session: ssh and git can still ask there for a passphrase. A process that it
    leaves behind with its output open does not keep us waiting.
    """
    words = command_words(argv)
    reading, writing = os.pipe()
    said = bytearray()
    reader = threading.Thread(target=_show, args=(reading, said), daemon=True)
    try:
        process = started(words, cwd, env, stdin=subprocess.DEVNULL, output=writing, errors=writing)
    except AfterpushError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    reader.start()
    with _ended_on_failure(words, None, lambda: _kill(process)):
        code = process.wait()
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
    words = command_words(argv)
    with started(words, cwd, env) as process:
        with _ended_on_failure(words, timeout_seconds, process.kill):
            return process.wait(timeout_seconds)
