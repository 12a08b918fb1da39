"""Every configuration key with its meaning, from the documented example and the schema."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(r"^(?P<indent> *)(?P<name>[a-z_]+):(?P<value>.*)$")


@dataclass(frozen=True)
class Key:
    """A key: its dotted path, its type in words, its default (empty: unset), its meaning."""

    path: str
    type: str
    default: str
    meaning: str


def documented_keys(text: str) -> list[Key]:
    """The keys of the schema; meanings are the comments of the documented example `text`.

    A comment counts for the keys below it until the next comment, and for the keys inside of its key.
    """
    import msgspec

    from afterpush.infra.configuration.config import key_paths
    from afterpush.infra.configuration.settings import Settings

    meanings = dict(_comments(text))
    defaults = msgspec.to_builtins(Settings())
    types = dict(_types(Settings, ""))
    return [
        Key(path, types[path], _default(_inside(defaults, path)), meanings.get(path, ""))
        for path in key_paths()
    ]


def _comments(text: str) -> Iterator[tuple[str, str]]:
    """The key paths of the example with the comment that counts for each."""
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    said: dict[int, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("#").strip())
        elif not stripped:
            comment = []
        elif found := _KEY.match(line):
            depth = len(found["indent"])
            path = [entry for entry in path if entry[0] < depth] + [(depth, found["name"])]
            said = {level: words for level, words in said.items() if level <= depth}
            if comment:
                said[depth] = " ".join(comment)
            elif depth not in said and path[:-1]:
                said[depth] = said.get(path[-2][0], "")
            yield ".".join(name for _, name in path), said.get(depth, "")
            comment = []


def _types(shape: type[Any], prefix: str) -> Iterator[tuple[str, str]]:
    import msgspec

    from afterpush.infra.configuration.config import type_name

    for entry in msgspec.structs.fields(shape):
        if isinstance(entry.type, type) and issubclass(entry.type, msgspec.Struct):
            yield from _types(entry.type, f"{prefix}{entry.name}.")
        else:
            yield prefix + entry.name, type_name(entry.type)


def _inside(tree: Any, path: str) -> Any:
    for name in path.split("."):
        tree = tree[name]
    return tree


def _default(value: Any) -> str:
    """A default as it is written in YAML; empty when there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) and value else json.dumps(value)
