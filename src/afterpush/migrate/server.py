"""Which server it is, which databases it has, and how far the user's rights go."""

import re

from afterpush.infra.database import Connection
from afterpush.migrate.proof_report import ServerFacts
from afterpush.migrate.scratch import PREFIX

_GRANT = re.compile(r"^GRANT (?P<rights>.*?) ON (?P<scope>\S+?\.\S+|`(?:[^`]|``)+`\.\S+) TO ", re.IGNORECASE)


def facts_of(connection: Connection) -> ServerFacts:
    """The server's own account of itself. Raises DatabaseFailure."""
    row = connection.query(
        "SELECT VERSION() AS version, @@version_comment AS comment, @@sql_mode AS mode, "
        "@@character_set_server AS cs, @@collation_server AS co, @@lower_case_table_names AS lower_names"
    )[0]
    named = f"{row['version']} {row['comment']}".lower()
    return ServerFacts(
        flavor="MariaDB" if "mariadb" in named else "MySQL",
        version=row["version"],
        comment=row["comment"],
        sql_mode=row["mode"],
        character_set=row["cs"],
        collation=row["co"],
        lower_case_table_names=int(row["lower_names"]),
    )


def schemas_of(connection: Connection) -> frozenset[str]:
    """The databases that this user sees, in lower case."""
    rows = connection.query("SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA")
    return frozenset(str(row["name"]).lower() for row in rows)


def is_confined(connection: Connection) -> bool:
    """Whether the user's rights end at scratch schemas: then no statement can do harm outside of them."""
    for row in connection.query("SHOW GRANTS"):
        grant = _GRANT.match(str(next(iter(row.values()))))
        if grant is None:
            return False
        schema = grant["scope"].rpartition(".")[0].strip("`").replace("\\", "")
        if grant["rights"].upper() != "USAGE" and not schema.startswith(PREFIX):
            return False
    return True
