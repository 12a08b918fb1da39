"""The fields of an app spec with types, values and bounds, from `platform.json`, which names its sources."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PLAIN: Final = ("text", "whole", "number", "truth")


@dataclass(frozen=True)
class Field:
    """One field. `type` is text, whole, number, truth, list or mapping; `items` the type or shape inside.

    `form` is a pattern that `words` describe. `instead` replaces a deprecated field. `is_known_to_doctl`:
    the official client's types have it, so that doctl and the deploy action take it.
    """

    type: str
    items: str = ""
    least: int | None = None
    most: int | None = None
    default: int | None = None
    values: tuple[str | int, ...] = ()
    form: str = ""
    words: str = ""
    is_required: bool = False
    is_secret: bool = False
    only_warns: bool = False
    instead: str = ""
    is_known_to_doctl: bool = True


Shape = Mapping[str, Field]


class Platform:
    """The facts of `platform.json`."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._types = told["types"]
        self._told = told["shapes"]
        self.sources: Mapping[str, list[str]] = told["sources"]
        self.components: Mapping[str, str] = told["components"]
        self.variables: Mapping[str, list[str]] = told["variables"]
        self.single_instance_sizes: list[str] = told["single_instance_sizes"]
        self.shapes: Mapping[str, Shape] = {name: self._shape(name) for name in self._told}
        rules = [shape["rule"].values for name, shape in self.shapes.items() if name.endswith("_alert")]
        self.alert_rules = {rule for some in rules for rule in some}

    def _shape(self, name: str) -> Shape:
        fields: dict[str, Field] = {}
        for key, told in self._told[name].items():
            if key == "+":
                for other in told:
                    fields |= self._shape(other)
            else:
                fields[key] = self._field({"type": told} if isinstance(told, str) else told)
        return fields

    def _field(self, told: Mapping[str, Any]) -> Field:
        kind = told["type"]
        if kind in self._types:
            return self._field(self._types[kind] | {key: told[key] for key in told if key != "type"})
        items = kind[1:-1] if kind[0] in "[{" else ""
        return Field(
            "list" if kind[0] == "[" else "mapping" if kind[0] == "{" else kind,
            items,
            told.get("least"),
            told.get("most"),
            told.get("default"),
            values=tuple(told.get("values", ())),
            form=told.get("form", ""),
            words=told.get("words", ""),
            is_required="required" in told,
            is_secret="secret" in told,
            only_warns="only_warn" in told,
            instead=told.get("instead", ""),
            is_known_to_doctl=told.get("from") != "openapi",
        )

    def item_field(self, field: Field) -> Field | None:
        """What one item of a list has to be; None where it is a mapping of the shape `items`."""
        if field.items in _PLAIN or field.items in self._types:
            return self._field({"type": field.items})
        return None


@functools.cache
def platform() -> Platform:
    """The facts, read once."""
    return Platform(json.loads(Path(__file__).with_name("platform.json").read_bytes()))


def health_check_fields(*, is_liveness: bool = False) -> Shape:
    """The fields of `health_check` or `liveness_health_check`."""
    return platform().shapes["liveness_health_check" if is_liveness else "health_check"]
