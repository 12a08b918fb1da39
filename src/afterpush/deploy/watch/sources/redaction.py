"""What sources say, without the secrets that it may repeat: a build's words, a connection string in an error.

It is done where facts come in, so that no state, log, result, history or document has to think of it.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec

from afterpush.digitalocean.deployment import Deployment, read_deployment

Redact = Callable[[str], str]


def hidden(value: Any, redact: Redact) -> Any:
    """The same fact, or part of one, with every text redacted but the name of its source, which is ours."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Deployment):
        return read_deployment(hidden(msgspec.to_builtins(value), redact))
    if isinstance(value, dict):
        return {name: hidden(inner, redact) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(hidden(inner, redact) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = {entry.name for entry in fields(value)} - {"source"}
        return replace(value, **{name: hidden(getattr(value, name), redact) for name in names})
    return value
