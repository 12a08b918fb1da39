"""TOML that others wrote, as plain data."""

from typing import Any


def load_toml(text: str) -> dict[str, Any]:
    """The document's data. Raises ValueError, also for what is nested deeper than Python's stack: tomllib
    lets another error out there.
    """
    import tomllib

    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
