"""Reading the configuration of an app repository, `config/afterpush.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from afterpush.infra.configuration.settings import Settings
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text
from afterpush.infra.git.remotes import watched_by_default
from afterpush.infra.near import nearest
from afterpush.infra.yaml_data import yaml_document

CONFIG_PATH = Path("config/afterpush.yaml")
FILE_LIMIT = 1 << 20


def load_settings(root: Path) -> Settings:
    """The settings of the app repository at `root`; without a file, the defaults. Where no remote and no
    branch are configured, they are the only remote and its HEAD branch.

    Raises AfterpushError that names file, key path and the nearest valid key.
    """
    path = root / CONFIG_PATH
    tree: dict[Any, Any] = {}
    if path.exists():
        tree = _tree(read_text(path, "reading the configuration", limit=FILE_LIMIT), path)
    remote, branch = watched_by_default(root)
    usual = (("push", "remote", remote), ("push", "branch", branch), ("deploy", "branches", [branch]))
    for section, key, value in usual:
        entries = {} if tree.get(section) is None else tree[section]
        if isinstance(entries, dict) and entries.get(key) is None:
            tree[section] = entries | {key: value}
    return _settings(tree, path)


def parse_settings(text: str, path: Path) -> Settings:
    """Settings from YAML text; `path` is for the messages."""
    return _settings(_tree(text, path), path)


def _tree(text: str, path: Path) -> dict[Any, Any]:
    tree = yaml_document(text, str(path))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise AfterpushError(
            f"{path}: expected a mapping of sections (deploy:, push:, ...), found {_kind(tree)}"
        )
    return tree


def _settings(tree: dict[Any, Any], path: Path) -> Settings:
    unknown = _unknown_key(tree, Settings, "")
    if unknown:
        raise AfterpushError(f"{path}: {unknown}")
    try:
        return msgspec.convert(_as_meant(tree, Settings), Settings)
    except msgspec.ValidationError as error:
        raise AfterpushError(f"{path}: {_readable(str(error))}") from error


def settings_to_text(settings: Settings) -> str:
    """Settings for another process of ours; `settings_from_text` reads them without a YAML parser."""
    return msgspec.json.encode(settings).decode("utf-8")


def settings_from_text(text: str) -> Settings:
    """The settings that `settings_to_text` wrote. Raises AfterpushError for anything else."""
    try:
        return msgspec.json.decode(text, type=Settings)
    except msgspec.DecodeError as error:
        raise AfterpushError(f"reading the settings of the launching process: {error}") from error


def _kind(value: object) -> str:
    names = {
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "a mapping",
    }
    return names.get(type(value), type(value).__name__)


def _as_meant(value: object, kind: object) -> object:
    """A key that is written without a value means its default, and a bare `off` the word: YAML 1.1, which
    PyYAML reads, takes it for false."""
    if isinstance(value, dict):
        kinds: dict[str, object] = {}
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kinds = {entry.name: entry.type for entry in msgspec.structs.fields(kind)}
        return {key: _as_meant(inner, kinds.get(key)) for key, inner in value.items() if inner is not None}
    return "off" if value is False and "off" in get_args(kind) else value


def _unknown_key(tree: Mapping[Any, Any], shape: type[msgspec.Struct], prefix: str) -> str | None:
    fields = {entry.name: entry.type for entry in msgspec.structs.fields(shape)}
    for key, value in tree.items():
        if key not in fields:
            likely = nearest(str(key), fields, 0.5)
            hint = f"did you mean {prefix}{likely}?" if likely else f"valid here: {', '.join(fields)}"
            return f"unknown key {prefix}{key}; {hint}"
        inner = fields[key]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
            found = _unknown_key(value, inner, f"{prefix}{key}.")
            if found:
                return found
    return None


def _readable(message: str) -> str:
    """msgspec's `Expected `int`, got `str` - at `$.push.attempts`` with the key path in front."""
    said, separator, place = message.partition(" - at `$.")
    return f"{place.rstrip('`')}: {said}" if separator else message


def key_paths(shape: type[msgspec.Struct] = Settings, prefix: str = "") -> list[str]:
    """Every key path, in the order of the file: for the manual, and to prove that none is undocumented."""
    paths: list[str] = []
    for entry in msgspec.structs.fields(shape):
        inner = entry.type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            paths += key_paths(inner, f"{prefix}{entry.name}.")
        else:
            paths.append(f"{prefix}{entry.name}")
    return paths


def type_name(annotation: object) -> str:
    """The type of a key for people: `number`, `text`, `list of text`, `off | warn | block`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is not None and hasattr(annotation, "__metadata__"):
        return type_name(arguments[0])
    if str(origin) == "typing.Literal":
        return " | ".join(map(str, arguments))
    if origin is list:
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"mapping of {type_name(arguments[1])}"
    options = [option for option in arguments if option is not type(None)]
    if options and type(None) in arguments:
        return type_name(options[0])
    names: dict[object, str] = {str: "text", bool: "true or false", int: "whole number", float: "number"}
    return names.get(annotation, "mapping")
