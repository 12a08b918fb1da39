"""Blocks of a text between two marks."""

import re
from collections.abc import Iterator
from typing import AnyStr


def marked_blocks(
    text: AnyStr, begins: re.Pattern[AnyStr], ends: re.Pattern[AnyStr]
) -> Iterator[tuple[re.Match[AnyStr], re.Match[AnyStr]]]:
    """What begins and ends each block, in order. One look from each place on: where no end follows, none
    follows later, however many begin.
    """
    at = 0
    while (begin := begins.search(text, at)) and (end := ends.search(text, begin.end())):
        yield begin, end
        at = end.end()
