"""`${component.KEY}`: is there such a component, and does it have such a variable?

What the platform cannot fill in reaches the container as it is written, and no deployment fails for it.
"""

from collections.abc import Iterator, Mapping

from afterpush.appspec.schema import platform
from afterpush.appspec.spec import AppSpec
from afterpush.appspec.templates import BINDABLE, has_template
from afterpush.appspec.validate.problems import SpecProblem, warning
from afterpush.appspec.yaml_tree import Kind, Node
from afterpush.infra.near import nearest

# What Kafka and OpenSearch clusters offer is listed nowhere in full.
_OPEN_ENGINES = ("KAFKA", "OPENSEARCH")


def reference_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """Every reference to a component or a variable that there is not."""
    known = _known(spec)
    if any(has_template(name) for name in known):
        return  # Names that are filled in later can be anything.
    for component in spec.components:
        yield from _problems(component.node, known | {"_self": known[component.name]})
    for item in spec.node.children("envs"):
        yield from _problems(item, known)


def _known(spec: AppSpec) -> dict[str, tuple[str, set[str]]]:
    """Name -> (kind, the variables that can be named; none: all)."""
    known: dict[str, tuple[str, set[str]]] = {}
    for name, node in spec.databases:
        is_open = node.text("engine") in _OPEN_ENGINES
        known[name] = "database", set() if is_open else set(platform().variables["database"])
    for component in spec.components:
        own = {variable.key for variable in [*component.variables, *spec.own_variables]}
        known[component.name] = component.kind, own | set(platform().variables[component.kind])
    return known


def _problems(node: Node, known: Mapping[str, tuple[str, set[str]]]) -> Iterator[SpecProblem]:
    for scalar in texts(node):
        for found in BINDABLE.finditer(scalar.real.raw):
            name, key = found[1], found[2].rpartition(".")[2]
            if name not in known:
                close = nearest(name, known, cutoff=0.5)
                names = ", ".join(one for one in known if one != "_self")
                cure = f"did you mean {close}? " if close else ""
                message = f"{found[0]} names {name}, which is no component or database of this spec"
                yield warning(scalar, f"{message}: it stays as it is written", f"{cure}there are: {names}")
            elif known[name][1] and key not in known[name][1] and _is_meant(key, known[name]):
                kind, keys = known[name]
                close = nearest(key.upper(), keys, cutoff=0.4)
                message = f"{found[0]}: the {kind.replace('_', ' ')} {name} has no variable {key}"
                cure = f"did you mean {close}? " if close else ""
                yield warning(scalar, message, f"{cure}there are: {', '.join(platform().variables[kind])}")


def _is_meant(key: str, target: tuple[str, set[str]]) -> bool:
    """Whether a variable can only be a mistake: a component may have more of its own than we see."""
    kind, keys = target
    if kind == "database":
        return True
    others = {name for names in platform().variables.values() for name in names}
    return key.upper() in others or nearest(key.upper(), keys & others, cutoff=0.8) is not None


def texts(node: Node) -> Iterator[Node]:
    """Every text below a node."""
    if node.real.kind is Kind.SCALAR and isinstance(node.real.value, str):
        yield node
    for _, value in node.entries().values() if node.is_mapping else ():
        yield from texts(value)
    for item in node.children():
        yield from texts(item)
