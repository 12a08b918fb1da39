"""Invoke's entry into this repository: the namespace of afterpush, and the tasks for working on it."""

from afterpush.tasks import dev, ns

for own_task in dev.TASKS:
    ns.add_task(own_task)
