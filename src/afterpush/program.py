"""The console script `afterpush`: Invoke over our namespace, for repositories without a tasks.py."""

import os
import sys

from invoke import Program

from afterpush import __version__
from afterpush.infra.invocation import called_as
from afterpush.tasks import ns

program = Program(name="afterpush", namespace=ns, version=__version__)


def main() -> None:
    """Runs the program with the arguments of the process; a reader that goes away (`| head`) is no error."""
    called_as("afterpush")
    try:
        program.run()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
