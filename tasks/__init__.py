"""The doors: every task, by namespace. Other repositories write `from afterpush.tasks import ns`."""

import re

import invoke.parser.parser
from invoke import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser import ParserContext

from afterpush.ground.errors import ExitCode
from afterpush.tasks import (
    conflicts,
    demo,
    deploy,
    doappspec,
    docs,
    env,
    hooks,
    migrate,
    prompts,
    push,
    swarm,
)

_NAMELESS = re.compile(r"<Argument: ([\w-]+)[^>]*>")


class UsageError(Exit, ParseError):
    """A command line that Invoke cannot read.

    Invoke (2.2) exits with 1 for it, which here means "the answer is bad"; as an Exit it carries 2.
    """

    def __init__(self, message: str, context: ParserContext | None = None) -> None:
        Exit.__init__(self, None, int(ExitCode.USAGE))  # Invoke prints the text of a ParseError itself.
        self.args = (_NAMELESS.sub(r"--\1", message),)
        self.context = context


invoke.parser.parser.ParseError = UsageError  # type: ignore[assignment, misc]

ns = Collection("afterpush")
ns.add_collection(conflicts.ns, "conflicts")
ns.add_collection(deploy.ns, "deploy")
ns.add_collection(prompts.ns, "prompts")
ns.add_collection(doappspec.ns, "doappspec")
ns.add_collection(docs.ns, "docs")
ns.add_collection(env.ns, "env")
ns.add_collection(hooks.ns, "hooks")
ns.add_collection(migrate.ns, "migrate")
ns.add_collection(push.ns, "push")
ns.add_collection(swarm.ns, "swarm")
ns.add_task(demo.demo)
