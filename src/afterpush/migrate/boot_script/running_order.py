"""In which order a script runs what is in it.

SQL in a constant runs where the constant is used, and SQL in a function where that is called: the text's own
order says less. What is used nowhere (an exported function) stands for itself.
"""

from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.call_form import METHODS
from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, is_below, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOPS = frozenset("forEach map reduce entries values flatMap filter slice".split())
_SAYING = ("console", "logger", "log")
_RUNNING = METHODS - {"raw", "unsafe"}


class RunningOrder:
    """The moments at which the nodes of one script run, to sort by."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._named: dict[str, list[Node]] = {}
        for node in walk(source.root):
            if node.type in ("identifier", "shorthand_property_identifier") or self._is_own_method(node):
                self._named.setdefault(source.text(node), []).append(node)

    def _is_own_method(self, node: "Node") -> bool:
        above = node.parent if node.type == "property_identifier" else None
        return above is not None and self._source.text(above).startswith("this.")

    def moment(self, node: "Node") -> tuple[int, ...]:
        """Byte offsets, from the outermost use inwards: two nodes run in the order of these."""
        offsets = [node.start_byte]
        seen: set[int] = set()
        holder = self._holder(node)
        while holder is not None and holder.id not in seen:
            seen.add(holder.id)
            use = self._use(holder)
            if use is not None:
                offsets.append(use.start_byte)
            holder = self._holder(use if use is not None else holder)
        return tuple(reversed(offsets))

    def _holder(self, node: "Node") -> "Node | None":
        """The named function that a node is in, or the constant that keeps it for later."""
        runs_here = False
        for above in ancestors(node):
            if above.type in FUNCTIONS:
                runs_here = False
                if above.child_by_field_name("name") is not None:
                    return above
            elif above.type == "variable_declarator" and not runs_here:
                return above
            runs_here = runs_here or above.type == "await_expression" or self._runs(above)
        return None

    def _runs(self, node: "Node") -> bool:
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        return called is not None and self._source.text(called).rpartition(".")[2] in _RUNNING

    def _use(self, holder: "Node") -> "Node | None":
        """Where the name is used first: where it is called, looped over or handed on, else anywhere."""
        name = holder.child_by_field_name("name")
        named = self._named.get(self._source.text(name), []) if name is not None else []
        scope = next((above for above in ancestors(holder) if above.type in _SCOPES), self._source.root)
        uses = [node for node in named if is_below(node, scope) and not is_below(node, holder)]
        running = [node for node in uses if self._is_running(node)]
        return next(iter(running or uses), None)

    def _is_running(self, node: "Node") -> bool:
        """Whether something is done with the name here, other than saying or exporting it."""
        above = node.parent
        if above is not None and above.type == "member_expression":
            method = above.child_by_field_name("property")
            return method is None or method == node or self._source.text(method) in _LOOPS
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


_SCOPES = ("statement_block", "class_body", "program")
