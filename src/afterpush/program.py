"""The console script `afterpush`: Invoke over our namespace, for repositories without a tasks.py."""

from invoke import Program

from afterpush import __version__
from afterpush.tasks import ns

program = Program(name="afterpush", namespace=ns, version=__version__)


def main() -> None:
    """Runs the program with the arguments of the process."""
    program.run()
