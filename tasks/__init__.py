"""The doors: every task, by namespace. Other repositories write `from afterpush.tasks import ns`."""

import invoke.parser.parser
from invoke import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser import ParserContext

from afterpush.ground.errors import ExitCode
ns.add_collection(conflicts.ns, "conflicts")
ns.add_collection(deploy.ns, "deploy")
