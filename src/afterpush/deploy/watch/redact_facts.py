"""What sources say, without the secrets that it may repeat: a build's words, a connection string in an error.

It is done where facts come in, so that no state, log, result, history or document has to think of it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, Seen, Silence
from afterpush.digitalocean.deployment import Deployment, read_deployment

Redact = Callable[[str], str]


def hidden(fact: Fact, redact: Redact) -> Fact:
    """The same fact with every text of somebody else's making redacted."""
    match fact:
        case Seen():
            return replace(fact, deployment=_deployment(fact.deployment, redact))
        case Silence():
            return replace(fact, failures=tuple(map(redact, fact.failures)))
        case Inconclusive():
            return replace(fact, detail=redact(fact.detail))
        case NotYet(never=str() as never):
            return replace(fact, never=redact(never))
        case _:
            return fact


def _deployment(deployment: Deployment, redact: Redact) -> Deployment:
    return read_deployment(_texts(msgspec.to_builtins(deployment), redact))


def _texts(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _texts(inner, redact) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(inner, redact) for inner in value]
    return value
