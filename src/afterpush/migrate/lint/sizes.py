"""How large the app's tables are: from a file, or asked of a database, reading only."""

import json
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.database import Address, connected
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text

QUERY = (
    "SELECT TABLE_NAME, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'"
)


@dataclass(frozen=True)
class Size:
    """Rows as the server estimates them; bytes of rows and indexes together."""

    rows: int
    bytes: int

    def __str__(self) -> str:
        size, unit = float(self.bytes), "B"
        for unit in ("B", "kB", "MB", "GB", "TB"):
            if size < 1000 or unit == "TB":
                break
            size /= 1000
        return f"{size:.0f} {unit}"


def sizes_from_file(path: Path) -> dict[str, Size]:
    """What the mysql client answers to `QUERY` (columns with tabs between), or {"table": {"rows", "bytes"}}.

    Raises AfterpushError for anything else.
    """
    text = read_text(path, "reading the sizes of tables")
    try:
        if text.lstrip().startswith("{"):
            return {
                name: Size(int(each["rows"]), int(each["bytes"])) for name, each in json.loads(text).items()
            }
        lines = [line.split("\t") for line in text.splitlines() if line.strip()]
        if lines and not lines[0][1].strip().isdigit():
            lines = lines[1:]  # The client's heading.
        return {name: Size(_number(rows), _number(size)) for name, rows, size in lines}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise AfterpushError(
            f'{path} holds no sizes; write what `mysql -e "{QUERY}"` answers, or '
            '{"table": {"rows": 1, "bytes": 2}}'
        ) from error


def _number(text: str) -> int:
    return 0 if text.strip() in ("NULL", "\\N") else int(text)


def sizes_of(address: Address) -> dict[str, Size]:
    """Asked of a database: SELECT rights on its tables are enough. Raises DatabaseFailure."""
    with connected(address) as connection:
        rows = [list(row.values()) for row in connection.query(QUERY)]
    return {str(name): Size(int(count or 0), int(size or 0)) for name, count, size in rows}
