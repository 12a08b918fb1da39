"""The console script `afterpush`: Invoke over our namespace, for repositories without a tasks.py."""

import os
import sys

from invoke import Exit, Program

from afterpush import __version__
from afterpush.infra.errors import ExitCode
from afterpush.infra.invocation import called_as
from afterpush.tasks import ns


class _Program(Program):
    def parse_cleanup(self) -> None:
        """Invoke (2.2, 3.0) refuses `--list=nosuch` with exit code 1; a usage error is 2 here."""
        try:
            super().parse_cleanup()
        except Exit as refused:
            if refused.message:
                raise Exit(f"afterpush: {refused.message}", code=int(ExitCode.USAGE)) from refused
            raise


program = _Program(name="afterpush", namespace=ns, version=__version__)


def main() -> None:
    """Runs the program with the arguments of the process; a reader that goes away (`| head`) is no error."""
    called_as("afterpush")
    try:
        program.run()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
