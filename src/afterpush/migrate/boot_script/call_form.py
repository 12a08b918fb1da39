"""How a boot script runs its SQL: on which handle, and what it writes around the text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, is_below

if TYPE_CHECKING:
    from tree_sitter import Node

METHODS = frozenset(
    "execute query raw run exec unsafe $executeRaw $executeRawUnsafe $queryRaw $queryRawUnsafe".split()
)
# `db`, `this.pool`, `db!.session`, `getPool()`, `(await getDb())`; nothing that says or counts.
_HANDLE = re.compile(
    r"(?!(?:console|Promise|JSON|logger|log)\b)(?:\(await [\w$.]+(?:\(\))?\)|[\w$]+)(?:!|\.[\w$]+|\(\))*"
)


@dataclass(frozen=True)
class CallForm:
    """How SQL is run: `before` it and `after` it, as the script writes a text of its own there.

    `handle` is what is called or whose method it is; `is_optional` where it may be missing (`db?.query`).
    """

    handle: str
    before: str
    after: str = ")"
    is_optional: bool = False

    @property
    def root(self) -> str:
        """The name that the handle begins with: `db` of `db!`, of `db.session` and of `(await db())`."""
        return re.split(r"[^\w$]", self.handle.removeprefix("(await "))[0]

    def on(self, handle: str) -> "CallForm":
        """The same on another handle."""
        before, after = (
            re.sub(rf"\b{re.escape(self.handle)}\b", handle, one) for one in (self.before, self.after)
        )
        return CallForm(handle, before, after, self.is_optional)

    def runs(self, text: str) -> str:
        """How this script runs a text that it does not know: the steps are no literals of its own.

        db.execute(sql`...`)     ->  db.execute(sql.raw(text))
        prisma.$executeRaw`...`  ->  prisma.$queryRawUnsafe(text)
        sql`...`.execute(db)     ->  sql.raw(text).execute(db)
        db.execute("...")        ->  db.query(text), for what cannot be prepared
        """
        return f"{self.before}{text}{self.after}"


def form_of(source: Source, node: "Node", sql: Sequence["Node"]) -> CallForm | None:
    """The form of a call that runs SQL: on a handle by one of the usual names, or with `sql` given to it."""
    if node.type != "call_expression":
        return None
    called, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if called is None or arguments is None:
        return None
    if called.type != "member_expression":
        is_run = called.type == "identifier" and _first(arguments) in sql and not _is_own(source, called)
        return CallForm(source.text(called), f"{source.text(called)}(") if is_run else None
    handle, method = called.child_by_field_name("object"), called.child_by_field_name("property")
    if handle is None or method is None:
        return None
    if source.text(method) == "execute" and (tagged := _tag(source, handle)):
        return _on_text(source, tagged, arguments)
    is_run = source.text(method) in METHODS or _first(arguments) in sql
    if source.text(handle) == "this" and source.text(method) in source.methods:
        return None
    if not (is_run and _HANDLE.fullmatch(source.text(handle))):
        return None
    return _on_handle(source, handle, source.text(method), _first(arguments), sql)


def _is_own(source: Source, name: "Node") -> bool:
    """Whether this file defines the function: then what it does with the text is seen there."""
    made = source.declaration(name, source.text(name))
    value = made.child_by_field_name("value") if made is not None else None
    return made is not None and (value if value is not None else made).type in FUNCTIONS


def _on_text(source: Source, tag: str, arguments: "Node") -> CallForm | None:
    """Kysely: sql`...`.execute(db)."""
    first = _first(arguments)
    if first is None or not _HANDLE.fullmatch(handle := source.text(first)):
        return None
    return CallForm(handle, f"{tag}.raw(", f").execute({handle})")


def _on_handle(
    source: Source, node: "Node", method: str, first: "Node | None", sql: Sequence["Node"]
) -> CallForm | None:
    handle = source.text(node)
    is_optional = node.next_sibling is not None and source.text(node.next_sibling) == "?."
    if method.startswith("$"):
        return CallForm(handle, f"{handle}.$queryRawUnsafe(", is_optional=is_optional)
    if first is None:
        return None
    if tag := _tag(source, first):
        return CallForm(handle, f"{handle}.{method}({tag}.raw(", "))", is_optional)
    wrapper = first.child_by_field_name("function") if first.type == "call_expression" else None
    given = first.child_by_field_name("arguments") if wrapper is not None else None
    name = source.text(wrapper) if wrapper is not None else ""
    if given is not None and (_first(given) in sql or name.endswith((".raw", ".unsafe"))):
        return CallForm(handle, f"{handle}.{method}({name}(", "))", is_optional)
    return CallForm(
        handle, f"{handle}.{'query' if method == 'execute' else method}(", is_optional=is_optional
    )


def _first(arguments: "Node") -> "Node | None":
    given = arguments.named_children if arguments.type == "arguments" else []
    return next((node for node in given if node.type != "comment"), None)


def _tag(source: Source, node: "Node") -> str:
    """The tag of a tagged template; empty for anything else."""
    called, template = (node.child_by_field_name(name) for name in ("function", "arguments"))
    is_tagged = template is not None and template.type == "template_string"
    return source.text(called) if is_tagged and called is not None else ""


def commonest(source: Source, uses: Sequence[tuple["Node", CallForm]], sql: Sequence["Node"]) -> CallForm:
    """The form in which the script runs most of its SQL."""
    counts: dict[CallForm, int] = {}
    for node, form in uses:
        weight = 10 if any(is_below(own, node) for own in sql) else 1
        counts[form] = counts.get(form, 0) + weight
    return max(counts, key=lambda form: counts[form])
