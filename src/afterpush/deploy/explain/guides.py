"""The sections of the guide to failed deployments, which the package brings along."""

import difflib
import re
from importlib import resources

from afterpush.infra.errors import AfterpushError

_SECTION = re.compile(r"^## (\w+)\n(.+?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def guide(category: str) -> str:
    """What the guide says about a category. Raises AfterpushError when there is no such category."""
    text = (resources.files("afterpush") / "defaults" / "failure-guide.md").read_text(encoding="utf-8")
    sections = dict(_SECTION.findall(text))
    if category not in sections:
        near = difflib.get_close_matches(category, sections, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sections)}"
        raise AfterpushError(f"printing the guide: there is no category {category}; {hint}")
    return f"{category}\n\n{sections[category].strip()}"
