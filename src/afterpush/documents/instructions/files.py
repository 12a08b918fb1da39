"""Which files of a repository instruct agents, and people."""

import re
from collections.abc import Iterable

# The formats' pages as of 2026-11: agents.md; code.claude.com/docs (memory, skills, slash commands);
# geminicli.com/docs (GEMINI.md); cursor.com/docs/context/rules; docs.github.com (custom instructions).
_FOR_AGENTS = re.compile(
    r"(?:^|/)(?:AGENTS(?:\.override)?|CLAUDE(?:\.local)?|GEMINI)\.md$"
    r"|(?:^|/)\.cursor/rules/.+\.mdc?$|(?:^|/)\.cursor/commands/.+\.md$|(?:^|/)\.(?:cursorrules"
    r"|windsurfrules|clinerules)$"
    r"|(?:^|/)\.github/(?:copilot-instructions\.md|instructions/.+\.md|prompts/.+\.md|agents/.+\.md)$"
    r"|(?:^|/)\.(?:claude|codex|agents|gemini)/(?:skills|commands|agents|rules)/.+\.md$"
)


def for_agents(files: Iterable[str]) -> list[str]:
    """The files that coding agents read as instructions, sorted."""
    return sorted(path for path in files if _FOR_AGENTS.search(path))


# What was true on its day: a record of it is not wrong because the repository has moved on.
_RECORD = re.compile(
    r"(?:^|/)(?:adrs?|decisions?|archived?|history|sessions?|plans?|specs?|rfcs?|proposals?|journal"
    r"|reports?|reviews?"
    r"|superpowers|releases?|blog|roadmaps?)/|(?:changelog|history|roadmap|release.?notes|backlog|todo)[^/]*$"
    r"|(?:19|20)\d\d-?\d\d",
    re.IGNORECASE,
)


def is_record(path: str) -> bool:
    """Whether a document tells what was done or decided once, by its name or its folder."""
    return _RECORD.search(path) is not None
