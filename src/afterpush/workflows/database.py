"""Which database a task talks to."""

from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.infra.database import Address

_NONE = (
    "no database is configured: set DB_HOST, DB_USER, DB_PASS and DB_NAME, or MYSQL_URL (see .env.example)"
)


def app_database(here: AppRepository) -> "Address":
    """The app's own database: `DB_*`, else `MYSQL_URL`. Raises AfterpushError naming the variables."""
    from afterpush.infra.database import address_from_variables

    address = address_from_variables(here.environment) or _from_url(here)
    if address is None:
        raise AfterpushError(_NONE)
    return address


def _from_url(here: AppRepository) -> "Address | None":
    from afterpush.infra.database import address_from_url

    url = here.environment.secret("MYSQL_URL")
    return address_from_url(url) if url else None
