"""What a server spells in several ways and means as one."""

import re
from collections.abc import Callable


def as_one_rule(rule: str) -> str:
    """NO ACTION is RESTRICT (InnoDB): a server shows either where none is written."""
    return "RESTRICT" if rule == "NO ACTION" else rule


_LINE: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"^((?:UNIQUE |FULLTEXT |SPATIAL )?KEY) `(?:[^`]|``)+`"), r"\1"),
    (re.compile(r"^CONSTRAINT `(?:[^`]|``)+` (?=FOREIGN KEY|CHECK)"), ""),
    # InnoDB makes a B-tree of whatever is asked for; where it matters, information_schema says so.
    (re.compile(r"(?<=\)) USING (?:BTREE|HASH)\b"), ""),
    (re.compile(r"^(\).*?) AUTO_INCREMENT=\d+"), r"\1"),
    (re.compile(r"(?<=\)) ON DELETE (?:NO ACTION|RESTRICT)(?= ON UPDATE|$)"), ""),
    (re.compile(r" ON UPDATE (?:NO ACTION|RESTRICT)$"), ""),
)


def created_line(line: str) -> str:
    """A line of SHOW CREATE TABLE without its name, its comma and the next AUTO_INCREMENT value."""
    line = line.strip().rstrip(",")
    for pattern, replacement in _LINE:
        line = pattern.sub(replacement, line, count=1)
    return line
