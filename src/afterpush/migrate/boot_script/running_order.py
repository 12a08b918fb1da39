"""In which order a script runs what is in it, and what of it only runs later.

SQL in a constant runs where the constant is used, and SQL in a function where that is called: the text's own
order says less. What is used nowhere (an exported function) stands for itself. What answers requests runs
when they come, not when the app starts.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.call_form import METHODS
from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, is_below, walk

if TYPE_CHECKING:
    from tree_sitter import Node

LOOPS = frozenset("forEach map reduce entries values flatMap filter slice".split())
_SAYING = ("console", "logger", "log")
_RUNNING = METHODS - {"raw", "unsafe"}
# A function that is given to one of these waits: `app.get("/orders", async (request, response) => ...)`.
_WAITING = frozenset(
    "get post put patch delete head options all use route ws createServer schedule setInterval test it "
    "describe".split()
)


class RunningOrder:
    """The moments at which the nodes of one script run, to sort by."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @cached_property
    def _named(self) -> "dict[str, list[Node]]":
        """Where each name is; `.name` for a method that is called on something else than this class."""
        found: dict[str, list[Node]] = {}
        for node in walk(self._source.root):
            name = self._source.text(node) if node.type.endswith("identifier") else ""
            if node.type in ("identifier", "shorthand_property_identifier") or self._is_own_method(node):
                found.setdefault(name, []).append(node)
            elif node.type == "property_identifier" and _is_called(node):
                found.setdefault(f".{name}", []).append(node)
        return found

    def _is_own_method(self, node: "Node") -> bool:
        above = node.parent if node.type == "property_identifier" else None
        owner = above.child_by_field_name("object") if above is not None else None
        return owner is not None and (self._source.text(owner) == "this" or self._is_class(owner))

    def _is_class(self, owner: "Node") -> bool:
        return owner.type == "identifier" and self._source.text(owner)[:1].isupper()

    def moment(self, node: "Node") -> tuple[int, ...]:
        """Byte offsets, from the outermost use inwards: two nodes run in the order of these."""
        return tuple(reversed([one.start_byte for one in self.path(node)]))

    def path(self, node: "Node") -> "list[Node]":
        """The node, where the function or the constant around it is used, where that is, and so on."""
        found = [node]
        seen: set[int] = set()
        holder = self.holder(node)
        while holder is not None and holder.id not in seen:
            seen.add(holder.id)
            use = next(iter(self.uses(holder)), None)
            if use is not None:
                found.append(use)
            holder = self.holder(use if use is not None else holder)
        return found

    def runs_later(self, node: "Node") -> bool:
        """Whether a node runs when something comes, and not when the app starts."""
        return any(map(self._is_later_here, self.path(node)))

    def _waits(self, node: "Node") -> bool:
        if node.type not in FUNCTIONS or node.parent is None or node.parent.type != "arguments":
            return False
        return self.is_given_to(node.parent, _WAITING)

    def is_given_to(self, arguments: "Node", names: frozenset[str]) -> bool:
        """Whether these are the arguments of a call of one of these names."""
        call = arguments.parent
        called = call.child_by_field_name("function") if call is not None else None
        return called is not None and self._source.text(called).rpartition(".")[2] in names

    def holder(self, node: "Node") -> "Node | None":
        """The named function that a node is in, or the constant that keeps it for later."""
        runs_here = False
        for above in ancestors(node):
            if above.type in FUNCTIONS:
                runs_here = False
                if above.child_by_field_name("name") is not None or is_member(above):
                    return above
            elif above.type == "variable_declarator" and not runs_here:
                return above
            runs_here = runs_here or above.type == "await_expression" or self._runs(above)
        return None

    def _runs(self, node: "Node") -> bool:
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        return called is not None and self._source.text(called).rpartition(".")[2] in _RUNNING

    def uses(self, holder: "Node") -> "list[Node]":
        """Where the name is called, looped over or handed on, else where it is at all; later ones last."""
        bound = holder.child_by_field_name("name")
        name = self._source.text(bound) if bound is not None else self._source.name_of(holder)
        named = self._named.get(name, [])
        scope = next((above for above in ancestors(holder) if above.type in _SCOPES), self._source.root)
        if holder.type == "method_definition" or is_member(holder):
            named = [] if is_member(holder) else named
            named, scope = named or self._named.get(f".{name}", []), self._source.root
        uses = [node for node in named if is_below(node, scope) and not is_below(node, holder)]
        running = [node for node in uses if self._is_running(node)]
        # `app.get("/orders", listOrders)` runs it later, as does a use in what waits.
        return sorted(running, key=self._is_later_here) or uses

    def _is_later_here(self, use: "Node") -> bool:
        is_given = use.parent is not None and use.parent.type == "arguments"
        is_handler = is_given and use.parent is not None and self.is_given_to(use.parent, _WAITING)
        return is_handler or any(map(self._waits, ancestors(use)))

    def _is_running(self, node: "Node") -> bool:
        """Whether something is done with the name here, other than saying or exporting it."""
        above = node.parent
        if above is not None and above.type == "member_expression":
            method = above.child_by_field_name("property")
            return method is None or method == node or self._source.text(method) in LOOPS
        for above in ancestors(node):
            if above.type == "call_expression":
                called = above.child_by_field_name("function")
                return called is None or not self._source.text(called).startswith(_SAYING)
            if above.type == "for_in_statement":
                body = above.child_by_field_name("body")
                return body is None or node.start_byte < body.start_byte
            if above.type in ("statement_block", "export_statement", "program"):
                return False
        return False


def _is_called(name: "Node") -> bool:
    called, call = name.parent, name.parent.parent if name.parent is not None else None
    return called is not None and call is not None and call.child_by_field_name("function") == called


def is_member(function: "Node") -> bool:
    """Whether a function is in an object: `{ up: async (db) => ... }`, `{ async up(db) { ... } }`."""
    return function.parent is not None and function.parent.type in ("pair", "object")


_SCOPES = ("statement_block", "class_body", "program")
