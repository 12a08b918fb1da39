"""What sources say, without the secrets that it may repeat: a build's words, a connection string in an error.

It is done where facts come in, so that no state, log, result, history or document has to think of it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, RolledBack, Seen, Serving, Silence
from afterpush.digitalocean.deployment import Deployment, read_deployment

Redact = Callable[[str], str]


def hidden(fact: Fact, redact: Redact) -> Fact:
    """The same fact with every text of somebody else's making redacted."""
    match fact:
        case Seen() | RolledBack():
            return replace(fact, deployment=_deployment(fact.deployment, redact))
        case Serving(deployment=Deployment() as deployment):
            return replace(fact, deployment=_deployment(deployment, redact))
        case Silence():
            return replace(fact, failures=tuple(map(redact, fact.failures)))
        case Inconclusive():
            return replace(fact, detail=redact(fact.detail))
        case NotYet():
            return replace(fact, never=_text(fact.never, redact), doubt=_text(fact.doubt, redact))
        case _:
            return fact


def _text(text: str | None, redact: Redact) -> str | None:
    return redact(text) if text else text


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
