"""Which database a door talks to."""

from typing import TYPE_CHECKING

from afterpush.ground.errors import AfterpushError
from afterpush.tasks._door import Site

if TYPE_CHECKING:
    from afterpush.ground.database import Address

_NONE = (
    "no database is configured: set DB_HOST, DB_USER, DB_PASS and DB_NAME, or MYSQL_URL (see .env.example)"
)


def app_database(here: Site) -> "Address":
    """The app's own database: `DB_*`, else `MYSQL_URL`. Raises AfterpushError naming the variables."""
    from afterpush.ground.database import address_from_variables

    address = address_from_variables(here.environment) or _from_url(here)
    if address is None:
        raise AfterpushError(_NONE)
    return address


def proving_server(here: Site) -> "Address | None":
    """The server for proofs: `MYSQL_URL`, else `DB_*`; None when neither is set."""
    from afterpush.ground.database import address_from_variables

    return _from_url(here) or address_from_variables(here.environment)


def required_proving_server(here: Site) -> "Address":
    """The same; without one, an AfterpushError naming the variables."""
    address = proving_server(here)
    if address is None:
        raise AfterpushError(_NONE)
    return address


def _from_url(here: Site) -> "Address | None":
    from afterpush.ground.database import address_from_url

    url = here.environment.secret("MYSQL_URL")
    return address_from_url(url) if url else None
