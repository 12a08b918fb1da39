"""How a boot script reaches its database: the handle, the method and the wrapping of its SQL."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.typescript import Source, is_below

if TYPE_CHECKING:
    from tree_sitter import Node

METHODS = frozenset(
    "execute query raw run exec unsafe $executeRaw $executeRawUnsafe $queryRaw $queryRawUnsafe".split()
)


@dataclass(frozen=True)
class CallForm:
    """`await HANDLE.METHOD(...)`, with SQL as a template (`tag`), in a call (`wrapper`), or as it is."""

    handle: str
    method: str
    tag: str = ""
    wrapper: str = ""

    @property
    def root(self) -> str:
        """The name that the handle begins with: `db` of `db!` and of `db.session`."""
        return re.split(r"[.!]", self.handle)[0]

    def runs_text(self) -> str:
        """How this script runs a text that it does not know: the steps are no literals of its own.

        db.execute(sql`...`)     ->  db.execute(sql.raw(text))
        prisma.$executeRaw`...`  ->  prisma.$queryRawUnsafe(text)
        db.execute("...")        ->  db.query(text), for what cannot be prepared
        """
        if self.method.startswith("$"):
            return f"{self.handle}.$queryRawUnsafe(text)"
        if self.tag:
            return f"{self.handle}.{self.method}({self.tag}.raw(text))"
        if self.wrapper:
            return f"{self.handle}.{self.method}({self.wrapper}(text))"
        return f"{self.handle}.{'query' if self.method == 'execute' else self.method}(text)"


def form_of(source: Source, node: "Node") -> CallForm | None:
    """The form of a call on a database handle."""
    if node.type != "call_expression":
        return None
    called, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if called is None or called.type != "member_expression" or arguments is None:
        return None
    handle, method = called.child_by_field_name("object"), called.child_by_field_name("property")
    if handle is None or method is None or source.text(method) not in METHODS:
        return None
    text = source.text(handle)
    if not re.fullmatch(r"[\w$.!]+", text) or text.split(".")[0] in ("console", "Promise", "JSON"):
        return None
    if arguments.type == "template_string":
        return CallForm(text, source.text(method))  # prisma.$executeRaw`...`
    first = (
        arguments.named_children[0] if arguments.type == "arguments" and arguments.named_children else None
    )
    if first is None:
        return None
    return CallForm(text, source.text(method), *_wrapping(source, first))


def _wrapping(source: Source, argument: "Node") -> tuple[str, str]:
    """The tag or the wrapping function around the SQL, each empty when there is none."""
    called = argument.child_by_field_name("function")
    if argument.type != "call_expression" or called is None:
        return "", ""
    inner = argument.child_by_field_name("arguments")
    if inner is not None and inner.type == "template_string":
        return source.text(called), ""
    return "", source.text(called)


def commonest(source: Source, uses: Sequence[tuple["Node", CallForm]], sql: Sequence["Node"]) -> CallForm:
    """The form in which the script runs most of its SQL."""
    counts: dict[CallForm, int] = {}
    for node, form in uses:
        weight = 10 if any(is_below(own, node) for own in sql) else 1
        counts[form] = counts.get(form, 0) + weight
    return max(counts, key=lambda form: counts[form])
