"""Planning the consolidation: which target takes the steps."""

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.audit import Audit
from afterpush.migrate.repository import Repository
from afterpush.migrate.sql_target import plan_sql
from afterpush.migrate.target import Plan, Target
from afterpush.migrate.typescript_target import plan_typescript


def default_target(repository: Repository) -> Target:
    """The kind of the boot script; `sql` where there is none."""
    boot = repository.inputs.boot
    return "typescript" if boot is not None and boot.kind == "typescript" else "sql"


def plan(found: Audit, target: Target, *, with_data: bool) -> Plan:
    """The steps for all that is missing, and the file that holds them afterwards.

    Raises AfterpushError when the target cannot take steps.
    """
    repository = found.repository
    if target == "typescript":
        return plan_typescript(found, repository, with_data)
    return plan_sql(found, repository, with_data)


def parse_target(text: str | None, repository: Repository) -> Target:
    """The flag's value, or the default. Raises AfterpushError for anything else."""
    if text is None or text == "":
        return default_target(repository)
    if text == "typescript":
        return "typescript"
    if text == "sql":
        return "sql"
    raise AfterpushError(f"--target={text}: expected sql or typescript")
