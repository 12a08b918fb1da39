"""An explanation as text for a terminal, and short for machines; the guide to each kind of failure."""

import dataclasses
import json
import re
from importlib import resources
from typing import Any

from afterpush.deploy.explain.answer import Explanation
from afterpush.deploy.explain.line_prefix import body
from afterpush.infra.errors import AfterpushError
from afterpush.infra.near import near

MOST_BYTES = 900
_SECTION = re.compile(r"^## (\w+)\n(.+?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_CUT_FIRST = ("evidence", "title", "hint", "root_line")


def document(found: Explanation) -> dict[str, Any]:
    """All that is known, for JSON; the root line is there as `line` too."""
    return {**dataclasses.asdict(found), "root_line": found.root_line}


def brief_document(found: Explanation) -> dict[str, Any]:
    """What a machine needs in at most 900 bytes of JSON."""
    brief = {
        "category": found.category,
        "title": found.title,
        "root_line": body(found.root_line).strip(),
        "line_number": found.line_number,
        "component": found.component,
        "confidence": found.confidence,
        "evidence": found.evidence[-1] if found.evidence else None,
        "hint": found.hint,
        "guide": found.guide,
    }
    for key in _CUT_FIRST:
        over = len(json.dumps(brief, indent=2).encode()) - MOST_BYTES
        if over > 0 and brief[key]:
            brief[key] = _shortened(str(brief[key]), over)
    return brief


def brief_text(found: Explanation) -> str:
    """The same for people: category, root line, what to do, in at most 900 bytes."""
    lines = short_explanation(found)
    over = len("\n".join(lines).encode()) - MOST_BYTES
    return "\n".join([lines[0], _shortened(lines[1], over), *lines[2:]] if over > 0 else lines)


def _shortened(text: str, bytes_over: int) -> str:
    kept = len(text.encode()) - bytes_over - len("…".encode()) - 3
    return text.encode()[: max(0, kept)].decode("utf-8", "ignore") + "…" if kept > 20 else ""


def explanation_text(found: Explanation) -> str:
    """The category and its meaning, the root line among its neighbours, what to do, where to read on."""
    lines = [heading(found)]
    if found.excerpt and found.category:
        lines += ["", f"  {_place(found)}:"]
        lines += [f"  {'>' if line == found.line else ' '} {line}".rstrip() for line in found.excerpt]
    if found.category:
        lines += ["", f"what to do: {found.hint}"]
    if found.symptoms:
        lines.append(f"also seen: {', '.join(found.symptoms)}")
    return "\n".join([*lines, f"guide: {found.guide}"] if found.category else lines)


def heading(found: Explanation) -> str:
    """The category with what it means; of a log without a failure only that."""
    return f"{found.category}: {found.title}" if found.category else found.title


def _place(found: Explanation) -> str:
    """Where the root line is. Without a number it is the platform's, or no line looked like a fault."""
    if found.line_number:
        return f"line {found.line_number}"
    return "the platform says" if found.signature else "the last lines"


def short_explanation(found: Explanation) -> list[str]:
    """The lines with which a failed watch ends: category, root line, hint, guide."""
    lines = [f"why: {heading(found)}"]
    if found.line:
        lines.append(f"  {body(found.line).strip()}")
    return [*lines, f"what to do: {found.hint}", f"guide: {found.guide}"]


def guide(category: str) -> str:
    """What the guide says about a category. Raises AfterpushError when there is no such category."""
    text = (resources.files("afterpush") / "defaults" / "failure-guide.md").read_text(encoding="utf-8")
    sections = dict(_SECTION.findall(text))
    if category not in sections:
        hint = near(category, sections, 0.4) or f"; there are {', '.join(sections)}"
        raise AfterpushError(f"printing the guide: there is no category {category}{hint}")
    return f"{category}\n\n{sections[category].strip()}"
