"""A server that runs the program for tests in processes that have imported it already.

Starting Python and importing the program costs more than most tasks do: 0.3 s of CPU against some hundredths.
The server imports once and forks for each call. A call is still a process of its own, with its own folder,
environment, descriptors and exit code, as `python -c "from afterpush.__main__ import main; main()" WORDS` is.
Only its command line in /proc is the server's, and what Python reads from the environment when it starts.

    test process           server           keeper                the call
    request, 4 fds   -->   fork       -->   fork            -->   becomes the call, runs main()
    pid              <-------------------   tells its pid
    exit code        <-------------------   waits for it    <--   ends
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import random
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

# Larger than any environment and command line of a test.
_REQUEST_BYTES = 1 << 20
_PROGRAM = (
    "from tests.support.program_server import run, serve; serve(); "
    "from afterpush.program import main; run(main)"
)
_AT_START = ("PYTHON", "LC_", "LANG")
_LIBRARIES = ("jinja2", "psutil", "pymysql", "sqlite3")


def is_free_of_python(env: Mapping[str, str]) -> bool:
    """Whether this environment tells Python nothing else than the server's own does, at its start."""
    names = {name for name in {*env, *os.environ} if name.startswith(_AT_START)}
    return all(env.get(name) == os.environ.get(name) for name in names)


class ProgramServer:
    """The server as the test process sees it; it ends with this process."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _REQUEST_BYTES)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            ).returncode = 0  # Nobody waits for it.

    def run(
        self,
        words: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        stdin: str | None,
        timeout_seconds: float,
    ) -> tuple[int, str, str]:
        """Runs the program to its end: exit code, stdout, stderr.

        Raises subprocess.TimeoutExpired after it has killed a process that took longer.
        """
        request = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
        ours, theirs = zip(*[os.pipe() for _ in range(3)], strict=True)
        with _readable(stdin) as standard_input:
            socket.send_fds(self._channel, [request], [standard_input, *theirs])
        for descriptor in theirs:
            os.close(descriptor)
        read = dict.fromkeys(ours, b"")
        deadline = time.monotonic() + timeout_seconds
        with selectors.DefaultSelector() as waiting:
            for descriptor in ours:
                waiting.register(descriptor, selectors.EVENT_READ)
            while waiting.get_map():
                for key, _ in waiting.select(max(deadline - time.monotonic(), 0)):
                    if data := os.read(key.fd, 1 << 16):
                        read[key.fd] += data
                    else:
                        waiting.unregister(key.fd)
                        os.close(key.fd)
                if time.monotonic() > deadline:
                    os.kill(int(read[ours[2]].split()[0]), signal.SIGKILL)
                    raise subprocess.TimeoutExpired(list(words), timeout_seconds, *_texts(read)[:2])
        out, err, end = _texts(read)
        return int(end.split()[1]), out, err


def _texts(read: Mapping[int, bytes]) -> list[str]:
    """As subprocess decodes what it read."""
    return [data.decode().replace("\r\n", "\n").replace("\r", "\n") for data in read.values()]


@contextlib.contextmanager
def _readable(text: str | None) -> Iterator[int]:
    """A descriptor from which the text can be read; without one it is at its end."""
    if text is None:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    else:
        descriptor, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _REQUEST_BYTES)
        os.set_blocking(writing, False)  # More than a pipe can hold is an error, not a hang.
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            assert pipe.write(text.encode()) == len(text.encode())
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def serve() -> None:
    """The server itself: returns only in the process of a call, which goes on as the program."""
    channel = socket.socket(fileno=int(sys.argv.pop()))
    _import_everything()
    gc.freeze()  # Or a collection in a child would copy every page.
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _REQUEST_BYTES, 4)
        if not message:
            sys.exit()
        if os.fork() == 0:
            channel.close()
            _keep(descriptors)
            _become(**json.loads(message))
            return
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def run(main: Callable[[], None]) -> None:
    """Runs the program in the process of a call and ends it as Python would, with what it has registered.

    Only the clearing of all modules is left out: of the server's it costs ten times what a short task does.
    """
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = 0 if end.code is None else end.code
    if not isinstance(code, int) or threading.active_count() > 1:
        sys.exit(code)  # type: ignore[arg-type]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code & 0xFF)


def _import_everything() -> None:
    import afterpush

    for module in pkgutil.walk_packages(afterpush.__path__, "afterpush."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _LIBRARIES:
        importlib.import_module(name)


def _keep(descriptors: list[int]) -> None:
    """Returns in the child that becomes the call; its parent reports its pid and how it ended."""
    *standard, end = descriptors
    if pid := os.fork():
        for descriptor in (0, 1, 2, *standard):
            os.close(descriptor)
        os.write(end, f"{pid}\n".encode())
        os.write(end, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
        os._exit(0)
    os.close(end)
    for target, descriptor in enumerate(standard):
        os.dup2(descriptor, target)
        os.close(descriptor)


def _become(words: list[str], cwd: str, env: dict[str, str]) -> None:
    """What a new process would have; the random numbers must differ from those of the next call."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    random.seed()
    # The old ones know the position in what they wrote to before.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv[1:] = words
