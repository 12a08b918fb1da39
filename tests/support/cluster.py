"""A dask cluster of real processes on loopback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

WORKER_OPTIONS = ("--nthreads=2", "--no-nanny", "--memory-limit=0", "--no-dashboard", "--host=127.0.0.1")


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """The address of a scheduler with so many workers; the workers keep their clones below `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    env = dict(os.environ) | {"DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False"}
    with ExitStack() as stack:
        scheduler = ["dask_scheduler", "--host=127.0.0.1", f"--port={port}", "--no-dashboard"]
        stack.enter_context(_process(folder / "scheduler.log", scheduler, env))
        for number in range(workers):
            own = env | {"AFTERPUSH_SWARM_HOME": str(folder / f"home-{number}")}
            words = ["dask_worker", address, f"--local-directory={folder / f'w{number}'}", *WORKER_OPTIONS]
            stack.enter_context(_process(folder / f"worker-{number}.log", words, own))
        wait_until(
            lambda: all("Registered to" in (folder / f"worker-{n}.log").read_text() for n in range(workers)),
            "the workers are registered",
        )
        yield address


@contextmanager
def _process(log: Path, words: list[str], env: dict[str, str]) -> Iterator[None]:
    module, *options = words
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=log.parent,
        )
    try:
        yield
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait()
