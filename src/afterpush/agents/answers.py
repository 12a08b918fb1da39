"""What a tool answers: a verdict with its reason and what to do next, small enough for an agent to read.

Sentences of the platform and of logs are data: control characters and secrets are taken out, and what is
cited is between quotation marks.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from afterpush.infra.printable import one_line

MOST_BYTES = 900
_ENVELOPE_BYTES = 70  # What the protocol puts around an answer: `{"jsonrpc":"2.0","id":12,"result":...}`.
# So many characters of each are worth more than the rest of the others.
_KEPT = {"message": 90, "why": 180, "what_to_do": 100}
_LEAST = 20
GOOD = "good"


@dataclass(frozen=True)
class Live:
    """What production runs; `since` is RFC 3339, both are null where the platform does not tell."""

    sha: str | None
    since: str | None


@dataclass(frozen=True)
class Answer:
    """One answer. `code` is `good`, or the word of the exit code that the task would have ended with."""

    verdict: str | None
    sha: str | None
    message: str
    why: str | None
    what_to_do: str
    live: Live | None
    code: str
    is_error: bool = False
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def structured(self) -> dict[str, Any]:
        """The keys of the output schema; `detail` only where it was asked for."""
        document = asdict(self)
        del document["is_error"]
        if not self.detail:
            del document["detail"]
        return document

    @property
    def text(self) -> str:
        """The same in plain words."""
        first = f"{self.verdict.upper()}: {self.message}" if self.verdict else self.message
        return f"{first}\n{self.what_to_do}" if self.what_to_do else first


def cleaned(answer: Answer, redact: Callable[[str], str]) -> Answer:
    """The answer in lines that are safe to show, without secrets."""

    def clean(text: str) -> str:
        return redact(one_line(text))

    return replace(
        answer,
        message=clean(answer.message),
        why=clean(answer.why) if answer.why else None,
        what_to_do=clean(answer.what_to_do),
        detail=_cleaned(answer.detail, redact),
    )


def _cleaned(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(one_line(value, keep_spaces=True))
    if isinstance(value, dict):
        return {name: _cleaned(one, redact) for name, one in value.items()}
    return [_cleaned(one, redact) for one in value] if isinstance(value, list | tuple) else value


def fitted(answer: Answer, most_bytes: int = MOST_BYTES) -> Answer:
    """The answer with its sentences cut so that both of its forms together have at most so many bytes."""
    while not answer.detail and (over := _size(answer) + _ENVELOPE_BYTES - most_bytes) > 0:
        name = max(_KEPT, key=lambda name: len(getattr(answer, name) or "") - _KEPT[name])
        text = getattr(answer, name) or ""
        if len(text) < _LEAST:
            return answer
        # What is in both forms counts twice.
        cut: dict[str, Any] = {name: _shortened(text, over if name == "why" else (over + 1) // 2)}
        answer = replace(answer, **cut)
    return answer


def _size(answer: Answer) -> int:
    content = [{"type": "text", "text": answer.text}]
    result = {"content": content, "structuredContent": answer.structured, "isError": answer.is_error}
    return len(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _shortened(text: str, by_bytes: int) -> str:
    """At least one character less, and not much more than the bytes: characters may have several."""
    kept = text[: max(_LEAST // 2, len(text) - max(2, by_bytes // 2) - 1)]
    return kept.rstrip(" .…") + "…"
