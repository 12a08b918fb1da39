"""HTML that is escaped unless it is HTML already: commit messages and authors are hostile input."""

import html
import re
from collections.abc import Iterable

# Control characters, and those that turn the direction of the text around them (CVE-2021-42574).
_UNSHOWN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_VOID = frozenset({"meta", "br", "hr", "col"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Markup | None


def text(value: object) -> Markup:
    """Any value as HTML text, also fit for an attribute."""
    return value if isinstance(value, Markup) else Markup(html.escape(_UNSHOWN.sub("", str(value))))


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """An element. `class_` is class, `aria_label` is aria-label; an attribute that is None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Children one after another, escaped where they are plain text."""
    return Markup("".join(text(child) for child in children if child is not None))
