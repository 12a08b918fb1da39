"""Asking the deployments table: connection, encryption, columns."""

from collections.abc import Callable

from afterpush.environment.probe import PROBE_SECONDS, Probe, outcome
from afterpush.environment.report import Problem, State, warning
from afterpush.infra.clock import Clock
from afterpush.infra.database import Address, DatabaseFailure, connected
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import is_loopback

_ACCESS_DENIED = (1044, 1045, 1698)  # The server's numbers for a wrong user, password or database right.


def probe_database(make_address: Callable[[], Address | None], table: str, clock: Clock) -> Probe:
    """One connection to where `DB_*` points, and one look at the table's columns."""
    name = "database"
    try:
        address = make_address()
    except AfterpushError as bad:
        return outcome(name, State.MISCONFIGURED, str(bad), cure="correct the DB_* variables")
    if address is None:
        return outcome(name, State.NOT_CONFIGURED, "DB_HOST is not set", cure="set DB_HOST and DB_PASS")
    begun, seconds = clock.monotonic(), None
    target = str(address)
    try:
        with connected(
            address, timeout_seconds=PROBE_SECONDS, read_timeout_seconds=PROBE_SECONDS
        ) as database:
            seconds = clock.monotonic() - begun
            version = database.few("SHOW SESSION STATUS LIKE 'Ssl_version'")
            columns = {str(row["Field"]).lower() for row in database.few(f"SHOW COLUMNS FROM `{table}`")}
    except DatabaseFailure as failure:
        detail, _, cure = str(failure).removeprefix(f"connecting to {target}: ").partition("; ")
        cure = cure or f"name the table in deploy.database_table (now {table}), or unset DB_HOST"
        if failure.number in _ACCESS_DENIED:
            seconds, state = clock.monotonic() - begun, State.REFUSED
        else:
            state = State.UNREACHABLE if seconds is None else State.UNUSABLE
        return outcome(name, state, detail, cure=cure, target=target, seconds=seconds)
    except AfterpushError as bad:
        return outcome(name, State.MISCONFIGURED, str(bad), cure="correct the DB_* variables", target=target)
    if "status" not in columns or not columns & {"commitsha", "commit_sha"}:
        detail = f"the table {table} has no columns commitSha and status"
        cure = "name the right table in deploy.database_table"
        return outcome(name, State.UNUSABLE, detail, cure=cure, target=target, seconds=seconds)
    tls = str(version[0].get("Value", "")) if version else ""
    is_verified = "verified" if address.ssl_ca else "not verified (DB_SSL_CA is not set)"
    detail = f"{tls}, certificate {is_verified}" if tls else "not encrypted"
    advice = _about_encryption(address, bool(tls))
    return outcome(name, State.OK, detail, target=target, seconds=seconds, advice=advice)


def _about_encryption(address: Address, is_encrypted: bool) -> list[Problem]:
    if is_encrypted or is_loopback(f"mysql://{address.host}"):
        return []
    what = f"the connection to the database {address.host} is not encrypted"
    return [warning(what, "set DB_SSL_MODE=REQUIRED", "everything; the password travels in the open")]
