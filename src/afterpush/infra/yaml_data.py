"""YAML that others wrote, as plain data."""

from functools import cache
from typing import Any


def load_yaml(text: str) -> Any:
    """The document's data: YAML 1.1 without tags of Python's, and without numbers to the base of 60.

    Such a number is a text: to compute a long `1:1:1` takes the square of its length. Raises yaml.YAMLError,
    ValueError (a date that does not exist) and RecursionError.
    """
    import yaml

    return yaml.load(text, Loader=_loader())


@cache
def _loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    def number(loader: Any, node: Any) -> Any:
        if ":" in node.value:
            return node.value
        is_int = node.tag == "tag:yaml.org,2002:int"
        return loader.construct_yaml_int(node) if is_int else loader.construct_yaml_float(node)

    for kind in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", number)
    return Loader
