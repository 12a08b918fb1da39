"""sqlglot's opinion: the only place that knows it."""

from functools import lru_cache

from afterpush.migrate.cursor import Unread


@lru_cache(maxsize=4096)
def syntax_error(sql: str) -> str:
    """What sqlglot's MySQL dialect cannot parse in `sql`; empty when it can (or keeps it as a command)."""
    import logging

    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        sqlglot.parse(sql, read="mysql")
    except SqlglotError as error:
        return _first_sentence(error)
    except RecursionError:
        return "nested too deeply to be parsed"
    return ""


def _first_sentence(error: Exception) -> str:
    said = str(error).splitlines()[0].split(". Line")[0].split(" but got <Token")[0]
    return f"sqlglot: {said.split(' missing for <class')[0]}"


def require_expression(text: str) -> None:
    """Raises Unread for what is no expression."""
    if said := syntax_error(f"SELECT ({text})"):
        raise Unread(f"the expression ({' '.join(text.split())[:60]}): {said}")
