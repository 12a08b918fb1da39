"""The parts of a file that undo: left out, for a history only goes up.

Marks, from the tools' manuals: goose (`-- +goose Up`), sql-migrate (`-- +migrate Up`), micrate, dbmate (`--
migrate:up`), Play (`# --- !Ups`), node-pg-migrate (`-- Up Migration`), MyBatis (`-- //@UNDO`).
"""

import re
from itertools import pairwise

# A word alone in its line is a mark where the file has both of them, up first; else it is a remark.
_DIRECTION = re.compile(
    r"""^[ \t]*(?:
        --[ \t]*(?:\+(?:goose|migrate|micrate)[ \t]+|migrate:)(?P<tool>up|down)\b.*
        | --[ \t]*//[ \t]*@(?P<undo>undo)\b.*
        | (?:--|\#)[ \t!#=*-]*(?P<word>up|down)s?(?:[ \t]+migration)?[ \t=*-]*
    )$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def up_part(text: str) -> str:
    """The text with every line of a down part made empty, so that line numbers stay.

    -- migrate:up
    CREATE TABLE a (id INT);
    -- migrate:down
    DROP TABLE a;             <- this line is empty in the result
    """
    marks = list(_DIRECTION.finditer(text))
    words = [mark["word"].lower() for mark in marks if mark["word"]]
    if words[:1] != ["up"] or "down" not in words:
        marks = [mark for mark in marks if not mark["word"]]
    bounds = [0, *(mark.start() for mark in marks), len(text)]
    # Before a first mark that leads down, all is down, too; but MyBatis marks the way up by nothing.
    is_down = [bool(marks) and (marks[0]["tool"] or "").lower() == "down"]
    is_down += [bool(mark["undo"]) or (mark["tool"] or mark["word"]).lower() == "down" for mark in marks]
    return "".join(
        re.sub(r"[^\n]", "", text[begin:end]) if down else text[begin:end]
        for (begin, end), down in zip(pairwise(bounds), is_down, strict=True)
    )
