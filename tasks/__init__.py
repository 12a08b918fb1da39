"""Every task, by namespace. Other repositories write `from afterpush.tasks import ns`."""

from invoke import Collection

from afterpush.tasks import (
    _usage,
    agents,
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
    queue,
    swarm,
)

_usage.install()

ns = Collection("afterpush")
ns.add_collection(agents.ns, "agents")
ns.add_collection(conflicts.ns, "conflicts")
ns.add_collection(deploy.ns, "deploy")
ns.add_collection(prompts.ns, "prompts")
ns.add_collection(doappspec.ns, "doappspec")
ns.add_collection(docs.ns, "docs")
ns.add_collection(env.ns, "env")
ns.add_collection(hooks.ns, "hooks")
ns.add_collection(migrate.ns, "migrate")
ns.add_collection(push.ns, "push")
ns.add_collection(queue.ns, "queue")
ns.add_collection(swarm.ns, "swarm")
ns.add_task(demo.demo)
