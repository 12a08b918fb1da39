"""YAML that others wrote, as plain data."""

from functools import cache
from typing import Any

from afterpush.infra.errors import AfterpushError

# What a file may stand for once its aliases are written out: a few kilobytes of them can stand for years.
_MOST_VALUES = 100_000


def load_yaml(text: str) -> Any:
    """The document's data: YAML 1.1 without tags of Python's, and without numbers to the base of 60.

    Such a number is a text: to compute a long `1:1:1` takes the square of its length. Raises yaml.YAMLError,
    ValueError (a date that does not exist, aliases that stand for too much, a NUL) and RecursionError.
    """
    import yaml

    tree = yaml.load(text, Loader=_loader())
    _require_plain(tree)
    return tree


def yaml_document(text: str, name: str) -> Any:
    """The same. Raises AfterpushError that names the file, and the line at which it is no YAML any more."""
    import yaml

    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise AfterpushError(f"{name}{where}: not valid YAML: {problem}") from error
    except (ValueError, RecursionError) as error:
        raise AfterpushError(f"{name}: not valid YAML: {str(error) or 'nested too deeply'}") from error


def fast_loader() -> Any:
    """The safe loader of libyaml, else PyYAML's own: for who reads events or nodes."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _require_plain(tree: object) -> None:
    """Raises ValueError for a tree that nobody wrote so: walked as if nothing in it were shared it is too
    large, or a text in it holds a NUL, which is in no path, name or command."""
    waiting, seen = [tree], 0
    while waiting:
        value = waiting.pop()
        inner = (
            [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
        )
        seen += 1 + len(inner)
        waiting += inner
        if seen > _MOST_VALUES:
            raise ValueError("its aliases stand for too much; write out what you mean")
        if isinstance(value, str) and "\0" in value:
            raise ValueError("a text in it holds the character NUL; take it out")


@cache
def _loader() -> Any:
    class Loader(fast_loader()):  # type: ignore[misc]
        pass

    def number(loader: Any, node: Any) -> Any:
        if ":" in node.value:
            return node.value
        is_int = node.tag == "tag:yaml.org,2002:int"
        return loader.construct_yaml_int(node) if is_int else loader.construct_yaml_float(node)

    for kind in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", number)
    return Loader
