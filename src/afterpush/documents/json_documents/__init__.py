"""The documents that `--json` prints: every task, field, type and unit, and when a field is null.

They are types: the reference page is made from them, and every document that a test sees is held against its
type. `Annotated` carries the meaning; a field that is not always there is `NotRequired`.
"""

from afterpush.documents.json_documents import (
    agents,
    merge_queue,
    migrate,
    migrations,
    project,
    pushing,
    swarm,
)

DOCUMENTS: dict[str, object] = {
    **agents.DOCUMENTS,
    **pushing.DOCUMENTS,
    **merge_queue.DOCUMENTS,
    **swarm.DOCUMENTS,
    **project.DOCUMENTS,
    **migrations.DOCUMENTS,
    **migrate.DOCUMENTS,
}
